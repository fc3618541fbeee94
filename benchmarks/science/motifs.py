"""Which factors do networks find? Motifs in the test parts of three sets of binding sites and promoters.

The networks are those of experiments/<set>.yaml, trained on the training part. Their predictions of the test part are
explained for class 1 by exchanging every letter; what the important letters have in common is compared with JASPAR.
Nothing is chosen on these rows: the steps and their settings are those of `exapt explain --motifs`.

    python benchmarks/science/motifs.py        (minutes a set, where the runs are there; else they are trained first)
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml
from scipy.stats import fisher_exact

from exapt import api
from exapt.api._motifs import Found, Searched, known_motifs, search
from exapt.bio.motifs.compare import Library, Measure
from exapt.bio.motifs.motif import Motif
from exapt.bio.motifs.scan import scan
from exapt.core.config import DataConfig, Piece, parse
from exapt.core.paths import read_json, write_json
from exapt.core.provenance import code_version
from exapt.data.loading import load

HERE = Path(__file__).parent
WORK = HERE / "work"
SETS = {"gue_prom_core_tata": "TBP", "gue_mouse2": None, "gue_mouse3": None}  # a factor that is known to be there
METHODS = ("mutagenesis", "integrated_gradients")
JASPAR = "jaspar2024_core"
MEASURES: tuple[Measure, ...] = ("euclid", "pearson")


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


def attributed(name: str, method: str) -> Path:
    """The folder of `exapt explain`; what an earlier call has made is used again."""
    output, data = WORK / f"motifs-{name}-{method}", test_part(name)
    if not (output / "attributions.tsv").is_file():
        rows = len(pd.read_csv(data))
        api.explain(
            trained(name), str(data), output, method=Piece(name=method), of="1", n=rows, motifs=JASPAR, quiet=True
        )
    return output


def found_motifs(folder: Path, library: Library) -> list[Found]:
    """The motifs in the attributions of a folder."""
    table = pd.read_csv(folder / "attributions.tsv", sep="\t")
    rows = [
        (str(name), "".join(one["letter"]), one["value"].to_numpy()) for name, one in table.groupby("id", sort=False)
    ]
    ids, sequences, values = zip(*rows, strict=True)
    return search(Searched(ids, sequences, values, ["1"] * len(rows)), library)


def explained(name: str, method: str, library: Library) -> dict[str, Any]:
    """Motifs in the test part, each with the known motifs that it is like."""
    folder, rows = attributed(name, method), pd.read_csv(test_part(name))
    note = read_json(folder / "faithfulness.json")["inputs"]["sequence"]
    result: dict[str, Any] = {"rows": len(rows), "deletion_test": note["gain"], "motifs": []}
    known = {motif.id: motif for motif in library.motifs}
    found = found_motifs(folder, library)
    for one in found:
        pattern, matches = one.pattern, one.matches[["id", "name", "p", "q"]]
        families = [{key: known[row].about.get(key, "") for key in ("tax_group", "tf_family")} for row in matches["id"]]
        result["motifs"].append(
            {
                "motif": pattern.motif.id,
                "consensus": pattern.motif.name,
                "effect": "for" if pattern.sign > 0 else "against",
                "sites": len(pattern.sites),
                "sequences": int(pattern.sites["row"].nunique()),
                "matches": [{**row, **more} for row, more in zip(matches.to_dict("records"), families, strict=True)],
                "best_match_alone": enrichment(rows, known[matches["id"].iloc[0]]),
            }
        )
    if SETS[name] is not None:
        result["known_factor"] = recovered(found, str(SETS[name]), library)
    return result


def recovered(found: Sequence[Found], factor: str, library: Library) -> dict[str, Any]:
    """The rank of a factor, named beforehand, among all known ones for the motif that is most like it."""
    ranks = []
    for one in found:
        if one.pattern.sign > 0:
            every = library.matches(one.pattern.motif, len(library.motifs))
            rank = int(np.flatnonzero(every["name"] == factor)[0])
            ranks.append((float(every["p"][rank]), rank + 1, float(every["q"][rank]), one.pattern.motif.id))
    if not ranks:
        return {"name": factor, "recovered": False}
    p, rank, q, motif = min(ranks)
    return {
        "name": factor,
        "recovered": rank == 1,
        "motif": motif,
        "rank": rank,
        "of": len(library.motifs),
        "p": p,
        "q": q,
    }


def drawn_sites(library: Library, n: int = 60, sites: int = 30) -> dict[str, Any]:
    """How often 30 sites drawn from a known motif, on the other strand, lead back to it; the choice of the measure."""
    generator = np.random.default_rng(0)
    long = [m for m in library.motifs if len(m) >= 7 and m.about.get("tax_group") == "vertebrates"]
    chosen = [long[i] for i in generator.choice(len(long), n, replace=False)]
    family = {motif.id: motif.about.get("tf_family") for motif in library.motifs}
    same = kin = sure = 0
    for motif in chosen:
        counts = [generator.multinomial(sites, row) for row in motif.frequencies()]
        counts += [generator.multinomial(sites, [0.25] * 4) for _ in range(2)]
        query = Motif("q", "q", np.array(counts, dtype=float)).reverse_complement().trimmed()
        best = library.matches(query, 1).iloc[0]
        same, kin, sure = (
            same + (best["id"] == motif.id),
            kin + (family[best["id"]] == family[motif.id]),
            sure + (best["q"] < 0.05),
        )
    return {"motifs": n, "sites": sites, "same_matrix": same / n, "same_family": kin / n, "q_below_0.05": sure / n}


def main() -> None:
    """Write results/motifs.json."""
    WORK.mkdir(exist_ok=True)
    known = known_motifs(JASPAR)
    library = Library(known)
    result = {
        "title": "Motifs that networks find, compared with JASPAR 2024 CORE",
        "known_motifs": len(known),
        "drawn_sites": {measure: drawn_sites(Library(known, measure)) for measure in MEASURES},
        "sets": {name: {method: explained(name, method, library) for method in METHODS} for name in SETS},
    }
    note = {"command": "python benchmarks/science/motifs.py", "version": code_version()}
    write_json(HERE / "results" / "motifs.json", {**result, **note})


if __name__ == "__main__":
    main()
