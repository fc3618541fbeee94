"""From one row a drug to one row a drug and effect."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd


def by_effect(frame: pd.DataFrame, effects: Sequence[str]) -> pd.DataFrame:
    """Write the probabilities of each drug under each other.

    Parameters
    ----------
    frame
        One row a drug: id, `p:<effect>` for each effect, and further columns on the drug. A column `unknown` lists
        the effects, with "; " between them, on which no answer is given; `possible` lists, with " | " between them,
        those that may be true, with "?" where they may be false, too.
    effects
        Names of the T effects.

    Returns
    -------
    DataFrame
        n * T rows: id, effect, probability, then the further columns; drugs in their order, and the most probable
        effect of each first. `unknown` is yes or no for each effect, `possible` yes, no or both.

    Examples
    --------
    >>> frame = pd.DataFrame({"id": ["aspirin"], "p:rash": [0.2], "p:nausea": [0.7], "similarity": [0.4]})
    >>> by_effect(frame, ["rash", "nausea"])
            id  effect  probability  similarity
    0  aspirin  nausea          0.7         0.4
    1  aspirin    rash          0.2         0.4
    """
    chances = frame[[f"p:{name}" for name in effects]].to_numpy()
    order = np.argsort(-chances, axis=1, kind="stable")
    rows = np.repeat(np.arange(len(frame)), len(effects))
    others = frame.drop(columns=["id", *(f"p:{name}" for name in effects)]).iloc[rows].reset_index(drop=True)
    found = pd.DataFrame({"id": frame["id"].to_numpy()[rows], "effect": np.asarray(effects)[order].ravel()})
    found["probability"] = np.take_along_axis(chances, order, axis=1).ravel()
    places = list(zip(rows, found["effect"], strict=True))
    if "unknown" in others:
        doubtful = [set(text.split("; ")) for text in frame["unknown"]]
        others["unknown"] = ["yes" if effect in doubtful[row] else "no" for row, effect in places]
    if "possible" in others:
        sets = [set(text.split(" | ")) for text in frame["possible"]]
        both = ["yes or no" if f"{effect}?" in sets[row] else "" for row, effect in places]
        others["possible"] = [
            either or ("yes" if effect in sets[row] else "no")
            for either, (row, effect) in zip(both, places, strict=True)
        ]
    return pd.concat([found, others], axis=1)
