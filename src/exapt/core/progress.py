"""Progress with rate and time left, on stderr only: a bar in a terminal, now and then a line in a log."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.table import Column
from rich.text import Text

WIDE = 100  # columns from which a terminal has room for the bar beside the numbers
PAUSE = 5.0  # seconds between two lines of a log


class Bar(Protocol):
    """Something that runs."""

    def advance(self, steps: int = 1) -> None:
        """Move on by some steps."""

    def note(self, text: str) -> None:
        """Show a short text behind the numbers, e.g. the validation score."""


@contextmanager
def bar(description: str, total: int | None, *, unit: str = "it", done: int = 0, quiet: bool = False) -> Iterator[Bar]:
    """Progress on stderr.

    Parameters
    ----------
    description
        Stands first.
    total
        Steps in all; None: unknown, only the rate is shown.
    unit
        What a step is.
    done
        Steps of an earlier, interrupted run; they do not count for the rate.
    quiet
        Show nothing.

    Examples
    --------
    >>> with bar("rows", 2, quiet=True) as progress:
    ...     progress.advance(2)
    """
    console = Console(stderr=True)
    if quiet or (sys.stderr.isatty() and not console.is_dumb_terminal):
        with Progress(*_columns(unit, console.width), console=console, disable=quiet) as progress:
            yield _Terminal(progress, description, total, done)
        return
    log = _Log(description, total, unit, done)
    yield log
    log.close()


def rate(speed: float | None, unit: str) -> str:
    """Steps a second with three significant digits.

    Examples
    --------
    >>> rate(41.666, "steps"), rate(123456.7, "rows"), rate(None, "rows")
    ('41.7 steps/s', '123,457 rows/s', '')
    """
    if speed is None:
        return ""
    return f"{speed:,.3g} {unit}/s" if speed < 1000 else f"{speed:,.0f} {unit}/s"


def _columns(unit: str, width: int) -> list[ProgressColumn]:
    rest = Column(no_wrap=True, overflow="ellipsis", ratio=1)
    columns: list[ProgressColumn] = [TextColumn("{task.description}", table_column=Column(no_wrap=True))]
    columns += [BarColumn(12)] if width >= WIDE else []
    columns += [MofNCompleteColumn(table_column=Column(no_wrap=True)), _Rate(unit)]
    columns += [TimeRemainingColumn(compact=True, table_column=Column(no_wrap=True))]
    return [*columns, TextColumn("{task.fields[note]}", table_column=rest)]


class _Rate(ProgressColumn):
    """Steps a second."""

    def __init__(self, unit: str) -> None:
        super().__init__(Column(no_wrap=True))
        self.unit = unit

    def render(self, task: Task) -> Text:
        return Text(rate(task.finished_speed or task.speed, self.unit))


class _Terminal:
    """A line that is drawn again and again."""

    def __init__(self, progress: Progress, description: str, total: int | None, done: int) -> None:
        self._progress = progress
        self._task = progress.add_task(description, total=total, completed=done, note="")

    def advance(self, steps: int = 1) -> None:
        self._progress.advance(self._task, steps)

    def note(self, text: str) -> None:
        self._progress.update(self._task, note=text)


class _Log:
    """Lines without control characters, at most one in `PAUSE` seconds, whatever runs one after the other."""

    written = float("-inf")  # when the last line was, of any

    def __init__(self, description: str, total: int | None, unit: str, done: int) -> None:
        self._description, self._total, self._unit = description, total, unit
        self._earlier, self._done, self._note = done, done, ""
        self._start = self._shown = time.monotonic()

    def advance(self, steps: int = 1) -> None:
        self._done += steps
        if time.monotonic() - self._shown >= PAUSE:
            self.write()

    def note(self, text: str) -> None:
        self._note = text

    def close(self) -> None:
        """The last line of what took a while, or where no line was written for a while."""
        now = time.monotonic()
        if now - self._start >= PAUSE or now - _Log.written >= PAUSE:
            self.write(over=True)

    def write(self, *, over: bool = False) -> None:
        """One line: steps, rate, time left (or taken, where it is over or the total is not known), note."""
        _Log.written = self._shown = time.monotonic()
        seconds = self._shown - self._start
        speed = (self._done - self._earlier) / seconds if seconds > 0 and self._done > self._earlier else None
        clock = f"{timedelta(seconds=round(seconds))} taken"
        if not over and self._total is not None and speed is not None:
            clock = f"{timedelta(seconds=round(max(0, self._total - self._done) / speed))} left"
        of = f"/{self._total:,}" if self._total is not None else ""
        parts = [f"{self._done:,}{of} {self._unit}", rate(speed, self._unit), clock, self._note]
        sys.stderr.write(f"{self._description}: {', '.join(part for part in parts if part)}\n")
        sys.stderr.flush()
