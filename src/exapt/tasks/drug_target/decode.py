"""From numbers to a table of affinities."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def affinities(values: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
    """One row a pair, in the given order.

    Parameters
    ----------
    values
        (n,) affinities in the unit of the target.
    ids
        n identifiers; where all are written ``drug/target``, both get a column of their own.

    Returns
    -------
    DataFrame
        Columns id, drug and target (perhaps), and predicted.

    Examples
    --------
    >>> affinities(np.array([7.25]), ["CID 5291/ABL1"])
                  id      drug target  predicted
    0  CID 5291/ABL1  CID 5291   ABL1       7.25
    """
    frame = pd.DataFrame({"id": list(ids)})
    parts = [one.partition("/") for one in frame["id"]]
    if parts and all(drug and protein for drug, _, protein in parts):
        frame["drug"] = [drug for drug, _, _ in parts]
        frame["target"] = [protein for _, _, protein in parts]
    return frame.assign(predicted=values)
