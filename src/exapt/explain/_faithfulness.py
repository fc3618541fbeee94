"""Deletion test: the prediction should fall faster when the positions that are called important go first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from exapt.core.contracts import Batch, Kind, Model
from exapt.explain._explainer import Values
from exapt.explain._question import Question, ask, prediction, rows_of, units, with_stream
from exapt.explain._removal import Removal, removed

STAGES = 20  # predictions along a curve, beside that of the whole input
ORDERS = 8  # random orders that each example is compared with
REPLICATES = 2000
FEWEST = 5  # examples from which an interval is given
VARIANTS = 512  # inputs that are predicted at a time


@dataclass(frozen=True)
class Deletion:
    """Areas under the curve of the prediction against the share of positions removed.

    Attributes
    ----------
    ordered
        (n,) area of each example, the most important positions first; low is good.
    random
        (n,) mean area over random orders.
    """

    ordered: Values
    random: Values

    @classmethod
    def joined(cls, parts: Sequence[Deletion]) -> Deletion:
        """Those of several batches, end to end."""
        return cls(np.concatenate([p.ordered for p in parts]), np.concatenate([p.random for p in parts]))


def deletion(
    model: Model,
    batch: Batch,
    question: Question,
    values: Sequence[Values],
    *,
    remove: Removal | None = None,
    seed: int = 0,
) -> Deletion:
    """Remove positions step by step, by their attribution and in random orders, and watch the prediction.

    Parameters
    ----------
    model
        In eval mode.
    batch
        Raw inputs of n examples.
    question
        What was explained.
    values
        One attribution (U,) an example.
    remove
        As in `exapt.explain._removal.removed`.
    seed
        Of the random orders.

    Returns
    -------
    Deletion
        Probabilities for classes and labels, standard deviations for numbers.

    References
    ----------
    Petsiuk, Das and Saenko (2018), RISE, arXiv:1806.07421
    """
    inputs = model.backbone(question.column).inputs
    allowed = units(batch.inputs[question.column], inputs)
    generator = np.random.default_rng(seed)
    ranks = np.stack([_ranks(row, value, generator) for row, value in zip(allowed.cpu().numpy(), values, strict=True)])
    areas = np.zeros(ranks.shape[:2])
    count = allowed.sum(1)
    stages = torch.linspace(0, 1, STAGES + 1)
    for order in range(ranks.shape[1]):
        rank = torch.from_numpy(ranks[:, order]).to(allowed.device)
        curve = torch.stack(
            [_without(model, batch, question, rank < share * count[:, None], remove) for share in stages]
        )
        areas[:, order] = np.trapezoid(curve.double().cpu().numpy(), stages.numpy(), axis=0)
    return Deletion(areas[:, 0], areas[:, 1:].mean(1))


def _ranks(allowed: NDArray[np.bool_], values: Values, generator: np.random.Generator) -> NDArray[np.float64]:
    """(1 + ORDERS, U): when each unit goes, by attribution first, then at random; infinite for what is no unit."""
    places = np.flatnonzero(allowed)
    ranks = np.full((1 + ORDERS, len(allowed)), np.inf)
    ranks[0, places[np.argsort(-values[places], kind="stable")]] = np.arange(len(places))
    for row in ranks[1:]:
        row[generator.permutation(places)] = np.arange(len(places))
    return ranks


def _without(model: Model, batch: Batch, question: Question, chosen: Tensor, remove: Removal | None) -> Tensor:
    """Prediction of each example without the chosen units, (B,)."""
    found = []
    inputs = model.backbone(question.column).inputs
    with torch.no_grad():
        for rows in torch.split(torch.arange(len(batch), device=chosen.device), VARIANTS):
            some = rows_of(batch, rows)
            stream = removed(some.inputs[question.column], inputs, chosen[rows], remove)
            found.append(ask(model, with_stream(some, question.column, stream), question.take(rows)))
    return prediction(torch.cat(found), question.kind)


def summary(found: Deletion, kind: Kind, *, seed: int = 0) -> Mapping[str, Any]:
    """The deletion test in numbers and one sentence.

    Parameters
    ----------
    found
        Of all explained examples.
    kind
        What was explained.
    seed
        Of the bootstrap.

    Returns
    -------
    dict
        n, unit, auc, auc_random, gain (random minus ordered, positive = faithful) with its 95 % percentile interval
        over examples (None below 5 examples), faithful, and sentence.

    Examples
    --------
    >>> found = Deletion(np.full(6, 0.2), np.full(6, 0.5))
    >>> summary(found, "class")["faithful"], round(summary(found, "class")["gain"]["low"], 2)
    (True, 0.3)
    """
    gain = found.random - found.ordered
    n, low, high = len(gain), None, None
    if n >= FEWEST:
        draws = np.random.default_rng(seed).integers(0, n, (REPLICATES, n))
        low, high = (float(end) for end in np.percentile(gain[draws].mean(1), (2.5, 97.5)))
    faithful = low is not None and low > 0
    return {
        "n": n,
        "unit": "standard deviations of the target" if kind == "number" else "probability",
        "auc": float(found.ordered.mean()),
        "auc_random": float(found.random.mean()),
        "gain": {"value": float(gain.mean()), "low": low, "high": high},
        "faithful": faithful,
        "sentence": _sentence(float(gain.mean()), low, high, n),
    }


def _sentence(gain: float, low: float | None, high: float | None, n: int) -> str:
    if low is None:
        return (
            f"The deletion test needs {FEWEST} examples to say whether these attributions are faithful; there are {n}."
        )
    numbers = f"{gain:+.3f}, 95 % interval {low:+.3f} to {high:+.3f}, {n} examples"
    if low > 0:
        return f"Removing what is called important lowers the prediction faster than a random order ({numbers})."
    return (
        f"WARNING: no better than a random order in the deletion test ({numbers}). "
        "Do not read these attributions as reasons."
    )
