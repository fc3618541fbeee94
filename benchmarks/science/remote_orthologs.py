"""Shared genes of remote genomes: vectors of a protein model against sequence search, precision at the same recall.

`EXAPT_MIRROR=<dir> python benchmarks/science/remote_orthologs.py` writes results/remote_orthologs.json.

Pair: *E. coli* K-12 and *Chlamydia trachomatis* G/9768 (RefSeq). Truth: genes of *Chlamydia* whose product ends in a
gene symbol that *E. coli* has (``... RecJ``), or has the same name as one product of *E. coli* (``subunit protein``
read as ``protein``), where either is unique in both genomes. Its limits: RefSeq names *Chlamydia*'s proteins by
homology, so the truth leans towards what sequence search finds; a quarter of the genes have such a name, the well-kept
ones; a link between two genes without a name is not judged.

Methods: best hits that are reciprocal, by MMseqs2 and by k-mers (`bio.compare.orthologs`), by the vectors of each
weights and of each run of task genome_comparison (`bio.compare.opinion`), and by counts of dipeptides and tripeptides
treated as such vectors. Links are ranked by bit score, and by the margin over the second nearest. Intervals: 1,000
bootstraps over the genes of the truth.

Runs: of SCOP folds (`run.py tape_folds`) and of Swiss-Prot families of other species (`protein_groups.py`), both made
before; their vectors also as they are, without whitening.

How vectors are whitened was looked at on six phages (agreement with sequence search) and on this very pair: what the
vectors reach here is, if anything, too good.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from exapt.api._genome_opinion import protein_vectors
from exapt.bio.compare.coding import Coding, codings
from exapt.bio.compare.opinion import MARGIN, nearest, reciprocal, second_opinion, whitened
from exapt.bio.compare.orthologs import Gene, orthologs
from exapt.bio.formats import genbank, genome, gff3
from exapt.core.provenance import code_version

HERE = Path(__file__).parent
RESULT = HERE / "results" / "remote_orthologs.json"
RUNS = {"folds": HERE / "work" / "tape_folds-metric", "families": HERE / "work" / "protein_groups"}
UNTRAINED = "cnn.proteins"  # what the runs started from
FAMILIES = HERE / "work" / "protein_groups.tsv"  # what the second was trained on
RECALLS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 0.8)
REPLICATES = 1000
Link = tuple[int, int, float]  # row in E. coli, row in Chlamydia, score
Truth = Mapping[int, int]  # row in Chlamydia -> row in E. coli


def mirror(pattern: str) -> Path:
    """The one file of the mirror with this path."""
    [path] = Path(os.environ["EXAPT_MIRROR"]).glob(pattern)
    return path


def genomes() -> tuple[list[Coding], list[Coding]]:
    """Genes of E. coli and of Chlamydia."""
    folder = "iankorf/MCB185/*/data/GCF_000005845.2_ASM584v2_genomic"
    letters = genome.read(mirror(f"{folder}.fna.gz"), upper=True)
    coli = codings(gff3.read(mirror(f"{folder}.gff.gz")), {name: letters.fetch(name) for name in letters.contigs})
    other = genbank.read(mirror("labgem/PPanGGOLiN/*/testingDataset/GBFF/GCF_000092685.1_ASM9268v1_genomic.gbff.gz"))
    return coli, codings(other, {name: text.upper() for name, text in other.letters.items()})


def plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", name.lower().replace("subunit protein", "protein")).strip()


def symbol(name: str) -> str:
    """The gene symbol at the end of a product; empty where there is none."""
    found = re.search(r"\b([A-Z])([a-z]{2}[A-Z]?)$", name)
    return found[1].lower() + found[2] if found else ""


def named_alike(coli: Sequence[Coding], other: Sequence[Coding]) -> dict[int, int]:
    """The truth."""
    symbols = {gene.feature.value("gene"): row for row, gene in enumerate(coli)}
    ended = Counter(symbol(gene.product) for gene in other)
    counts = [Counter(plain(gene.product) for gene in side) for side in (coli, other)]
    by_name = {plain(gene.product): row for row, gene in enumerate(coli)}
    found = {}
    for row, gene in enumerate(other):
        sign, name = symbol(gene.product), plain(gene.product)
        by_symbol = symbols.get(sign) if sign and ended[sign] == 1 else None
        by_product = by_name.get(name) if counts[0][name] == counts[1][name] == 1 else None
        told = {one for one in (by_symbol, by_product) if one is not None}
        if len(told) == 1:
            found[row] = told.pop()
    return found


def peptides(proteins: Sequence[str], size: int) -> np.ndarray:
    """Logarithms of the counts of peptides, (n, 20 ** size)."""
    place = {"".join(one): row for row, one in enumerate(product("ACDEFGHIKLMNPQRSTVWY", repeat=size))}
    found = np.zeros((len(proteins), len(place)), dtype=np.float32)
    for row, text in enumerate(proteins):
        for one, count in Counter(text[at : at + size] for at in range(len(text) - size + 1)).items():
            if one in place:
                found[row, place[one]] = count
    return np.log1p(found)


def standardised(vectors: np.ndarray, rows: np.ndarray) -> np.ndarray:
    part = vectors[rows] - vectors[rows].mean(0)
    part /= np.maximum(part.std(0), 1e-6)
    return part / np.maximum(np.linalg.norm(part, axis=1, keepdims=True), 1e-12)


def links_of(one: np.ndarray, other: np.ndarray) -> list[Link]:
    return [(alike.one, alike.other, alike.margin) for alike in reciprocal(*nearest(one, other))]


def judged(links: Sequence[Link], truth: Truth) -> list[tuple[int, int, bool]]:
    """Of each link with a gene of the truth, best first: the two units that it touches (-1: none), and if it is right.

    A unit is a pair of the truth, by the row in Chlamydia.
    """
    back = {coli: row for row, coli in truth.items()}
    ranked = sorted(links, key=lambda link: -link[2])
    told = [
        (other if other in truth else -1, back.get(coli, -1), truth.get(other) == coli) for coli, other, _ in ranked
    ]
    return [one for one in told if one[:2] != (-1, -1)]


def precision_at(told: Sequence[tuple[int, int, bool]], weight: np.ndarray, recalls: Sequence[float]) -> np.ndarray:
    """Precision where each recall is reached; NaN where it never is. `weight` is how often each unit was drawn."""
    right = np.array([weight[one] if ok else 0.0 for one, _, ok in told])
    wrong = np.array([0.0 if ok else np.mean([weight[u] for u in (one, two) if u >= 0]) for one, two, ok in told])
    found, lost = np.cumsum(right), np.cumsum(wrong)
    places = np.searchsorted(found, np.array(recalls) * weight.sum() - 1e-9)
    inside = np.minimum(places, len(found) - 1)
    return np.where(places < len(found), found[inside] / (found[inside] + lost[inside]), np.nan)


def measured(methods: Mapping[str, Sequence[Link]], truth: Truth) -> dict[str, Any]:
    """Final recall and precision of each method, and its precision at fixed recalls beside MMseqs2's."""
    units = max(truth) + 1
    present = np.zeros(units)
    present[list(truth)] = 1
    told = {name: judged(links, truth) for name, links in methods.items()}
    generator = np.random.default_rng(0)
    members = np.array(sorted(truth))
    draws = [np.bincount(generator.choice(members, len(members)), minlength=units) for _ in range(REPLICATES)]
    boots = {name: np.array([precision_at(one, draw, RECALLS) for draw in draws]) for name, one in told.items()}
    hits = {name: np.bincount([u for u, _, ok in one if ok], minlength=units) for name, one in told.items()}
    found = {}
    for name, one in told.items():
        right = sum(ok for *_, ok in one)
        values = precision_at(one, present, RECALLS)
        rows = {}
        for column, recall in enumerate(RECALLS):
            if np.isfinite(values[column]):
                gap = boots[name][:, column] - boots["mmseqs"][:, column]
                rows[f"{recall:g}"] = {
                    "precision": interval(values[column], boots[name][:, column]),
                    "minus mmseqs": interval(
                        values[column] - precision_at(told["mmseqs"], present, RECALLS)[column], gap
                    ),
                }
        more = hits[name] - hits[UNTRAINED]
        found[name] = {
            "recall": round(right / len(truth), 3),
            f"recall minus {UNTRAINED}": interval(more.sum() / len(truth), np.array(draws) @ more / len(truth)),
            "precision": round(right / len(one), 3),
            "links": len(methods[name]),
            "at_recall": rows,
        }
    return found


