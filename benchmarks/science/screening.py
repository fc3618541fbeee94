"""Ligand-based screening: enrichment of actives from five known ones, by the protocol of Riniker and Landrum.

`python benchmarks/science/screening.py [--only SET ...]` measures every set that is missing in results/screening.json;
`--force` measures again, `--table` writes the table of docs/howto/screening.md only. Needs EXAPT_MIRROR or a network.

50 seeded draws: 5 actives and 20 % of the decoys are known, all others are ranked (doi:10.1186/1758-2946-5-26).

The method `declared` was chosen before any score of these three sets was seen but those of ECFP4 and atom counts, by
draws from other molecules: 40 diverse actives of each of 16 ChEMBL targets (chembl_5thresh; not VEGFR2, AChE or PKA)
among ZINC molecules of like properties or ChEMBL molecules of other targets. `tried` lists what was compared there.

Beside each method stands what flatters it: a decoy whose SMILES is known is ranked too (`repeats`; `unseen` leaves all
molecules out that are known), atom counts alone (by similarity, and learned as `declared` is: what a learner can make
of the way the decoys were collected), the AVE bias of the draws, and the recall of active scaffolds.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.bio.chem.counted import Keys, keys
from exapt.bio.chem.scaffolds import murcko
from exapt.bio.chem.standard import neutral
from exapt.core.config import DataConfig
from exapt.core.provenance import code_version, versions
from exapt.data.loading import load
from exapt.tasks.screening import enrichment, learned, similarity
from exapt.tasks.screening.enrichment import Draw, bias, draws, measures, scaffold_recall, summary
from exapt.tasks.screening.fusion import fuse
from exapt.tasks.screening.learned import LearnedScorer
from exapt.tasks.screening.similarity import SimilarityScorer

HERE = Path(__file__).parent
RESULT = HERE / "results" / "screening.json"
PAGE = HERE.parents[1] / "docs" / "howto" / "screening.md"
MARKS = ("<!-- table: made by benchmarks/science/screening.py --table -->", "<!-- end of the table -->")
SETS = {"vs_dud_vegfr2": "VEGFR2 (DUD)", "vs_dud_ache": "AChE (DUD)", "vs_muv_548": "PKA (MUV 548)"}
SEED = 2026
REPEATS = 50
BIASED = 10  # draws whose bias is measured, which takes longer than all methods
BASELINE = "ECFP4"
DECLARED = "learned"
CONTROL = "learned, atom counts"
METHODS = {
    "atom counts": {"fingerprint": "atoms", "measure": "dice", "bits": 1024},
    "ECFP4": {"fingerprint": "ecfp4", "measure": "dice", "bits": 1024},
    "FCFP4": {"fingerprint": "fcfp4"},
    "atom pairs": {"fingerprint": "atom_pairs"},
    "torsions": {"fingerprint": "torsions"},
}
FUSED = ("ECFP4", "FCFP4", "atom pairs", "torsions")
TRIED = [
    "nearest, mean of two nearest, mean and soft maximum of the similarities, by ECFP4 folded or counted, ECFP6, "
    "FCFP4, atom pairs, torsions, paths",
    "the same as z-scores against the known decoys, and their sums over families",
    "mean rank and reciprocal rank of 2 to 5 families",
    "logistic regression on 1 to 5 families, strength 1 to 1,000, families scaled each or jointly",
    "kernel ridge regression with mean Tanimoto similarity, three penalties",
    "random forest on 1,024 bits",
    "mean and reciprocal rank of logistic regression with similarity",
]

Floats = NDArray[np.float64]
Truth = NDArray[np.int64]


class Remembered:
    """Fingerprints of one set, each family computed once for all draws."""

    def __init__(self, smiles: list[str]) -> None:
        self.smiles = list(dict.fromkeys(smiles))
        self.rows = {text: row for row, text in enumerate(self.smiles)}
        self.families: dict[tuple[str, int | None], Keys] = {}

    def __call__(self, smiles: Sequence[str], family: str = "ecfp4", *, bits: int | None = None) -> Keys:
        """As `exapt.bio.chem.counted.keys`."""
        if (family, bits) not in self.families:
            self.families[family, bits] = keys(self.smiles, family, bits=bits)
        return self.families[family, bits].take(np.array([self.rows[text] for text in smiles], dtype=np.int64))

    def several(self, smiles: Sequence[str], families: Sequence[str]) -> list[Keys]:
        """As `exapt.bio.chem.counted.keys_of`."""
        return [self(smiles, family) for family in families]


def read(name: str) -> tuple[list[str], Truth]:
    """SMILES, and 1 for the actives."""
    table = load(DataConfig(name=name)).table
    smiles, active = table.names("input")[0], table.names("target")[0]
    return table.frame[smiles].tolist(), (table.frame[active].astype(float) == 1).to_numpy(dtype=np.int64)


def scores(smiles: list[str], draw: Draw) -> dict[str, Floats]:
    """What each method says of the ranked molecules."""
    actives, inactives = ([smiles[row] for row in rows] for rows in (draw.actives, draw.inactives))
    library = [smiles[row] for row in draw.test]
    found = {name: SimilarityScorer(actives, name, **options).score(library) for name, options in METHODS.items()}
    found["fused"] = fuse({name: found[name] for name in FUSED}, how="mean")
    found[DECLARED] = LearnedScorer(actives, inactives).score(library)
    found[CONTROL] = LearnedScorer(actives, inactives, families=["atoms"]).score(library)
    return found


def measure(name: str) -> dict[str, Any]:
    """All methods in all draws of one set."""
    smiles, truth = read(name)
    scaffolds, parents = murcko(smiles), neutral(smiles)
    remembered = Remembered(smiles)
    similarity.keys = enrichment.keys = remembered  # type: ignore[assignment]
    learned.keys_of = remembered.several  # type: ignore[assignment]
    each: dict[str, list[dict[str, float]]] = {}
    unseen: dict[str, list[dict[str, float]]] = {}
    biases, repeats = [], []
    start = time.perf_counter()
    for number, draw in enumerate(draws(truth, repeats=REPEATS, seed=SEED)):
        known = {parents[row] for row in np.concatenate([draw.actives, draw.inactives])}
        new = np.array([parents[row] not in known for row in draw.test])
        repeats.append(float((~new).mean()))
        if number < BIASED:
            one = bias(smiles, truth, draw)
            biases.append({"ave": one.total, "actives": one.actives, "inactives": one.inactives})
        ranked, frames = truth[draw.test], [scaffolds[row] for row in draw.test]
        for method, values in scores(smiles, draw).items():
            recall = {"scaffold_recall_5": scaffold_recall(frames, ranked, values)}
            each.setdefault(method, []).append(measures(ranked, values) | recall)
            unseen.setdefault(method, []).append(measures(ranked[new], values[new]))
    return {
        "molecules": len(truth),
        "actives": int(truth.sum()),
        "scores": {method: summary(values) for method, values in each.items()},
        "gain_over_ecfp4": gains(each),
        "unseen": {method: summary(values) for method, values in unseen.items()},
        "unseen_gain_over_ecfp4": gains(unseen),
        "bias": summary(biases),
        "repeats": float(np.mean(repeats)),
        "draws": {
            method: {key: [round(one[key], 5) for one in values] for key in values[0]}
            for method, values in each.items()
        },
        "seconds": round(time.perf_counter() - start, 1),
        "code": code_version(),
    }


def gains(each: Mapping[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Paired differences to ECFP4."""
    base = each[BASELINE]
    return {
        method: summary([{key: a[key] - b[key] for key in a} for a, b in zip(values, base, strict=True)])
        for method, values in each.items()
        if method != BASELINE
    }


