"""Progress with rate and time left, on stderr only."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text


class Bar:
    """A running bar; `advance` moves it, `note` changes the text at its end."""

    def __init__(self, progress: Progress, task: TaskID) -> None:
        self._progress = progress
        self._task = task

    def advance(self, steps: int = 1) -> None:
        """Move on by some steps."""
        self._progress.advance(self._task, steps)

    def note(self, text: str) -> None:
        """Show a short text behind the bar, e.g. the validation score."""
        self._progress.update(self._task, note=text)


@contextmanager
def bar(description: str, total: int | None, *, unit: str = "it", quiet: bool = False) -> Iterator[Bar]:
    """A progress bar on stderr for `total` steps (None: unknown length, only the rate).

    Examples
    --------
    >>> with bar("rows", 2, quiet=True) as progress:
    ...     progress.advance(2)
    """
    progress = Progress(
        TextColumn("{task.description}"),
        BarColumn(12),
        MofNCompleteColumn(),
        _Rate(unit),
        TimeRemainingColumn(),
        TextColumn("{task.fields[note]}"),
        console=Console(stderr=True),
        disable=quiet,
    )
    with progress:
        yield Bar(progress, progress.add_task(description, total=total, note=""))


class _Rate(TextColumn):
    """Steps a second."""

    def __init__(self, unit: str) -> None:
        super().__init__("")
        self.unit = unit

    def render(self, task: Task) -> Text:
        """Format the rate with three significant digits."""
        speed = task.finished_speed or task.speed
        if speed is None:
            return Text("")
        return Text(f"{speed:,.3g} {self.unit}/s" if speed < 1000 else f"{speed:,.0f} {self.unit}/s")
