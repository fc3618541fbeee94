"""Plot the two numbers of the autoencoder by cell type: `python examples/autoencoder_map/plot_map.py MAP.tsv OUT.svg`.

MAP.tsv comes from `exapt embed runs/autoencoder.map pbmc_facs -o MAP.tsv`; the types come from the card. It also prints
how well the 15 nearest cells on the map tell the type, and the same for the first two principal components.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from exapt.core.config import DataConfig
from exapt.core.contracts import Table
from exapt.core.registry import ENCODERS
from exapt.data.loading import load

NEIGHBOURS, FOLDS = 15, 5
ROOM = np.array([0.3, 0.06])  # of the map, width and height: a nearer name would cover another


def read(table: Path) -> tuple[Table, pd.DataFrame]:
    """The cells of the card, and their two numbers in the same order."""
    cells = load(DataConfig(name="pbmc_facs")).table
    return cells, pd.read_csv(table, sep="\t", index_col="id").loc[cells.ids()]


def plot(points: pd.DataFrame, types: pd.Series, figure: Path) -> None:
    """One dot a cell, one colour a type, the type's name at its median where there is room."""
    sheet = Figure(figsize=(8, 5.5), layout="constrained")
    axes = sheet.subplots()
    extent = points.to_numpy().max(0) - points.to_numpy().min(0)
    placed: list[NDArray[Any]] = []
    for number, (name, rows) in enumerate(points.groupby(types.to_numpy())):
        axes.scatter(rows["e0"], rows["e1"], s=6, alpha=0.6, linewidths=0, color=f"C{number}", label=name)
        middle = rows.median().to_numpy()
        if all((np.abs(middle - other) / extent > ROOM).any() for other in placed):
            placed.append(middle)
            axes.annotate(str(name), middle, (0, 9), textcoords="offset points", ha="center", fontsize=9)
    axes.set(xlabel="code 1", ylabel="code 2", title="3,774 sorted blood cells in two numbers (types were not used)")
    axes.legend(markerscale=3, fontsize=8, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    sheet.savefig(figure, dpi=120)


def told_by_neighbours(points: NDArray[Any], types: pd.Series) -> float:
    """Mean recall over the types when the nearest cells of other folds vote."""
    from sklearn.metrics import balanced_accuracy_score
    from sklearn.model_selection import cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier

    scaled = (points - points.mean(0)) / points.std(0)
    voted = cross_val_predict(KNeighborsClassifier(NEIGHBOURS), scaled, types, cv=FOLDS)
    return float(balanced_accuracy_score(types, voted))


def principal_components(cells: Table) -> NDArray[Any]:
    """The usual two: of standardised log1p CP10k of the 1,000 most variable genes."""
    from sklearn.decomposition import PCA

    values = cells.values("expression")
    encoder = ENCODERS.build("expression", n_genes=1000).fit(values)
    rows = np.stack([item["x"][0] for item in encoder.encode(values)])
    components: NDArray[Any] = PCA(2, random_state=0).fit_transform(rows)
    return components


def main(table: Path, figure: Path) -> None:
    """Plot, and say how much of the types the map keeps."""
    cells, points = read(table)
    types = cells.frame["cell_type"]
    plot(points, types, figure)
    for name, two in (("autoencoder", points.to_numpy()), ("principal components", principal_components(cells))):
        print(f"{name}: the nearest cells tell the type, mean recall {told_by_neighbours(two, types):.3f}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