def table(result: Mapping[str, Any]) -> str:
    """AUROC and EF 1 % of each method and set, with the gain over ECFP4."""
    lines = [
        "| set | method | AUROC | EF 1 % | BEDROC | EF 1 % over ECFP4 | scaffolds in the top 5 % |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, title in SETS.items():
        one = result["sets"].get(name)
        if one is None:
            continue
        for method in (*METHODS, "fused", DECLARED, CONTROL):
            values = one["scores"][method]
            gain = one["gain_over_ecfp4"].get(method, {}).get("ef1")
            said = f"{gain['mean']:+.1f} [{gain['low']:.1f}, {gain['high']:.1f}]" if gain else "-"
            numbers = f"{values['auroc']['mean']:.3f} | {values['ef1']['mean']:.1f} | {values['bedroc']['mean']:.2f}"
            recall = f"{100 * values['scaffold_recall_5']['mean']:.0f} %"
            lines.append(f"| {title} | {method} | {numbers} | {said} | {recall} |")
        lines.append(f"| {title} | the best that there can be | 1.000 | {best_ef1(one):.1f} | 1.00 | - | 100 % |")
    return "\n".join(lines)


def best_ef1(one: Mapping[str, Any]) -> float:
    """EF 1 % where the first per cent of the ranked molecules are all active, or all actives stand in it."""
    actives = one["actives"] - 5
    ranked = one["molecules"] - 5 - round(0.2 * (one["molecules"] - one["actives"]))
    top = int(np.ceil(0.01 * ranked))
    return min(actives, top) / top * ranked / actives


def write_page(result: Mapping[str, Any]) -> None:
    """Put the table between its marks."""
    text = PAGE.read_text(encoding="utf-8")
    before, _, rest = text.partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    PAGE.write_text(f"{before}{MARKS[0]}\n{table(result)}\n{MARKS[1]}{after}", encoding="utf-8")


def main() -> None:
    """Measure what is missing, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--force", action="store_true")
    parser.add_argument("--table", action="store_true", help="write the table of the docs only")
    options = parser.parse_args()
    result: dict[str, Any] = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {"sets": {}}
    for name in [] if options.table else options.only:
        if name in result["sets"] and not options.force:
            continue
        result["sets"][name] = measure(name)
        result |= {
            "command": "python benchmarks/science/screening.py",
            "format_version": 1,
            "protocol": {"actives": 5, "inactives": 0.2, "repeats": REPEATS, "seed": SEED},
            "declared": DECLARED,
            "tried": TRIED,
            "versions": versions(),
        }
        RESULT.write_text(json.dumps(result, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(
            name, {key: round(one["ef1"]["mean"], 1) for key, one in result["sets"][name]["scores"].items()}, flush=True
        )
    write_page(result)


if __name__ == "__main__":
    main()
