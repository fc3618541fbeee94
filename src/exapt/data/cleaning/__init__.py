"""Cleaning rules, one file each, and the report of what they did: rows in, rows out, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
import pandas as pd

from exapt.core.config import Piece
from exapt.core.contracts import Rows, Table
from exapt.core.errors import DataError
from exapt.core.registry import CLEANERS
from exapt.data.cleaning._rule import Keep, Rule, text_inputs

EXAMPLES = 3
DETAILS = 20
REPORTED = ("empty", "unusual_molecules", "contradicting", "duplicated")
SIEVES = tuple(Piece(name=name) for name in ("readable_smiles", "empty", "bad_letters"))  # what `check_inputs` refuses
REJECTED = ("where", "id", "rule", "reason")
__all__ = ["SIEVES", "CleaningReport", "Step", "apply", "check", "check_inputs", "clean", "rejected"]


@dataclass(frozen=True)
class Step:
    """What one rule did.

    Attributes
    ----------
    rule
        Its name.
    rows_in, rows_out
        Rows before and after.
    found
        Rows that were dropped or changed; of a rule that only reports, those that it would drop.
    reason
        What these rows have.
    examples
        Up to three of their identifiers.
    kept
        True where the rule was not asked for, so the rows are still there.
    details
        Of a rule whose rows have each a reason of their own: place and reason of the first 20.
    rejected
        All rows that were dropped: columns where, id, rule, reason, and the inputs that are text.
    """

    rule: str
    rows_in: int
    rows_out: int
    found: int
    reason: str
    examples: tuple[str, ...]
    kept: bool = False
    details: tuple[str, ...] = ()
    rejected: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(REJECTED)), compare=False)

    def line(self) -> str:
        """One printable line."""
        such = f", e.g. {', '.join(self.examples)}" if self.examples else ""
        if self.kept:
            remedy = f"clean: [{self.rule}] drops them"
            return f"{self.rule}: {self.found:,} of {self.rows_in:,} rows have {self.reason} (kept; {remedy}){such}"
        changed = f"; {self.found:,} changed" if self.rows_in == self.rows_out and self.found else ""
        return f"{self.rule}: {self.rows_in:,} -> {self.rows_out:,} rows ({self.reason}{changed}){such}"


@dataclass(frozen=True)
class CleaningReport:
    """All steps, in order.

    Examples
    --------
    >>> report = CleaningReport((Step("empty", 10, 9, 1, "empty input", ("g7",)),))
    >>> report.lines()
    ['empty: 10 -> 9 rows (empty input), e.g. g7']
    """

    steps: tuple[Step, ...] = ()

    def lines(self) -> list[str]:
        """One printable line a step, and one a row that has a reason of its own."""
        return [line for step in self.steps for line in (step.line(), *step.details)]

    def as_list(self) -> list[dict[str, Any]]:
        """The steps as JSON, without the rejected rows."""
        names = [part.name for part in fields(Step) if part.name != "rejected"]
        steps = ({name: getattr(step, name) for name in names} for step in self.steps)
        return [{key: list(value) if isinstance(value, tuple) else value for key, value in s.items()} for s in steps]

    @property
    def rejected(self) -> pd.DataFrame:
        """All rows that were dropped, in the order of the rules: where, id, rule, reason, and the inputs."""
        return rejected(self.steps)


def apply(table: Table, rules: Sequence[Piece]) -> tuple[Table, list[Step]]:
    """Apply rules in order.

    Raises
    ------
    ConfigError
        Where a rule or an option is unknown.
    """
    steps = []
    for piece in rules:
        rule: Rule = CLEANERS.build(piece.name, **piece.options)
        keep, changed = rule(table)
        found = ~keep | _differs(table, changed)
        after = changed if keep.all() else changed.take(np.flatnonzero(keep))
        examples, n = _examples(table, found), int(found.sum())
        details, lost = _lost(piece.name, rule, table, np.flatnonzero(~keep))
        steps.append(Step(piece.name, len(table), len(after), n, rule.reason, examples, details=details, rejected=lost))
        table = after
    return table, steps


def rejected(steps: Sequence[Step]) -> pd.DataFrame:
    """The dropped rows of several steps in one table: where, id, rule, reason, and the inputs that are text."""
    parts = [step.rejected for step in steps if len(step.rejected)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=list(REJECTED))


def clean(table: Table, rules: Sequence[Piece]) -> tuple[Table, CleaningReport]:
    """Apply rules; then report cells without counts, contradictions and duplicates, which stay.

    Raises
    ------
    ConfigError
        Where a rule or an option is unknown.
    DataError
        Where no row is left.
    """
    table, steps = apply(table, rules)
    if steps and not len(table):
        last = next(step for step in steps if not step.rows_out)
        raise DataError(f"{table.source}: no row is left: {last.line()}.")
    asked = {piece.name for piece in rules}
    for name in (name for name in REPORTED if name not in asked):
        rule: Rule = CLEANERS.build(name)
        found = ~rule(table)[0]
        if found.any():
            n = len(table)
            steps.append(Step(name, n, n, int(found.sum()), rule.reason, _examples(table, found), kept=True))
    return table, CleaningReport(tuple(steps))


def check(table: Table, *, molecules: bool = True) -> None:
    """Stop where a table cannot be learned from as it is.

    Parameters
    ----------
    table
        After cleaning.
    molecules
        False: all molecules are known to be readable; reading them takes some seconds each 100,000.

    Raises
    ------
    DataError
        No rows, an unreadable molecule, an empty input, a letter outside the alphabet, a missing target, a target with
        one value only.
    """
    if not len(table):
        raise DataError(f"{table.source}: no rows, only column names.")
    check_inputs(table, molecules=molecules)
    for name in table.names("target"):
        _check_target(table, name)


def check_inputs(table: Table, *, molecules: bool = True) -> None:
    """The part of `check` that holds for new data without targets too."""
    from exapt.data.tables import where

    if molecules:
        _check_molecules(table)
    narrow = {name: column for name, column in table.columns.items() if name in table.frame}
    empty = ~CLEANERS.build("empty")(replace(table, columns=narrow))[0]
    if empty.any():
        others = f" ({int(empty.sum()):,} such rows)" if empty.sum() > 1 else ""
        raise DataError(
            f"{where(table, int(np.flatnonzero(empty)[0]))}: the input is empty{others}. "
            "Fill it in, or leave such rows out with clean: [empty]."
        )
    CLEANERS.build("bad_letters", on_unknown="error")(table)


def _check_molecules(table: Table) -> None:
    (step,) = apply(table, SIEVES[:1])[1]
    if not step.found:
        return
    first = step.rejected.iloc[0]
    if "from_inchi" in first["reason"]:
        raise DataError(f"{first['where']}: {first['reason']} ({step.found:,} such rows): clean: [from_inchi].")
    shown = "".join(f"\n  {line}" for line in step.details[:EXAMPLES])
    more = f"\n  ... and {step.found - EXAMPLES:,} more" if step.found > EXAMPLES else ""
    raise DataError(
        f"{table.source}: RDKit cannot read {step.found:,} of {len(table):,} molecules:{shown}{more}\n"
        "Mend them, or leave them out with clean: [readable_smiles], which lists each with its reason."
    )


def _check_target(table: Table, name: str) -> None:
    from exapt.data.tables import where

    values = table.frame[name]
    missing = np.flatnonzero(values.isna().to_numpy())
    one_of_many = len(table.names("target")) > 1 and table.frame[table.names("target")].notna().any(axis=1).all()
    if len(missing) and not one_of_many:
        rows = "; ".join(where(table, int(row)) for row in missing[:EXAMPLES])
        raise DataError(
            f"{table.source}: target {name!r} is missing in {len(missing):,} of {len(table):,} rows ({rows}). "
            "Fill it in, or leave such rows out with clean: [drop_missing_target]."
        )
    if values.nunique() == 1:
        word = "class" if table.columns[name].modality == "label" else "value"
        raise DataError(
            f"{table.source}: target {name!r} has only one {word}, {values.dropna().tolist()[0]!r}, in all "
            f"{len(table):,} rows; there is nothing to learn. Choose another --target or add rows."
        )


def _differs(before: Table, after: Table) -> Keep:
    differs = np.zeros(len(before), dtype=bool)
    if after is not before:
        for name in before.names("input"):
            if name in before.frame:
                differs |= (before.frame[name] != after.frame[name]).to_numpy()
    return differs


def _lost(name: str, rule: Rule, table: Table, rows: Rows) -> tuple[tuple[str, ...], pd.DataFrame]:
    """Place and reason of the first dropped rows where each has its own, and all of them as a table."""
    from exapt.data.tables import places, where

    reasons = rule.details(table, rows) if len(rows) else None
    listed = zip(rows[:DETAILS].tolist(), reasons or (), strict=False)
    inputs = {column: table.frame[column].iloc[rows].tolist() for column in text_inputs(table)}
    ids = table.names("id")
    own = {
        "where": places(table, rows),
        "id": table.frame[ids[0]].iloc[rows].tolist() if ids else [""] * len(rows),
        "rule": [name] * len(rows),
        "reason": reasons or [rule.reason] * len(rows),
    }
    return tuple(f"{where(table, row)}: {text}" for row, text in listed), pd.DataFrame({**inputs, **own})[
        [*own, *inputs]
    ]


def _examples(table: Table, found: Keep) -> tuple[str, ...]:
    first = table.take(np.flatnonzero(found)[:EXAMPLES])
    return tuple(first.ids()) if table.names("id") else tuple(f"row {i + 1}" for i in np.flatnonzero(found)[:EXAMPLES])
