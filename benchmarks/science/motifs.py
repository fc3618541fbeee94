"""Which factors do networks find? Motifs in the test parts of three sets of binding sites and promoters.

The networks are those of experiments/<set>.yaml, trained on the training part. Their predictions of the test part are
explained for class 1 by exchanging every letter; what the important letters have in common is compared with JASPAR.
Nothing is chosen on these rows: the steps and their settings are those of `exapt explain --motifs`.

    python benchmarks/science/motifs.py        (minutes a set, where the runs are there; else they are trained first)
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.stats import fisher_exact

from exapt import api
from exapt.api._motifs import known_motifs
from exapt.bio.motifs.motif import Motif
from exapt.bio.motifs.scan import scan
from exapt.core.config import DataConfig, Piece, parse
from exapt.core.paths import write_json
from exapt.core.provenance import code_version
from exapt.data.loading import load

HERE = Path(__file__).parent
WORK = HERE / "work"
SETS = {"gue_prom_core_tata": "TBP", "gue_mouse2": None, "gue_mouse3": None}  # a factor that is known to be there
METHODS = ("mutagenesis", "integrated_gradients")
JASPAR = "jaspar2024_core"


def trained(name: str) -> Path:
    """The run of the experiment: as run.py left it, else of one seed."""
    run = WORK / f"{name}-scratch"
    if not (run / "model.safetensors").is_file():
        path = HERE / "experiments" / f"{name}.yaml"
        values = yaml.safe_load(path.read_text(encoding="utf-8"))["runs"]["scratch"]
        api.finetune(parse({**values, "seeds": 1, "controls": "none", "baselines": []}, str(path)), run, force=True)
    return run


def test_part(name: str) -> Path:
    """The test rows as a file."""
    frame = load(DataConfig(name=name)).table.frame
    rows = frame[frame["split"] == "test"].reset_index(drop=True)
    path = WORK / f"motifs-{name}.csv"
    pd.DataFrame(
        {"id": [f"test_{i}" for i in range(len(rows))], "sequence": rows["sequence"], "label": rows["label"]}
    ).to_csv(path, index=False)
    return path


def enrichment(rows: pd.DataFrame, motif: Motif) -> dict[str, Any]:
    """Without any model: test rows of each class that hold the known motif (p at most 1e-4 at a place)."""
    hits = scan(rows["sequence"].tolist(), rows["id"].tolist(), motif, p=1e-4)["id"].unique()
    holds = rows["id"].isin(hits)
    counts = [
        [int((holds & (rows["label"] == label)).sum()), int((~holds & (rows["label"] == label)).sum())]
        for label in (1, 0)
    ]
    found = fisher_exact(np.array(counts), alternative="greater")
    return {
        "class_1": counts[0][0],
        "class_0": counts[1][0],
        "rows_a_class": sum(counts[0]),
        "fisher_p": float(found.pvalue),
    }


def explained(name: str, method: str, known: dict[str, Motif]) -> dict[str, Any]:
    """Motifs in the test part, each with the known motifs that it is like."""
    data, output, start = test_part(name), WORK / f"motifs-{name}-{method}", time.perf_counter()
    rows = pd.read_csv(data)
    note = api.explain(
        trained(name),
        str(data),
        output,
        method=Piece(name=method),
        of="1",
        n=len(rows),
        motifs=JASPAR,
        force=True,
        quiet=True,
    )
    table = pd.read_csv(output / "motifs.tsv", sep="\t")
    result: dict[str, Any] = {"seconds": round(time.perf_counter() - start, 1), "rows": len(rows)}
    result["deletion_test"] = note["inputs"]["sequence"]["gain"]
    result["motifs"] = []
    for motif, matches in table.groupby("motif", sort=False):
        first = matches.iloc[0]
        said = {"motif": motif, **{key: first[key] for key in ("consensus", "effect")}}
        said |= {"sites": int(first["sites"]), "sequences": int(first["rows"])}
        said["matches"] = matches[["match", "name", "tax_group", "tf_family", "p", "q"]].to_dict("records")
        said["best_match_alone"] = enrichment(rows, known[first["match"]])
        result["motifs"].append(said)
    factor = SETS[name]
    if factor is not None:
        ranks = table[(table["name"] == factor) & (table["effect"] == "for")]
        best = ranks.sort_values("p").iloc[0] if len(ranks) else None
        result["known_factor"] = {"name": factor, "recovered": bool(best is not None and best["rank"] == 1)}
        if best is not None:
            result["known_factor"] |= {
                "motif": best["motif"],
                "rank": int(best["rank"]),
                "p": best["p"],
                "q": best["q"],
            }
    return result


def main() -> None:
    """Write results/motifs.json."""
    WORK.mkdir(exist_ok=True)
    known = {motif.id: motif for motif in known_motifs(JASPAR)}
    sets = {name: {method: explained(name, method, known) for method in METHODS} for name in SETS}
    result = {
        "title": "Motifs that networks find, compared with JASPAR 2024 CORE",
        "known_motifs": len(known),
        "sets": sets,
    }
    note = {"command": "python benchmarks/science/motifs.py", "version": code_version()}
    write_json(HERE / "results" / "motifs.json", {**result, **note})


if __name__ == "__main__":
    main()
