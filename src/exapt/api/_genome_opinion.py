"""Vectors of all proteins of a comparison, by weights or by a run, and what they say of shared genes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.api._prepare import encode, modalities_of
from exapt.api._run import open_run, to_device
from exapt.bio.compare.opinion import Opinion, second_opinion
from exapt.bio.compare.orthologs import Gene
from exapt.bio.compare.several import Result
from exapt.core.config import TrainingConfig
from exapt.core.contracts import Column, Encoder, Model, Table
from exapt.core.errors import ConfigError
from exapt.core.paths import read_json
from exapt.core.progress import bar
from exapt.core.registry import ENCODERS

if TYPE_CHECKING:
    from exapt.models.heads.proxies import ProxyHead

TASK = "genome_comparison"  # whose runs have learned a projection
ALLOWED = f"a run of task {TASK!r} on proteins, or weights that read proteins, such as cnn.proteins"

PIECE = 512  # proteins between two steps of the progress bar
_PLAIN = str.maketrans("*", "X")  # a stop that is read through stands for an amino acid


@dataclass(frozen=True)
class Told:
    """A second opinion, and the weights or the run that gave it."""

    weights: str
    opinion: Opinion

    def columns(self) -> dict[str, Sequence[str | float]]:
        """Columns of orthologs.tsv."""
        return {"embedding_agrees": self.opinion.agreement, "embedding_similarity": self.opinion.similarity}

    def remote(self, genes: Sequence[Gene], products: Sequence[str]) -> pd.DataFrame:
        """One row a pair of genes that only the vectors put together, best first."""
        rows = []
        for one, other, similarity, margin in self.opinion.remote:
            names = (genes[one].genome, genes[one].name, genes[other].genome, genes[other].name)
            rows.append((*names, similarity, margin, products[one], products[other]))
        columns = ["genome_a", "gene_a", "genome_b", "gene_b", "similarity", "margin", "product_a", "product_b"]
        return pd.DataFrame(rows, columns=columns)


@dataclass(frozen=True)
class _Reader:
    """What makes vectors of proteins: pooled features, or what the head of a run makes of them."""

    model: Model
    encoder: Encoder
    training: TrainingConfig
    head: ProxyHead | None = None

    @property
    def width(self) -> int:
        """Coordinates of a vector."""
        return self.head.width if self.head else self.model.distinct_backbones()[0].dim

    def __call__(self, proteins: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of proteins, shape (n, width)."""
        import torch

        from exapt.transfer.training.predict import features

        [column] = self.model.columns
        table = Table(pd.DataFrame({column: proteins}), {column: Column("input", "protein")}, "proteins")
        found = features(self.model, encode(table, {column: self.encoder}, {}), self.training)
        if self.head is not None:
            with torch.inference_mode():
                found = self.head.project(found.to(self.head.proxies.device)).cpu()
        vectors: NDArray[np.float32] = found.numpy()
        return vectors


def protein_encoder(weights: str) -> Encoder:
    """The encoder of weights, or of a run of task genome_comparison, that read proteins.

    Raises
    ------
    WeightsError
        Where nothing has that name.
    ConfigError
        Where they read something else, or the run is of another task.
    """
    from exapt.models import hub

    run = _run_folder(weights)
    saved = _encoder_of_run(run) if run else hub.read_config(weights)["encoder"]
    inferred = {"modality": "protein"} if "modality" in ENCODERS.options(saved["name"]) else {}
    encoder: Encoder = ENCODERS.build(saved["name"], **{**inferred, **saved["state"]})
    if modalities_of(encoder) != ("protein",):
        raise ConfigError(
            f"--embeddings {weights}: {'this run reads' if run else 'these weights read'} "
            f"{', '.join(modalities_of(encoder))}, and genes are compared by their proteins. Take {ALLOWED}."
        )
    return encoder


def _run_folder(name: str) -> Path | None:
    """The folder of a run; None where the name means weights."""
    from exapt.models import hub

    return Path(name) if name not in hub.shipped() and (Path(name) / "model.json").is_file() else None


def _encoder_of_run(run: Path) -> dict[str, Any]:
    """Name and state of the encoder of a run that has learned which proteins correspond."""
    task = read_json(run / "model.json")["task"]["name"]
    if task != TASK:
        raise ConfigError(
            f"--embeddings {run}: a run of task {task!r}, which has not learned which proteins correspond. "
            f"Take {ALLOWED}."
        )
    [saved] = read_json(run / "encoder.json").values()
    found: dict[str, Any] = saved
    return found


def _reader(weights: str) -> _Reader:
    from exapt.models import hub

    encoder, run = protein_encoder(weights), _run_folder(weights)
    if run is None:
        backbone, _ = hub.load(weights)
        return _Reader(Model({"protein": to_device(backbone, "auto")}, {}), encoder, TrainingConfig())
    opened = open_run(run)
    head: Any = opened.model.heads["target"]
    return _Reader(opened.model, encoder, opened.training, head)


def protein_vectors(weights: str, proteins: Sequence[str], *, quiet: bool = True) -> NDArray[np.float32]:
    """Vectors of proteins, shape (n, D): pooled features of weights, or the projection that a run has learned.

    Each distinct protein is read once.

    Parameters
    ----------
    weights
        `arch.tag`, a folder, or a hub name; or the folder of a run of task genome_comparison.
    proteins
        n sequences.
    quiet
        No progress on stderr.
    """
    reader = _reader(weights)
    codes, distinct = pd.factorize(np.array([text.translate(_PLAIN) or "X" for text in proteins], dtype=object))
    order = np.argsort([len(text) for text in distinct], kind="stable")
    vectors = np.empty((len(distinct), reader.width), dtype=np.float32)
    with bar("embed", len(distinct), unit="proteins", quiet=quiet) as progress:
        for start in range(0, len(order), PIECE):
            rows = order[start : start + PIECE]
            vectors[rows] = reader(distinct[rows].tolist())
            progress.advance(len(rows))
    return vectors[codes]


def ask(result: Result, weights: str, *, quiet: bool) -> Told:
    """What the weights say of the genes of a comparison; those of all genomes are known."""
    assert result.shared is not None
    vectors = protein_vectors(weights, [gene.protein for gene in result.genes], quiet=quiet)
    return Told(weights, second_opinion(result.genes, result.shared.pairs, vectors))
