"""Files of one standard format, one after another; each may be a part of a predefined split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pandas as pd

from exapt.bio.sequence.alphabets import canonical
from exapt.core.errors import ConfigError
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw, open_format


@dataclass(frozen=True)
class Files(Parser):
    """Rows of all files, in the card's order.

    Parameters
    ----------
    format
        Name of the file format.
    options
        Options of the format.
    parts
        File name -> part (train, valid, test) that becomes column `split`; files that are not named are not read.
    group_copies_of
        A DNA column: rows with the same sequence, on either strand, get the same value of column `copies`.
    """

    format: str
    options: Mapping[str, Any] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    group_copies_of: str | None = None

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read and join."""
        reader = open_format(self.format, self.options)
        local = {path.rpartition("/")[2]: place for path, place in files.items()}
        chosen = {name: local[name] for name in self.parts} if self.parts else local
        raws = []
        for name, place in chosen.items():
            raw = reader.read(place)
            raws.append(replace(raw, frame=raw.frame.assign(split=self.parts[name])) if self.parts else raw)
        if len(raws) > 1 and any(raw.matrices for raw in raws):
            raise ConfigError(f"card parser 'files' joins files without wide inputs only, not {self.format!r}.")
        joined = replace(raws[0], frame=pd.concat([raw.frame for raw in raws], ignore_index=True), lines=None)
        if self.group_copies_of is None:
            return joined
        copies = pd.factorize(pd.Series(canonical(joined.frame[self.group_copies_of].tolist())))[0]
        return replace(joined, frame=joined.frame.assign(copies=[f"c{number}" for number in copies]))


EXPORT = Files
