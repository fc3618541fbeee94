"""How large the sketch of a corpus is, and what it finds: copies, similar ones, and false matches.

`python benchmarks/science/leakage_sketches.py [--only NAME ...]` writes results/leakage_sketches.json. Copies: 5,000
rows of the corpus itself; false matches are counted among rows of another set that are not in the corpus by their own
hashes. Similar ones are, for proteins, 500 of the corpus with each twentieth letter changed (and 500 with shuffled
letters, which should not be found), for molecules rows of four MoleculeNet sets with their true Tanimoto to the corpus.
"""

from __future__ import annotations

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np

from exapt.bio.chem.fingerprints import morgan
from exapt.bio.chem.similarity import nearest
from exapt.core.config import DataConfig
from exapt.data.keys import canonical_keys
from exapt.data.leakage import coverage, overlap, similar, sketch
from exapt.data.leakage.sketches import NEAR, false_matches
from exapt.data.loading import load

RESULT = Path(__file__).parent / "results" / "leakage_sketches.json"
CORPORA = {
    "chembl_5thresh": ("molecule", "tox21"),
    "yeast_proteome": ("protein", "swissprot_a_prefix"),
    "swissprot_a_prefix": ("protein", "yeast_proteome"),
    "zinc250k": ("molecule", "tox21"),
}
OTHERS = ("lipo", "bace", "bbbp", "sider")
COPIES, SIMILAR = 5_000, 500
CHANGED = 0.05  # share of letters
LETTERS = np.array(list("ACDEFGHIKLMNPQRSTVWY"))


def values(name: str) -> list[str]:
    table = load(DataConfig(name=name)).table
    return [str(value) for value in table.frame[table.names("input")[0]]]


def measure(name: str) -> dict[str, Any]:
    """Size, and what is found."""
    modality, other = CORPORA[name]
    corpus, rng = values(name), np.random.default_rng(0)
    start = time.perf_counter()
    made = sketch(corpus, modality)  # type: ignore[arg-type]
    seconds = time.perf_counter() - start
    copies = [corpus[row] for row in rng.permutation(len(corpus))[:COPIES]]
    strange = values(other)
    keys = canonical_keys(strange, modality)  # type: ignore[arg-type]
    strange_rows = ~np.isin(keys, canonical_keys(corpus, modality))  # type: ignore[arg-type]
    return {
        "rows": len(corpus),
        "distinct": made["distinct"],
        "bytes": len(json.dumps(made)),
        "sketch_seconds": round(seconds, 1),
        "bits": made["exact"]["bits"],
        "kept": coverage(made),
        "copies_found": float(overlap(made, copies).mean()),
        "others": int(strange_rows.sum()),
        "false_matches": int((overlap(made, strange) & strange_rows).sum()),
        "false_matches_expected": false_matches(made, int(strange_rows.sum())),
        **(_proteins(made, corpus, rng) if modality == "protein" else _molecules(made, corpus)),
    }


def _proteins(made: dict[str, Any], corpus: list[str], rng: np.random.Generator) -> dict[str, Any]:
    chosen = [np.array(list(corpus[row])) for row in rng.permutation(len(corpus))[:SIMILAR]]
    changed = []
    for protein in chosen:
        here = rng.random(len(protein)) < CHANGED
        changed.append("".join(np.where(here, rng.choice(LETTERS, len(protein)), protein)))
    shuffled = ["".join(rng.permutation(protein)) for protein in chosen]
    near, none = similar(made, changed), similar(made, shuffled)
    return {
        "similar": len(changed),
        "similar_found": float(np.nanmean(near >= NEAR["protein"])),
        "similar_cannot_tell": float(np.isnan(near).mean()),
        "similarity_told": float(np.nanmean(near)),
        "unlike_found": float(np.mean(np.nan_to_num(none) >= NEAR["protein"])),
    }


def _molecules(made: dict[str, Any], corpus: list[str]) -> dict[str, Any]:
    asked = [smiles for name in OTHERS for smiles in values(name)]
    told = np.nan_to_num(similar(made, asked))
    true = nearest(morgan(asked), morgan(corpus))[1]
    copies = overlap(made, asked)
    close, far = (true >= NEAR["molecule"]) & ~copies, true < 0.7
    return {
        "similar": int(close.sum()),
        "similar_found": float((told[close] >= NEAR["molecule"]).mean()) if close.any() else None,
        "unlike": int(far.sum()),
        "unlike_found": float((told[far] >= NEAR["molecule"]).mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", nargs="*", choices=CORPORA, default=list(CORPORA))
    results = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    for name in parser.parse_args().only:
        results[name] = measure(name)
        RESULT.write_text(json.dumps(results, indent=1, sort_keys=True) + "\n", encoding="utf-8")
        print(name, json.dumps(results[name]), flush=True)


if __name__ == "__main__":
    main()
