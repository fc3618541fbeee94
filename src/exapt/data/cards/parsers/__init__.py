"""From the files of a card to columns; `files` suits all standard formats, the others one data set each."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from pathlib import Path

from exapt.data.formats import Raw


class Parser(ABC):
    """Reads a card's files; a frozen dataclass whose fields are its options."""

    @abstractmethod
    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Columns of all rows; `files` maps each path of the card to a local file."""
