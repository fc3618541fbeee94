"""Does a pre-trained network add to the linear scores of genes? `cnn.dna` on the forward strand of E. coli.

`python benchmarks/science/genes_backbone.py` writes results/genes_backbone.json. Needs EXAPT_MIRROR or a network.

- Two pieces of 580,000 letters from two quarters of the genome. The linear models that score a piece were trained
  without its quarter; the network saw the letters of the genome in pre-training, no annotation.
- Frames: the mean of the network's 128 features over the frame, beside the linear log-odds, in a logistic regression.
  Starts: their means over the 20 letters before and the 30 after, beside the linear utility, in a conditional logit.
  Both are fitted on one piece and measured on the other, for each ridge, against the linear score fitted alike.
- Frames on pseudogenes count as neither.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import torch
from genes import CODE, FOLDS, Annotated, ecoli, trained

from exapt.bio.genes.codes import Digits, digits
from exapt.bio.genes.features import frame_features, start_features
from exapt.bio.genes.finding import Scene, counted, find_genes
from exapt.bio.genes.found import from_intervals
from exapt.bio.genes.linear import conditional_logit, logistic
from exapt.bio.genes.model import Model
from exapt.bio.genes.tables import Array
from exapt.bio.genes.windows import Strip
from exapt.core.paths import write_json
from exapt.core.provenance import code_version, versions
from exapt.models import hub

RESULT = Path(__file__).parent / "results" / "genes_backbone.json"
LETTERS = 580_000
CHUNK, HALO = 16_384, 2_048
BEFORE, AFTER = 20, 30
RIDGES = (1e-4, 1e-3, 1e-2, 1e-1)
QUARTERS = (0, 2)


def tokens(letters: Digits) -> Array:
    """(L, 128) features of the network, read in chunks that overlap; float16 to spare memory."""
    network, _ = hub.load("cnn.dna")
    found = np.empty((len(letters), network.dim), dtype=np.float16)
    ids = torch.from_numpy(letters.astype(np.int64) + 2)
    with torch.inference_mode():
        for begin in range(0, len(letters), CHUNK):
            left, right = max(begin - HALO, 0), min(begin + CHUNK + HALO, len(letters))
            piece = ids[None, left:right]
            read = network({"x": piece, "mask": torch.ones_like(piece, dtype=torch.bool)}).tokens[0]
            end = min(begin + CHUNK, len(letters))
            found[begin:end] = read[begin - left : end - left].numpy()
    return found  # type: ignore[return-value]


def piece(genome: Annotated, quarter: int) -> dict[str, Any]:
    """Scores and features of the forward frames of a piece, and which of them are genes with which start."""
    a = quarter * len(genome.letters) // FOLDS
    letters = digits(genome.letters)[a : a + LETTERS]
    model = trained(genome, quarter)
    utility, odds, best, window = linear(letters, model)
    candidates, begun = window.candidates, time.perf_counter()
    network = tokens(letters)
    seconds = time.perf_counter() - begun
    inside = [(x - a, y - a, z) for x, y, z in genome.genes if x >= a and y <= a + LETTERS and not z]
    truth, frames = from_intervals(inside), candidates.frames
    gene = np.isin(candidates.keys(), truth.keys)
    over = np.zeros(len(gene), dtype=bool)
    for x, y, reverse in genome.pseudogenes:
        over |= (frames.start[frames.first[:-1]] < y - a) & (frames.end > x - a) & (not reverse)
    kept = ~candidates.reverse & (gene | ~over)
    means = [network[frames.start[best[n]] : frames.end[n]].mean(0, np.float32) for n in np.flatnonzero(kept)]
    rows = candidates.rows(truth)
    owners = frames.owner[rows]
    sizes = np.diff(frames.first)[owners]
    near = np.concatenate([np.arange(frames.first[o], frames.first[o + 1]) for o in owners])
    around = [
        np.concatenate(
            [network[max(s - BEFORE, 0) : s + 1].mean(0, dtype=np.float32), network[s : s + AFTER].mean(0, np.float32)]
        )
        for s in frames.start[near]
    ]
    first = np.concatenate([[0], np.cumsum(sizes)])
    return {
        "frames": np.concatenate([np.ones((int(kept.sum()), 1)), odds[kept, None], np.stack(means)], axis=1),
        "gene": gene[kept],
        "starts": np.concatenate([utility[near, None], np.stack(around)], axis=1).astype(float),
        "first": first,
        "chosen": first[:-1] + rows - frames.first[owners],
        "seconds": seconds,
    }


def linear(letters: Digits, model: Model) -> tuple[Array, Array, Any, Any]:
    """Utility of each start and log-odds of each frame in the last round, best starts, and the window."""
    scene = Scene([Strip(letters)], CODE, ribosomal=model.ribosomal)
    believed = find_genes(scene, model)
    tables = counted(scene, believed, model.tables, model.tables)
    window = next(scene.windows(0))
    seen, sums = window.inside(believed[0]), tables.sums(window.candidates)
    rows = start_features(window.candidates, tables, sums, seen)
    features, best = frame_features(window.candidates, tables, sums, rows, model.starts[-1], seen)
    return rows @ model.starts[-1], features @ model.frames[-1], best, window


def compared(fitted: dict[str, Any], held: dict[str, Any], ridge: float) -> dict[str, float]:
    """Log loss a gene and F1 of frames, share of right starts: with and without the network."""
    scores = {}
    for name, width in (("linear", 2), ("with_network", None)):
        x, z = standard(fitted["frames"][:, :width], held["frames"][:, :width], 2)
        odds = z @ logistic(x, fitted["gene"], ridge=np.append([1e-6, 1e-6], np.full(x.shape[1] - 2, ridge)))
        gene, said = held["gene"], odds > 0
        scores[f"frames_log_loss_{name}"] = float(np.sum(np.logaddexp(0, odds) - gene * odds) / gene.sum())
        scores[f"frames_f1_{name}"] = float(2 * (said & gene).sum() / (said.sum() + gene.sum()))
        width = width and 1
        x, z = standard(fitted["starts"][:, :width], held["starts"][:, :width], 1)
        penalty = np.append([1e-6], np.full(x.shape[1] - 1, ridge))
        utility = z @ conditional_logit(x, fitted["first"], fitted["chosen"], ridge=penalty)
        top = np.maximum.reduceat(utility, held["first"][:-1])
        scores[f"starts_right_{name}"] = float(np.mean(utility[held["chosen"]] >= top - 1e-12))
    return scores


def standard(x: Array, z: Array, kept: int) -> tuple[Array, Array]:
    """The columns behind the first `kept`, scaled to mean 0 and deviation 1 of `x`."""
    mean, deviation = x[:, kept:].mean(0), x[:, kept:].std(0) + 1e-6
    return tuple(np.concatenate([v[:, :kept], (v[:, kept:] - mean) / deviation], axis=1) for v in (x, z))  # type: ignore[return-value]


def main() -> None:
    torch.set_num_threads(1)
    genome = ecoli()
    one, other = (piece(genome, quarter) for quarter in QUARTERS)
    found = {}
    for ridge in RIDGES:
        pair = [compared(one, other, ridge), compared(other, one, ridge)]
        found[str(ridge)] = {name: round((pair[0][name] + pair[1][name]) / 2, 4) for name in pair[0]}
        print(ridge, found[str(ridge)])
    seconds = (one["seconds"] + other["seconds"]) / (2 * LETTERS) * 1e6
    about = {"command": "python benchmarks/science/genes_backbone.py", "code": code_version(), "versions": versions()}
    counts = {"letters": 2 * LETTERS, "genes": int(one["gene"].sum() + other["gene"].sum())}
    rest = {**counts, "seconds_a_million_letters_of_one_strand": round(seconds, 1)}
    write_json(RESULT, {"about": about, **rest, "by_ridge": found})


if __name__ == "__main__":
    main()
