"""What the gene grammar makes of labels that are right but for a share of random ones: the ceiling of any model.

`python benchmarks/science/gene_structure.py` writes results/gene_structure.json. Needs EXAPT_MIRROR or a network.

- Data: dna.euk_1pct; reference genes, one transcript each. Genes that labels cannot hold are counted by reason, masked
  and not scored; random labels stand there.
- A share of the positions gets another label, drawn evenly; the log probabilities handed to the decoder are those of
  this noise (with 1 % where there is none). Seed 0. The letters are known to the decoder, as they always are.
- Truth: the transcripts that labels can hold. Coding exons with both ends, genes with all coding exons.
- Intervals: 95 %, 1,000 bootstrap draws of segments of 50,000 letters.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.bio.formats import genome, gff3
from exapt.bio.transcripts.agreement import Agreement, agreement
from exapt.bio.transcripts.annotated import Labelling, coding_transcripts, label_contig
from exapt.bio.transcripts.grammar import Grammar, decoded
from exapt.bio.transcripts.labels import CLASSES, MASKED, Labels, spelt_transcripts
from exapt.core.paths import write_json
from exapt.core.provenance import code_version, versions
from exapt.data.download import fetch

RESULT = Path(__file__).parent / "results" / "gene_structure.json"
REPO, COMMIT = "iankorf/MCB185", "fc3c33ed5dacad55e15ba971178b42b08bff2825"
SPECIES = {
    "A.thaliana": (
        "TAIR10",
        ("c9d8a042cae964d6635564fca17c3402e5649854ec1b06aeae508b1ed30092a6", 371282),
        ("3942e00053d3059c7e8476771c5f63e0fdb1eeaf411d54c634b8f340a85d9e33", 165471),
    ),
    "C.elegans": (
        "WormBase",
        ("18c747265ab3493fbfe0d0dd4936b60d2a8f7d4c150184208d9b3bc9ee3469f2", 305107),
        ("d37378106096fe89450b714402e2f53978636a8985558b2813e4cf933c2d5cf9", 209684),
    ),
    "D.melanogaster": (
        "FlyBase",
        ("dcc5749c9edea0be2934d1706fa2dcdf9caf011f983186f6fbc74742526ea816", 336913),
        ("ff6a88f8e60c2b1468dcfdf1365c5495fd79e24a70396328bf27fa510ec121ca", 69555),
    ),
}
SHARES = (0.0, 0.01, 0.05, 0.1)
LEAST = 0.01  # of noise that the decoder is told of
DRAWS = 1000


def labelled_species(species: str) -> tuple[dict[str, str], dict[str, Labelling]]:
    """Letters and labels of the contigs of a species."""
    source, *files = SPECIES[species]
    fasta, gff = (
        fetch(REPO, COMMIT, f"data/{species}.{ending}.gz", *file, quiet=True)
        for ending, file in zip(("fa", "gff"), files, strict=True)
    )
    annotation = gff3.read(gff)
    annotation = replace(annotation, features=tuple(f for f in annotation.features if f.source == source))
    found, contigs = coding_transcripts(annotation), genome.read(fasta, upper=True)
    letters = {name: contigs.fetch(name) for name in contigs.contigs}
    return letters, {name: label_contig(found.get(name, []), text) for name, text in letters.items()}


def noisy(labels: Labels, share: float, random: np.random.Generator) -> NDArray[np.float32]:
    """Log probabilities of labels of which so many were replaced by others; masked ones are drawn."""
    kinds = len(CLASSES)
    shown = np.where(labels == MASKED, random.integers(0, kinds, len(labels)), labels).astype(np.int64)
    wrong = random.random(len(labels)) < share
    shown[wrong] = (shown[wrong] + random.integers(1, kinds, wrong.sum())) % kinds
    told = max(share, LEAST)
    weights = np.full((len(labels), kinds), np.log(told / (kinds - 1)), dtype=np.float32)
    weights[np.arange(len(labels)), shown] = np.log1p(-told)
    return weights


def scored(found: Agreement, random: np.random.Generator) -> dict[str, Any]:
    """Scores of all levels; F1 with its interval."""
    scores: dict[str, Any] = found.scores()
    count = len(found.annotated)
    draws = [found.scores(random.integers(0, count, count)) for _ in range(DRAWS)]
    for level, values in scores.items():
        low, high = np.nanquantile([draw[level]["f1"] for draw in draws], (0.025, 0.975))
        scores[level] = {name: round(value, 4) for name, value in values.items()}
        scores[level] |= {"f1_low": round(float(low), 4), "f1_high": round(float(high), 4)}
    return scores


def measured(species: str, shares: tuple[float, ...] = SHARES) -> dict[str, Any]:
    """One species: what labels cannot hold, and what is decoded at each share of noise."""
    letters, labellings = labelled_species(species)
    lengths = {name: len(text) for name, text in letters.items()}
    truth = {name: labelling.kept for name, labelling in labellings.items()}
    ignored = {name: [(t.start, t.end) for t, _ in found.left_out] for name, found in labellings.items()}
    reasons = Counter(why for found in labellings.values() for _, why in found.left_out)
    result: dict[str, Any] = {
        "letters": sum(lengths.values()),
        "genes": sum(len(kept) for kept in truth.values()),
        "left_out": dict(reasons.most_common()),
        "noise": {},
    }
    grammar = Grammar()
    for share in shares:
        random = np.random.default_rng(0)
        weights = {name: noisy(found.labels, share, random) for name, found in labellings.items()}
        began = time.perf_counter()
        predicted = {name: spelt_transcripts(row) for name, row in decoded(grammar, weights, letters).items()}
        seconds = time.perf_counter() - began
        scores = scored(agreement(truth, predicted, lengths, ignored=ignored), random)
        result["noise"][f"{share:g}"] = scores | {"seconds": round(seconds, 1)}
        print(species, share, {level: scores[level]["f1"] for level in scores}, f"{seconds:.1f} s", flush=True)
    return result


def main() -> None:
    """Measure all species and write the result."""
    species = {name: measured(name) for name in SPECIES}
    write_json(RESULT, {"code": code_version(), "versions": versions(), "data": "dna.euk_1pct", "species": species})


if __name__ == "__main__":
    main()
