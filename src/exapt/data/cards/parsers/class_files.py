"""FASTA files of classes: the name of the file, or the word behind each identifier, says what its records are."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from exapt.bio.formats import fasta
from exapt.bio.formats.compressed import open_binary
from exapt.core.errors import ConfigError
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw


@dataclass(frozen=True)
class ClassFiles(Parser):
    """Columns id, sequence and label; `split` where the files are parts.

    Parameters
    ----------
    classes
        File name -> label of its records; empty = the label follows the identifier in each header.
    parts
        File name -> part (train, valid, test); empty = no column `split`.
    pattern
        Regular expression with named groups, matched at the start of each identifier; the groups become columns.
    """

    classes: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, str] = field(default_factory=dict)
    pattern: str | None = None

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern or "")
        except re.error as error:
            raise ConfigError(f"card parser 'class_files': pattern {self.pattern!r}: {error}.") from None

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """All records of the files that are named, in the card's order."""
        chosen = self.classes or self.parts
        frames = []
        for path, place in files.items():
            name = path.rpartition("/")[2]
            if chosen and name not in chosen:
                continue
            frame = records_of(place)
            described = frame.pop("description")
            frame["label"] = self.classes.get(name, described)
            if self.parts:
                frame["split"] = self.parts[name]
            frames.append(frame)
        rows = pd.concat(frames, ignore_index=True)
        if self.pattern is not None:
            rows = rows.join(rows["id"].str.extract(self.pattern))
        return Raw(rows)


def records_of(path: Path) -> pd.DataFrame:
    """Identifier, sequence and description; a blank between '>' and the identifier is forgiven."""
    with open_binary(path) as file:
        text = re.sub(rb"(?m)^> +", b">", file.read())
    records = [(record.id, record.sequence, record.description) for record in fasta.parse(io.BytesIO(text), str(path))]
    return pd.DataFrame(records, columns=["id", "sequence", "description"])


EXPORT = ClassFiles
