"""Protein pairs by accession, and a dictionary of their sequences; parts and labels by file, or a column of labels."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from exapt.core.errors import ConfigError, nearest
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class ProteinPairs(Parser):
    """Columns protein_a and protein_b (accessions), their sequences, and label; pairs without a sequence are dropped.

    Parameters
    ----------
    dictionary
        The file with accession and sequence.
    splits
        Name of a split -> file -> part and label of its pairs. Empty = one file, whose third column is the label.
    split_name
        Which of the splits.
    """

    dictionary: str
    splits: Mapping[str, Mapping[str, Sequence[str | int]]] = field(default_factory=dict)
    split_name: str | None = None

    def __post_init__(self) -> None:
        if self.splits and self.split_name not in self.splits:
            raise ConfigError(f"split_name: no split {self.split_name!r}. {nearest(str(self.split_name), self.splits)}")

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read the pairs and look their proteins up."""
        paths = dict(files)
        known = _fields(paths.pop(self.dictionary)).set_index(0)[1]
        if self.splits:
            parts = []
            for name, (part, label) in self.splits[str(self.split_name)].items():
                pairs = _fields(next(path for key, path in paths.items() if key.endswith(name)))
                parts.append(pairs.assign(label=label, split=part))
            frame = pd.concat(parts, ignore_index=True)
        else:
            (path,) = paths.values()
            frame = _fields(path).rename(columns={2: "label"}).astype({"label": int})
        frame = frame.rename(columns={0: "protein_a", 1: "protein_b"})
        for side in ("protein_a", "protein_b"):
            frame[f"{side}_sequence"] = frame[side].map(known)
        whole = frame.dropna()
        if len(whole) < len(frame):
            sides = frame[["protein_a", "protein_b"]]
            lacking = set(sides.stack()) - set(known.index)
            logger.warning(
                "%d of %d pairs are left out: %d of their proteins have no sequence in the dictionary.",
                len(frame) - len(whole),
                len(frame),
                len(lacking),
            )
        whole = whole.reset_index(drop=True)
        whole.insert(0, "pair", whole["protein_a"] + "/" + whole["protein_b"])
        return Raw(whole)


def _fields(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, sep=r"\s+", header=None, dtype=str, keep_default_na=False)


EXPORT = ProteinPairs
