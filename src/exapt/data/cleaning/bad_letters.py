"""Letters outside the alphabet of DNA, RNA or protein: drop the row, write "unknown" instead, or stop."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from exapt.bio.sequence.alphabets import Alphabet, alphabet
from exapt.core.contracts import Rows, Table
from exapt.core.errors import ConfigError, DataError
from exapt.data.cleaning._rule import LETTERS, Keep, Rule, text_inputs, with_text
from exapt.data.tables import where


@dataclass(frozen=True)
class BadLetters(Rule):
    """Compare every letter with the IUPAC alphabet of its column.

    Parameters
    ----------
    on_unknown
        ``drop`` the row, ``replace`` the letter by N (DNA, RNA) or X (protein), or stop with an ``error``.
    """

    on_unknown: Literal["drop", "replace", "error"] = "drop"
    reason: ClassVar[str] = "letters outside the alphabet"
    mends: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if self.on_unknown not in ("drop", "replace", "error"):
            raise ConfigError(f"bad_letters: on_unknown is drop, replace or error, not {self.on_unknown!r}.")

    def __call__(self, table: Table) -> tuple[Keep, Table]:
        """Keep rows that are spelled in their alphabet.

        Raises
        ------
        DataError
            With ``on_unknown="error"``: file:line, letter, alphabet and remedy.
        """
        keep, changed = np.ones(len(table), dtype=bool), {}
        for name in text_inputs(table, LETTERS):
            letters = alphabet(table.columns[name].modality)
            values = table.frame[name].tolist()
            if letters.accepts(values):
                continue
            bad = np.array([bool(letters.foreign(value)) for value in values])
            if self.on_unknown == "error":
                raise DataError(_message(table, name, letters, bad))
            if self.on_unknown == "replace":
                foreign = re.compile(f"[^{letters.all_letters}]", re.IGNORECASE)
                changed[name] = [foreign.sub(letters.unknown, value) for value in values]
            else:
                keep &= ~bad
        return keep, with_text(table, changed)

    def details(self, table: Table, rows: Rows) -> list[str]:
        """The first letter of each row that is not in its alphabet, and the column that it stands in."""
        found = [""] * len(rows)
        for name in reversed(text_inputs(table, LETTERS)):
            letters = alphabet(table.columns[name].modality)
            for position, value in enumerate(table.frame[name].iloc[rows]):
                if foreign := letters.foreign(value):
                    found[position] = f"letter {foreign[0]!r} of {name!r} is not in the {letters.name} alphabet"
        return found


def _message(table: Table, name: str, letters: Alphabet, bad: Keep) -> str:
    row = int(np.flatnonzero(bad)[0])
    found = letters.foreign(table.frame[name].iloc[row])[0]
    others = f" ({int(bad.sum()):,} such rows)" if bad.sum() > 1 else ""
    return (
        f"{where(table, row)}: letter {found!r} of {name!r} is not in the {letters.name} alphabet "
        f"{letters.all_letters}{others}. Fix the file, or clean: [{{name: bad_letters, on_unknown: replace}}] "
        f"writes {letters.unknown}, on_unknown: drop leaves such rows out."
    )


EXPORT = BadLetters
