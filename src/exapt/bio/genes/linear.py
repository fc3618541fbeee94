"""Two linear models with a convex loss, solved by Newton's method: no step size, no seed, one answer.

References
----------
McFadden (1974) Conditional logit analysis of qualitative choice behavior. In Frontiers in Econometrics, Academic Press.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
STEPS = 60
CLOSE = 1e-9


def logistic(x: Array, y: NDArray[np.bool_], *, ridge: float | Array = 1e-3) -> Array:
    """Weights of a logistic regression.

    Parameters
    ----------
    x
        (n, d) features, one of them constant where an intercept is wanted.
    y
        (n,) the outcome.
    ridge
        Penalty on the mean log loss: ridge / 2 times the squared weights; one number for all, or (d,).

    Examples
    --------
    >>> x = np.array([[1.0, -1], [1, 1], [1, -1], [1, 1]])
    >>> np.round(logistic(x, np.array([False, True, True, True]), ridge=0.1), 2).tolist()
    [0.82, 0.82]
    """

    def loss(w: Array) -> tuple[float, Array, Array]:
        z = x @ w
        p = 1 / (1 + np.exp(-np.clip(z, -500, 500)))
        value = float(np.mean(np.logaddexp(0, z) - y * z))
        return value, x.T @ (p - y) / len(x), (x * (p * (1 - p))[:, None]).T @ x / len(x)

    return _newton(loss, x.shape[1], ridge)


def conditional_logit(
    x: Array, first: NDArray[np.int64], chosen: NDArray[np.int64], *, ridge: float | Array = 1e-3
) -> Array:
    """Weights of a choice of one out of each group, by a linear utility.

    Parameters
    ----------
    x
        (m, d) features of the alternatives, group after group.
    first
        (g + 1,) where each group begins; no group is empty.
    chosen
        (g,) row of the chosen alternative of each group.
    ridge
        As in `logistic`.

    Examples
    --------
    >>> x = np.array([[0.0], [1], [0], [1], [0], [1]])
    >>> np.round(conditional_logit(x, np.array([0, 2, 4, 6]), np.array([1, 3, 4]), ridge=0.0), 2).tolist()
    [0.69]
    """
    sizes = np.diff(first)

    def loss(w: Array) -> tuple[float, Array, Array]:
        z = x @ w
        p, total = softmax(z, first)
        mean = np.add.reduceat(x * p[:, None], first[:-1])
        centred = x - np.repeat(mean, sizes, axis=0)
        value = float(np.mean(total - z[chosen]))
        gradient = (mean.sum(0) - x[chosen].sum(0)) / len(chosen)
        return value, gradient, (centred * p[:, None]).T @ centred / len(chosen)

    return _newton(loss, x.shape[1], ridge)


def softmax(z: Array, first: NDArray[np.int64]) -> tuple[Array, Array]:
    """Probabilities (m,) within each group, and the logarithm (g,) of the sum of exponentials.

    Examples
    --------
    >>> p, total = softmax(np.array([0.0, 0, 5]), np.array([0, 2, 3]))
    >>> p.tolist(), np.round(total, 2).tolist()
    ([0.5, 0.5, 1.0], [0.69, 5.0])
    """
    sizes = np.diff(first)
    top = np.maximum.reduceat(z, first[:-1])
    e = np.exp(z - np.repeat(top, sizes))
    total = np.add.reduceat(e, first[:-1])
    return e / np.repeat(total, sizes), top + np.log(total)


def _newton(loss: Callable[[Array], tuple[float, Array, Array]], width: int, ridge: float | Array) -> Array:
    """Minimum of a convex loss: Newton steps, halved until the loss falls."""
    w = np.zeros(width)
    value, gradient, curvature = loss(w)
    for _ in range(STEPS):
        slope = gradient + ridge * w
        step = np.linalg.solve(curvature + np.diag(np.full(width, 1e-9) + ridge), slope)
        size = 1.0
        while size > 1e-6:
            trial = loss(w - size * step)
            moved = w - size * step
            if trial[0] + (ridge / 2 * moved**2).sum() <= value + (ridge / 2 * w**2).sum():
                break
            size /= 2
        if size * np.abs(step).max() < CLOSE:
            break
        w, (value, gradient, curvature) = moved, trial
    return w
