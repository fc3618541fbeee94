"""From probabilities of groups to a table of genes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def assigned(chances: NDArray[np.float64], ids: Sequence[str], groups: Sequence[str]) -> pd.DataFrame:
    """One row a gene, in the given order: the two most probable of what may be thousands of groups.

    Parameters
    ----------
    chances
        (n, G) probabilities, G at least 2.
    ids
        n identifiers.
    groups
        G names.

    Returns
    -------
    DataFrame
        Columns id, predicted, probability, second and second_probability.

    Examples
    --------
    >>> assigned(np.array([[0.1, 0.7, 0.2]]), ["b0001"], ["COG0001", "COG0002", "COG0003"])
          id predicted  probability   second  second_probability
    0  b0001   COG0002          0.7  COG0003                 0.2
    """
    names, rows = np.array(groups, dtype=object), np.arange(len(chances))
    first, second = np.argsort(-chances, axis=1, kind="stable")[:, :2].T
    return pd.DataFrame(
        {
            "id": list(ids),
            "predicted": names[first],
            "probability": chances[rows, first],
            "second": names[second],
            "second_probability": chances[rows, second],
        }
    )
