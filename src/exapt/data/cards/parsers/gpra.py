"""Yeast promoters with measured expression (Vaishnav 2022): the inserted letters, without the flanks that all share."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from exapt.core.errors import ConfigError, nearest
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw
from exapt.data.formats.delimited import Delimited

PARTS = {"random": "train", "native": "test"}
LEFT, RIGHT = 17, 13  # letters of TGCATTTTTTTCACATC and GGTTACGGCTGTT


@dataclass(frozen=True)
class Gpra(Parser):
    """Columns id, sequence, expression, predicted (of the authors' model), set, and split: random -> native.

    Parameters
    ----------
    sets
        Which promoters: random, native, or both.
    flanks
        Keep all 110 letters as they are in the file; else the 80 between the flanks.
    """

    sets: Sequence[str] = ("random", "native")
    flanks: bool = False

    def __post_init__(self) -> None:
        for name in self.sets:
            if name not in PARTS:
                raise ConfigError(f"sets: no promoters {name!r}. {nearest(name, PARTS)}")
        if not self.sets:
            raise ConfigError(f"sets: name at least one of {', '.join(PARTS)}.")

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read the sets in the card's order."""
        frames = []
        for path, place in files.items():
            name = path.rpartition("/")[2].partition("_")[0].lower()
            if name not in self.sets:
                continue
            read = Delimited().read(place).frame
            sequences = read["sequence"] if self.flanks else read["sequence"].str[LEFT:-RIGHT]
            columns = {
                "id": [f"{name}_{number}" for number in read["id"]],
                "sequence": sequences,
                "expression": read["Measured Expression"],
                "predicted": read["Predicted Expression"],
                "set": name,
                "split": PARTS[name],
            }
            frames.append(pd.DataFrame(columns))
        return Raw(pd.concat(frames, ignore_index=True))


EXPORT = Gpra
