"""Time of a leakage audit: 100,000 proteins, and 250,000 molecules, against the obvious way to do the same.

    EXAPT_MIRROR=... python benchmarks/speed/audit.py

Proteins are those of the Swiss-Prot sample, and copies with point mutations until there are 100,000; a fifth is the
test part. The other tool is MMseqs2, whose time inside the audit is taken apart: what is left is the time of exapt.
Molecules are ZINC-250k, a fifth the test part; the other tool is RDKit's BulkTanimotoSimilarity, one query after
another, timed on a sample of the queries and extrapolated.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from exapt.api._audit import audit_cut
from exapt.api._prepare import Cut
from exapt.bio.align import mmseqs
from exapt.core.config import DataConfig, Piece
from exapt.core.contracts import Column, Fold, Table
from exapt.data.cleaning import CleaningReport
from exapt.data.loading import Loaded, load

RESULT = Path(__file__).parent / "results" / "audit.json"
SEED = 0
PROTEINS = 100_000
RATE = 0.2  # of the letters that a mutated copy differs in
SAMPLE = 300  # queries of the other tool for molecules


def proteins() -> list[str]:
    """The Swiss-Prot sample, and mutated copies of it."""
    rng = np.random.default_rng(SEED)
    known = load(DataConfig(name="swissprot_a_prefix")).table
    real = known.frame[known.names("input")[0]].tolist()
    letters = np.array(list("ACDEFGHIKLMNPQRSTVWY"))
    made = list(real)
    while len(made) < PROTEINS:
        sequence = np.array(list(real[rng.integers(len(real))]))
        here = rng.random(len(sequence)) < RATE
        sequence[here] = rng.choice(letters, int(here.sum()))
        made.append("".join(sequence))
    return made


def cut_of(values: list[str], modality: str) -> Cut:
    """A table with random labels, a fifth of it the test part."""
    rng = np.random.default_rng(SEED)
    columns = {"x": Column("input", modality), "y": Column("target", "label")}  # type: ignore[arg-type]
    table = Table(pd.DataFrame({"x": values, "y": rng.choice(["a", "b"], len(values))}), columns, "benchmark")
    order = rng.permutation(len(values))
    test, train = np.sort(order[: len(values) // 5]), np.sort(order[len(values) // 5 :])
    fold = Fold(train, np.empty(0, dtype=np.int64), test)
    return Cut(Loaded(table, {}, [], CleaningReport()), Piece(name="random"), [fold])


def timed_audit(cut: Cut) -> dict[str, float]:
    """Seconds of the whole audit, near duplicates and shortcuts with it."""
    start = time.perf_counter()
    _, found = audit_cut(cut)
    seconds = time.perf_counter() - start
    return {"seconds": seconds, **{key: found[key] for key in ("exact_duplicates", "near_duplicates")}}


class Stopwatch:
    """Adds up the seconds of a function."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.seconds = 0.0

    def __call__(self, *arguments: Any) -> Any:
        """Call the function."""
        start = time.perf_counter()
        try:
            return self.function(*arguments)
        finally:
            self.seconds += time.perf_counter() - start


def rdkit_alone(cut: Cut) -> float:
    """Seconds of RDKit, extrapolated from a sample of the queries."""
    from rdkit import Chem, DataStructs
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    values, fold = cut.table.frame["x"], cut.folds[0]
    mols = [Chem.MolFromSmiles(values.iloc[row]) for row in fold.train]
    prints = [generator.GetFingerprint(mol) for mol in mols]
    queries = [generator.GetFingerprint(Chem.MolFromSmiles(values.iloc[row])) for row in fold.test[:SAMPLE]]
    start = time.perf_counter()
    for query in queries:
        max(DataStructs.BulkTanimotoSimilarity(query, prints))
    return (time.perf_counter() - start) * len(fold.test) / SAMPLE


def main() -> None:
    """Time both kinds, print ratios, keep the result."""
    mmseqs._call = Stopwatch(mmseqs._call)
    chemistry = cut_of(load(DataConfig(name="zinc250k")).table.frame["smiles"].tolist(), "molecule")
    molecules = {"rows": len(chemistry.table), **timed_audit(chemistry), **peak()}
    cut = cut_of(proteins(), "protein")
    found = {"rows": len(cut.table), **timed_audit(cut), "mmseqs_seconds": mmseqs._call.seconds, **peak()}
    found["own_seconds"] = found["seconds"] - found["mmseqs_seconds"]
    molecules["rdkit_seconds"] = rdkit_alone(chemistry)
    molecules["ratio"] = molecules["rdkit_seconds"] / molecules["seconds"]
    results = {"proteins": found, "molecules": molecules}
    RESULT.parent.mkdir(exist_ok=True)
    RESULT.write_text(json.dumps(results, indent=2) + "\n")
    print(json.dumps(results, indent=2))


def peak() -> dict[str, float]:
    """The largest memory of this process so far, in GiB."""
    return {"peak_gib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20}


if __name__ == "__main__":
    main()
