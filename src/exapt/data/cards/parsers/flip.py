"""FLIP: a zip of CSV files, one a split (sequence, target, set, validation); members are read in memory by name."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
import pandas as pd

from exapt.core.errors import ConfigError, nearest
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw
from exapt.data.formats.delimited import Delimited


@dataclass(frozen=True)
class Flip(Parser):
    """One of the splits.

    Where all sequences have one length, the letters at the positions that vary are column `sites`: the variant.

    Parameters
    ----------
    split_name
        Name of a CSV in the zip.

    References
    ----------
    Dallago et al. (2021) FLIP: benchmark tasks in fitness landscape inference for proteins.
    doi:10.1101/2021.11.09.467890
    """

    split_name: str

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read one member."""
        (path,) = files.values()
        with zipfile.ZipFile(path) as archive:
            members = {Path(name).stem: name for name in archive.namelist() if name.endswith(".csv")}
            if self.split_name not in members:
                raise ConfigError(f"split_name: no split {self.split_name!r}. {nearest(self.split_name, members)}")
            with archive.open(members[self.split_name]) as member:
                raw = Delimited().parse(cast("BinaryIO", member), f"{path}:{members[self.split_name]}")
        frame = raw.frame
        if frame["sequence"].str.len().nunique() == 1:
            frame = frame.assign(sites=_varying_letters(frame["sequence"]))
        return Raw(frame)


def _varying_letters(sequences: pd.Series) -> list[str]:
    letters = np.array([list(sequence.encode()) for sequence in sequences], dtype=np.uint8)
    varying = letters[:, (letters != letters[0]).any(axis=0)]
    return [row.tobytes().decode() for row in varying]


EXPORT = Flip