def interval(value: float, draws: np.ndarray) -> list[float]:
    """Value, 2.5 % and 97.5 % of the draws that reach the recall."""
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return [round(float(number), 3) for number in (value, low, high)]


def beside(
    genes: Sequence[Gene], pairs: Sequence[Any], vectors: np.ndarray, truth: Truth, first: int
) -> dict[str, Any]:
    """Whether agreement tells right pairs of the search from wrong ones, and which pairs only vectors tell."""
    back = set(truth.values())
    said = second_opinion(genes, pairs, vectors, margin=0.0)
    votes: dict[str, list[int]] = {word: [0, 0] for word in ("both", "one", "none")}
    for pair, word in zip(pairs, said.agreement, strict=True):
        coli, other = pair.one, pair.other - first
        if coli in back or other in truth:
            votes[word][0] += 1
            votes[word][1] += truth.get(other) == coli
    partners = {pair.other - first for pair in pairs} | {-1 - pair.one for pair in pairs}
    open_truth = sum(row not in partners and -1 - coli not in partners for row, coli in truth.items())
    remote = {}
    for margin in (0.0, MARGIN):
        chosen = [(one.one, one.other - first) for one in said.remote if one.margin >= margin]
        known = [(coli, row) for coli, row in chosen if coli in back or row in truth]
        right = sum(truth.get(row) == coli for coli, row in known)
        remote[f"margin {margin:g}"] = {"pairs": len(chosen), "judged": len(known), "right": right}
    agreement = {word: {"judged": n, "right": right} for word, (n, right) in votes.items()}
    return {"search_pairs_by_agreement": agreement, "truth_left_by_search": open_truth, "only_vectors": remote}


