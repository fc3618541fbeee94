"""Cleaning rules, one file each, and the report of what they did: rows in, rows out, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from exapt.core.config import Piece
from exapt.core.contracts import Table
from exapt.core.errors import DataError
from exapt.core.registry import CLEANERS
from exapt.data.cleaning._rule import Keep, Rule

EXAMPLES = 3
DETAILS = 20
REPORTED = ("empty", "contradicting", "duplicated")
__all__ = ["CleaningReport", "Step", "apply", "check", "check_inputs", "clean"]


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
    """

    rule: str
    rows_in: int
    rows_out: int
    found: int
    reason: str
    examples: tuple[str, ...]
    kept: bool = False
    details: tuple[str, ...] = ()

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
        """The steps as JSON."""
        lists = [{"examples": list(step.examples), "details": list(step.details)} for step in self.steps]
        return [{**asdict(step), **found} for step, found in zip(self.steps, lists, strict=True)]


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
        examples, details = _examples(table, found), _details(rule, table, ~keep)
        steps.append(Step(piece.name, len(table), len(after), int(found.sum()), rule.reason, examples, details=details))
        table = after
    return table, steps


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


def check(table: Table) -> None:
    """Stop where a table cannot be learned from as it is.

    Raises
    ------
    DataError
        No rows, an empty input, a letter outside the alphabet, a missing target, a target with one value only.
    """
    if not len(table):
        raise DataError(f"{table.source}: no rows, only column names.")
    check_inputs(table)
    for name in table.names("target"):
        _check_target(table, name)


def check_inputs(table: Table) -> None:
    """The part of `check` that holds for new data without targets too."""
    from exapt.data.tables import where

    narrow = {name: column for name, column in table.columns.items() if name in table.frame}
    empty = ~CLEANERS.build("empty")(replace(table, columns=narrow))[0]
    if empty.any():
        others = f" ({int(empty.sum()):,} such rows)" if empty.sum() > 1 else ""
        raise DataError(
            f"{where(table, int(np.flatnonzero(empty)[0]))}: the input is empty{others}. "
            "Fill it in, or leave such rows out with clean: [empty]."
        )
    CLEANERS.build("bad_letters", on_unknown="error")(table)


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


def _details(rule: Rule, table: Table, dropped: Keep) -> tuple[str, ...]:
    from exapt.data.tables import where

    rows = np.flatnonzero(dropped)[:DETAILS].tolist()
    found = [(row, rule.details(table, row)) for row in rows]
    return tuple(f"{where(table, row)}: {text}" for row, text in found if text is not None)


def _examples(table: Table, found: Keep) -> tuple[str, ...]:
    first = table.take(np.flatnonzero(found)[:EXAMPLES])
    return tuple(first.ids()) if table.names("id") else tuple(f"row {i + 1}" for i in np.flatnonzero(found)[:EXAMPLES])
