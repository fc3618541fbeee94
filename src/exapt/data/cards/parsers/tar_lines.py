"""Lines of the only file in a tar archive, compressed or not, as one text column."""

from __future__ import annotations

import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from exapt.core.errors import DataError
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw


@dataclass(frozen=True)
class TarLines(Parser):
    """The archive is read in memory; empty lines are left out.

    Parameters
    ----------
    column
        Name of the column.
    """

    column: str = "smiles"

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read the lines."""
        (path,) = files.values()
        try:
            with tarfile.open(path) as archive:
                (member,) = [entry for entry in archive if entry.isfile()]
                content = archive.extractfile(member)
                text = content.read().decode("utf-8") if content else ""
        except (tarfile.TarError, EOFError, ValueError) as error:
            raise DataError(f"{path}: no tar archive of one text file ({error}). Download it again.") from None
        return Raw(pd.DataFrame({self.column: text.split()}))


EXPORT = TarLines
