"""Plot the two numbers of the autoencoder by cell type: `python examples/autoencoder_map/plot_map.py MAP.tsv OUT.svg`.

MAP.tsv comes from `exapt embed runs/autoencoder.map pbmc_facs -o MAP.tsv`; the types come from the card.
"""

import sys
from pathlib import Path

import pandas as pd
from matplotlib.figure import Figure

from exapt.core.config import DataConfig
from exapt.data.loading import load


def main(table: Path, figure: Path) -> None:
    """One dot a cell, one colour a type, the type's name at its median."""
    cells = load(DataConfig(name="pbmc_facs")).table
    types = pd.Series(cells.frame["cell_type"].to_numpy(), index=cells.ids())
    points = pd.read_csv(table, sep="\t", index_col="id")
    sheet = Figure(figsize=(8, 6), layout="constrained")
    axes = sheet.subplots()
    for number, (name, rows) in enumerate(points.groupby(types.reindex(points.index))):
        axes.scatter(rows["e0"], rows["e1"], s=5, alpha=0.6, color=f"C{number}", label=name)
        axes.annotate(str(name), rows[["e0", "e1"]].median(), ha="center", fontsize=8)
    axes.set(xlabel="code 1", ylabel="code 2", title="Sorted blood cells in two numbers (types were not used)")
    axes.legend(markerscale=3, fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    sheet.savefig(figure)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
