"""The best set of genes that do not overlap more than genes do: dynamic programming over intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.frames import Places

OVERLAP = 60  # letters that two neighbours may share
TAIL_OVERLAP = 200  # letters that two genes may share at their 3' ends
LONG = 300  # letters of a gene from which it may have such a tail


def best_chain(left: Places, right: Places, reverse: NDArray[np.bool_], weight: NDArray[np.float64]) -> Places:
    """Rows of the chain of the greatest total weight, from left to right.

    Neighbours share at most `OVERLAP` letters; a long forward gene before a reverse one `TAIL_OVERLAP`.

    Parameters
    ----------
    left, right
        (n,) half-open intervals of at least 2 `OVERLAP` / 2 letters.
    reverse
        (n,) strand.
    weight
        (n,) gain of each, of any sign.

    Examples
    --------
    >>> left, right = np.array([0, 50, 200]), np.array([100, 280, 400])
    >>> best_chain(left, right, np.zeros(3, dtype=bool), np.array([1.0, 3, 1])).tolist()
    [0, 1]
    """
    order = np.lexsort((left, right))
    order = order[weight[order] > 0]
    left, right, reverse = left[order], right[order], reverse[order]
    near = np.searchsorted(right, left + OVERLAP, side="right").tolist()
    far = np.searchsorted(right, left + TAIL_OVERLAP, side="right").tolist()
    tails = (~reverse & (right - left >= LONG)).tolist()
    # best[i], tailed[i]: total and last row of the best chain of the first i rows; of those that end in a tail
    best, best_row = [0.0], [-1]
    tailed, tailed_row = [0.0], [-1]
    before = []
    for row, (gain, backward) in enumerate(zip(weight[order].tolist(), reverse.tolist(), strict=True)):
        place = min(near[row], row)
        total, previous = best[place], best_row[place]
        if backward:
            place = min(far[row], row)
            if tailed[place] > total:
                total, previous = tailed[place], tailed_row[place]
        total += gain
        before.append(previous)
        higher = total > best[row]
        best.append(total if higher else best[row])
        best_row.append(row if higher else best_row[row])
        higher = tails[row] and total > tailed[row]
        tailed.append(total if higher else tailed[row])
        tailed_row.append(row if higher else tailed_row[row])
    chain = []
    row = best_row[-1]
    while row >= 0:
        chain.append(row)
        row = before[row]
    return order[np.array(chain[::-1], dtype=np.int64)]
