"""The work on one block of a library: read it, score it, write the finished part. Any process, any machine, any order.

A part is written under a temporary name and moved, and the same block always gives the same part. So a part that is
there is complete; one that is made twice, because a machine was thought dead, is the same file again; and what is left
to do is known by looking at the folder.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from exapt.core.errors import DataError
from exapt.core.paths import atomic, read_json, write_json

TOGETHER = 512  # molecules that go through all scorers before the next ones, so that each is parsed once
SCORE = "score:"  # before the names of scorers in a part
SECONDS = b"seconds"
NOTE = "library.json"
COLUMNS = ("id", "smiles", "problem")
# A scorer whose score is the similarity to the nearest active, which is then found once.
NEAREST = {"kind": "similarity", "fingerprint": "ecfp4", "measure": "tanimoto", "bits": None, "nearest": 1}

Texts = Sequence[str]


@dataclass(frozen=True)
class Blocks:
    """A library in a folder: `NNNNNN.parquet` with columns id, smiles, problem, and a note once all is there."""

    folder: Path

    def path(self, number: int) -> Path:
        """The file of a block."""
        return self.folder / f"{number:06d}.parquet"

    def read(self, number: int) -> dict[str, list[Any]]:
        """Columns of a block: identifiers, SMILES, and what is known to be wrong with a row, else None."""
        from pyarrow import parquet

        found: dict[str, list[Any]] = parquet.read_table(self.path(number)).to_pydict()
        return found

    def write(self, number: int, piece: Mapping[Any, Sequence[Any]]) -> None:
        """Write a block."""
        import pyarrow as pa

        columns = {name: pa.array(piece[name], pa.string(), from_pandas=True) for name in COLUMNS}
        write_part(self.path(number), pa.table(columns))

    def close(self, sizes: Sequence[int]) -> None:
        """Say that all blocks are there."""
        write_json(self.folder / NOTE, {"rows": list(sizes)})

    def sizes(self) -> list[int] | None:
        """Rows of each block; None where not all of them are there yet."""
        note = self.folder / NOTE
        return list(read_json(note)["rows"]) if note.is_file() else None


def write_part(path: Path, table: Any) -> None:
    """Write an Arrow table as Parquet, complete or not at all."""
    from pyarrow import parquet

    with atomic(path) as temporary:
        parquet.write_table(table, temporary, compression="zstd")


@dataclass(frozen=True)
class Done:
    """A block that is finished.

    Attributes
    ----------
    number, rows, rejected
        Of the block; how many of its rows have no score.
    """

    number: int
    rows: int
    rejected: int


class Engine(Protocol):
    """Where the work is done: all blocks in any order, each at least once. The built-in `map` is one."""

    def __call__(self, work: Work, numbers: Sequence[int], /) -> Iterator[Done]:
        """Do the work on each block and tell of each when it is finished."""


@dataclass(frozen=True)
class Work:
    """What is done with each block.

    Attributes
    ----------
    folder
        Of the unfinished screen: blocks in `blocks/`, parts in `parts/`.
    scorers
        What `Scorer.plain` wrote.
    actives
        SMILES of known actives, of which the nearest is named; empty = there are none.
    filters, smarts
        Catalogues of alerts and own patterns by name.
    """

    folder: Path
    scorers: Sequence[Mapping[str, Any]]
    actives: Texts = ()
    filters: Texts = ()
    smarts: Mapping[str, str] = field(default_factory=dict)

    def part(self, number: int) -> Path:
        """The file of a finished part."""
        return self.folder / "parts" / f"{number:06d}.parquet"

    @property
    def blocks(self) -> Blocks:
        """The library."""
        return Blocks(self.folder / "blocks")

    @cached_property
    def _bench(self) -> Bench:
        return Bench(self)

    def __getstate__(self) -> dict[str, Any]:
        """All but what was built: each process builds its own."""
        return {key: value for key, value in self.__dict__.items() if key != "_bench"}

    def __call__(self, number: int) -> Done:
        """Make the part of a block, unless it is there.

        Raises
        ------
        DataError
            Where this machine does not see the folder.
        """
        from pyarrow import parquet

        part = self.part(number)
        if not part.is_file():
            if not self.blocks.path(number).is_file():
                raise DataError(
                    f"{self.blocks.path(number)}: not seen from this machine. "
                    "Put -o on storage that all machines share."
                )
            block = self.blocks.read(number)
            table = self._bench.table(block["smiles"], block["problem"])
            write_part(part, table)
        reasons = parquet.read_table(part, columns=["reason"])["reason"]
        return Done(number, len(reasons), len(reasons) - reasons.null_count)


class Bench:
    """Everything built that a block needs, once a process."""

    def __init__(self, work: Work) -> None:
        from exapt.api._screen_scorers import build

        self.scorers = [build(plain) for plain in work.scorers]
        self.nearest = Nearest(work.actives) if work.actives else None
        wanted = {**NEAREST, "actives": list(work.actives)}
        self.nearest_scorer = next((s for s in self.scorers if {**s.plain(), **wanted} == s.plain()), None)
        self.alerts = None
        if work.filters or work.smarts:
            from exapt.bio.chem.alerts import Alerts

            self.alerts = Alerts(tuple(work.filters), smarts=dict(work.smarts))

    def table(self, smiles: Texts, problems: Sequence[str | None]) -> Any:
        """The part of n rows in their order, as an Arrow table that also says how long each step took."""
        import pyarrow as pa

        from exapt.bio.chem.standard import parsed_once

        seconds: dict[str, float] = {}
        pieces = []
        for i in range(0, len(smiles), TOGETHER):
            with parsed_once():
                pieces.append(self._piece(smiles[i : i + TOGETHER], problems[i : i + TOGETHER], seconds))
        names = list(pieces[0])
        columns = {name: np.concatenate([piece[name] for piece in pieces]) for name in names}
        arrays = {name: pa.array(values, from_pandas=values.dtype == object) for name, values in columns.items()}
        for name in ("marks", "reason"):
            arrays[name] = pa.array(columns[name], type=pa.string())
        return pa.table(arrays).replace_schema_metadata({SECONDS: json.dumps(seconds).encode()})

    def _piece(
        self, smiles: Texts, problems: Sequence[str | None], seconds: dict[str, float]
    ) -> dict[str, NDArray[Any]]:
        clock = _Clock(seconds)
        spelled, reason = self._read(smiles, problems)
        clock.stop("read")
        good = np.flatnonzero([value is None for value in reason])
        readable = [smiles[i] for i in good.tolist()]
        n = len(smiles)
        found: dict[str, NDArray[Any]] = {"key": np.zeros(n, dtype=np.uint64)}
        found["key"][good] = [_key(spelled[i] or "") for i in good.tolist()]
        if self.nearest is not None:
            found["nearest"], found["similarity"] = np.full(n, -1, np.int32), np.full(n, np.nan, np.float32)
            found["nearest"][good], found["similarity"][good] = self.nearest(readable)
            clock.stop(self.nearest_scorer.name if self.nearest_scorer else "nearest active")
        for scorer in self.scorers:
            scores = np.full(n, np.nan)
            if scorer is self.nearest_scorer:
                scores[good] = found["similarity"][good]
            elif len(good):
                scores[good] = scorer.score(readable)
            for i in good[np.isnan(scores[good])]:
                reason[i] = reason[i] or f"no score by {scorer.name}"
            found[SCORE + scorer.name] = scores
            clock.stop(scorer.name)  # next to nothing more where the nearest active was the score
        marks = np.full(n, "", dtype=object)
        if self.alerts is not None and len(good):
            marks[good] = self.alerts.mark(readable)
            clock.stop("filters")
        return {**found, "marks": marks, "reason": np.array(reason, dtype=object)}

    def _read(self, smiles: Texts, problems: Sequence[str | None]) -> tuple[list[str | None], list[str | None]]:
        """Canonical spelling of each molecule, and why it has none."""
        from exapt.bio.chem.standard import canonical, problem

        spelled = canonical(smiles)
        reasons = list(problems)
        for i, (text, found) in enumerate(zip(smiles, spelled, strict=True)):
            if found is None and reasons[i] is None:
                reasons[i] = problem(text) or "RDKit cannot make a molecule of it" if text else "no SMILES"
        return spelled, reasons


class Nearest:
    """The most similar of the known actives, by the Tanimoto similarity of ECFP4."""

    def __init__(self, actives: Texts) -> None:
        from exapt.bio.chem.counted import References, keys

        self._references = References(keys(actives))

    def __call__(self, smiles: Texts) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
        """Which active, and its similarity, of n molecules: both (n,)."""
        from exapt.bio.chem.counted import keys

        similar = self._references.similarity(keys(smiles))
        best = similar.argmax(1)
        return best, similar[np.arange(len(best)), best]


class _Clock:
    """Adds the seconds of processor time since the last stop to a step."""

    def __init__(self, seconds: dict[str, float]) -> None:
        self._seconds, self._last = seconds, _processor_time()

    def stop(self, step: str) -> None:
        """End of a step."""
        now = _processor_time()
        self._seconds[step] = self._seconds.get(step, 0.0) + now - self._last
        self._last = now


def _processor_time() -> float:
    """Seconds of this process and of those that it has started and seen end."""
    used = os.times()
    return time.process_time() + used.children_user + used.children_system


def _key(text: str) -> int:
    """64 bits that stand for a molecule: two in a library of 10^8 share them by chance once in 4,000 libraries."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")