def trained(truth: Truth, coli: Sequence[Coding]) -> int:
    """How many pairs of the truth are of families that a run was trained on."""
    known = set(pd.read_csv(FAMILIES, sep="\t")["family"])
    return sum(coli[gene].feature.value("gene").upper() in known for gene in truth.values())


def searches(genes: Sequence[Gene], first: int) -> tuple[dict[str, Sequence[Link]], Sequence[Any]]:
    """Links of methods that learn nothing, and the pairs of MMseqs2."""
    methods: dict[str, Sequence[Link]] = {}
    found = {tool: orthologs(genes, tool=tool).pairs for tool in ("mmseqs", "kmers")}
    for tool, pairs in found.items():
        methods[tool] = [(pair.one, pair.other - first, pair.score) for pair in pairs]
    parts = (np.arange(first), np.arange(first, len(genes)))
    for size in (2, 3):
        counted = peptides([gene.protein for gene in genes], size)
        methods[f"counts of {size} residues"] = links_of(*(standardised(counted, rows) for rows in parts))
    return methods, found["mmseqs"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", nargs="*", default=[], help="Further ones, beside those that the runs began with.")
    parser.add_argument("--runs", nargs="*", choices=RUNS, default=list(RUNS))
    asked = parser.parse_args()
    coli, other = genomes()
    truth = named_alike(coli, other)
    genes = [
        Gene(name, gene.feature.seqid, gene.name, gene.protein)
        for name, side in (("coli", coli), ("chlamydia", other))
        for gene in side
    ]
    first = len(coli)
    parts = (np.arange(first), np.arange(first, len(genes)))
    methods, searched = searches(genes, first)
    seconds, opinions = {}, {}
    sources = {name: name for name in (UNTRAINED, *asked.weights)} | {name: str(RUNS[name]) for name in asked.runs}
    for name, source in sources.items():
        begun = time.process_time()
        vectors = protein_vectors(source, [gene.protein for gene in genes])
        seconds[name] = round(time.process_time() - begun, 1)
        unit = whitened(vectors, parts)
        methods[name] = links_of(*(unit[rows] for rows in parts))
        if name in RUNS:
            methods[f"{name}, not whitened"] = links_of(*(vectors[rows] for rows in parts))
        opinions[name] = beside(genes, searched, vectors, truth, first)
    result = {
        "genes": [len(coli), len(other)],
        "truth": len(truth),
        "truth_in_trained_families": trained(truth, coli),
        "methods": measured(methods, truth),
        "second_opinion": opinions,
        "processor_seconds": seconds,
        "code": code_version(),
    }
    print(json.dumps(result, indent=1))
    RESULT.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
