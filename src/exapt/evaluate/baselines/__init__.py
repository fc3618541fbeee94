"""Baselines, one file each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from exapt.core.registry import BASELINES
from exapt.evaluate.baselines._entities import are_pairs

if TYPE_CHECKING:
    from exapt.core.contracts import Table
    from exapt.evaluate.metrics._metric import Kind


def defaults(kind: Kind, modalities: Sequence[str], train: Table | None = None) -> list[str]:
    """Baselines that run unasked: cheap, and known to be hard to beat for these inputs.

    Parameters
    ----------
    kind
        What the targets are.
    modalities
        Of the input columns.
    train
        The training rows, from which is seen whether positional one-hot applies; without them it is left out.

    Examples
    --------
    >>> defaults("class", ["dna"])
    ['best_hit', 'composition', 'linear', 'majority', 'nearest']
    >>> defaults("number", ["molecule"])  # doctest: +NORMALIZE_WHITESPACE
    ['composition', 'descriptor_forest', 'descriptor_linear', 'ecfp_forest', 'ecfp_linear', 'mean', 'tanimoto']
    >>> defaults("number", ["expression"])
    ['linear', 'mean', 'nearest', 'pca_linear']
    >>> defaults("number", ["molecule", "protein"])
    ['additive', 'composition', 'mean']
    """
    chosen, pairs = [], are_pairs(modalities)
    for name in BASELINES.names():
        piece = BASELINES.get(name)
        if pairs and not piece.default_for_pairs:
            continue
        if piece.applies(kind, modalities) and set(modalities) <= piece.default and piece.suits(train):
            chosen.append(name)
    return chosen
