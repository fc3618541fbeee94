"""Vectors of all proteins of a comparison, and what they say of shared genes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.api._prepare import encode, modalities_of
from exapt.api._run import to_device
from exapt.bio.compare.opinion import Opinion, second_opinion
from exapt.bio.compare.orthologs import Gene
from exapt.bio.compare.several import Result
from exapt.core.config import TrainingConfig
from exapt.core.contracts import Column, Encoder, Model, Table
from exapt.core.errors import ConfigError
from exapt.core.progress import bar
from exapt.core.registry import ENCODERS

PIECE = 512  # proteins between two steps of the progress bar
_PLAIN = str.maketrans("*", "X")  # a stop that is read through stands for an amino acid


@dataclass(frozen=True)
class Told:
    """A second opinion, and the weights that gave it."""

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


def protein_encoder(weights: str) -> Encoder:
    """The encoder of weights that read proteins.

    Raises
    ------
    WeightsError
        Where nothing has that name.
    ConfigError
        Where they read something else.
    """
    from exapt.models import hub

    saved = hub.read_config(weights)["encoder"]
    inferred = {"modality": "protein"} if "modality" in ENCODERS.options(saved["name"]) else {}
    encoder: Encoder = ENCODERS.build(saved["name"], **{**inferred, **saved["state"]})
    if modalities_of(encoder) != ("protein",):
        raise ConfigError(
            f"--embeddings {weights}: these weights read {', '.join(modalities_of(encoder))}, and genes are compared "
            "by their proteins. Take cnn.proteins, or other weights that read proteins."
        )
    return encoder


def protein_vectors(weights: str, proteins: Sequence[str], *, quiet: bool = True) -> NDArray[np.float32]:
    """Pooled features of proteins, shape (n, D); each distinct protein is read once.

    Parameters
    ----------
    weights
        `arch.tag`, a folder, or a hub name.
    proteins
        n sequences.
    quiet
        No progress on stderr.
    """
    from exapt.models import hub
    from exapt.transfer.training.predict import features

    encoder = protein_encoder(weights)
    backbone, _ = hub.load(weights)
    model = Model({"protein": to_device(backbone, "auto")}, {})
    codes, distinct = pd.factorize(np.array([text.translate(_PLAIN) or "X" for text in proteins], dtype=object))
    order = np.argsort([len(text) for text in distinct], kind="stable")
    vectors = np.empty((len(distinct), backbone.dim), dtype=np.float32)
    with bar("embed", len(distinct), unit="proteins", quiet=quiet) as progress:
        for start in range(0, len(order), PIECE):
            rows = order[start : start + PIECE]
            frame = pd.DataFrame({"protein": distinct[rows]})
            table = Table(frame, {"protein": Column("input", "protein")}, "proteins")
            found = features(model, encode(table, {"protein": encoder}, {}), TrainingConfig())
            vectors[rows] = found.numpy()
            progress.advance(len(rows))
    return vectors[codes]


def ask(result: Result, weights: str, *, quiet: bool) -> Told:
    """What the weights say of the genes of a comparison; those of all genomes are known."""
    assert result.shared is not None
    vectors = protein_vectors(weights, [gene.protein for gene in result.genes], quiet=quiet)
    return Told(weights, second_opinion(result.genes, result.shared.pairs, vectors))
