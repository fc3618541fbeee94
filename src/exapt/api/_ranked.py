"""From finished parts to the ranking and its files, in memory that holds numbers, not texts."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.api._screen_work import SCORE, SECONDS, Work
from exapt.core.paths import atomic

LINES = 1 << 20  # that are put in order at a time
MOST_FILES = 256
DUPLICATE = "duplicate"


@dataclass(frozen=True)
class Ranking:
    """Every row of a library and its place.

    Attributes
    ----------
    place
        (n,) int64, 0 = best; -1 where a row has no score.
    fused
        (n,) float64, NaN where a row has no score.
    repeated
        (n,) True where the same molecule stands in an earlier row.
    marked
        Number of ranked rows with a mark of a filter.
    seconds
        Step -> seconds, summed over all processes.
    """

    place: NDArray[np.int64]
    fused: NDArray[np.float64]
    repeated: NDArray[np.bool_]
    marked: int
    seconds: dict[str, float]

    @property
    def ranked(self) -> int:
        """Number of rows with a place."""
        return int((self.place >= 0).sum())


def rank(work: Work, sizes: Sequence[int], fuse: str) -> Ranking:
    """Fuse the scores of all rows and put them in order, equal ones in the order of the library.

    Parameters
    ----------
    work
        Whose parts are all there.
    sizes
        Rows of each part.
    fuse
        Rule of `exapt.tasks.screening.fusion`; a single scorer ranks by its own scores.
    """
    from pyarrow import parquet

    from exapt.tasks.screening.fusion import fuse as fused_by

    names = [plain["name"] for plain in work.scorers]
    scores = {name: np.empty(sum(sizes)) for name in names}
    keys, good = np.empty(sum(sizes), dtype=np.uint64), np.empty(sum(sizes), dtype=bool)
    marked, seconds, start = 0, dict[str, float](), 0
    for number, size in enumerate(sizes):
        part = parquet.read_table(work.part(number), columns=["key", "reason", "marks", *(SCORE + n for n in names)])
        here = slice(start, start + size)
        good[here] = part["reason"].is_null().to_numpy()
        keys[here] = part["key"].to_numpy()
        marked += int(((part["marks"].to_numpy() != "") & good[here]).sum())
        for name in names:
            scores[name][here] = np.where(good[here], part[SCORE + name].to_numpy(), np.nan)
        for step, taken in json.loads(part.schema.metadata[SECONDS]).items():
            seconds[step] = seconds.get(step, 0.0) + taken
        start += size
    fused = scores[names[0]] if len(names) == 1 else fused_by(scores, how=fuse)
    order = np.flatnonzero(good)
    order = order[np.argsort(-fused[order], kind="stable")]
    place = np.full(len(fused), -1, dtype=np.int64)
    place[order] = np.arange(len(order))
    return Ranking(place, fused, _repeated(keys, good), marked, seconds)


def _repeated(keys: NDArray[np.uint64], good: NDArray[np.bool_]) -> NDArray[np.bool_]:
    rows = np.flatnonzero(good)
    _, first = np.unique(keys[rows], return_index=True)
    repeated = good.copy()
    repeated[rows[first]] = False
    return repeated


def columns(work: Work) -> list[str]:
    """The columns of the ranked table."""
    nearest = ["nearest_active", "nearest_similarity", "similarity_band"] if len(work.actives) else []
    return ["rank", "id", "smiles", "score", *(plain["name"] for plain in work.scorers), *nearest, "marks"]


def write_ranked(output: Path, work: Work, sizes: Sequence[int], ranking: Ranking, actives: Sequence[str]) -> None:
    """Write the ranked table, whatever its length: rows go to the file of their stretch of ranks, then each is sorted.

    Parameters
    ----------
    output
        A TSV; gzip where its name ends in `.gz`.
    work, sizes, ranking
        As `rank` has them.
    actives
        Names of the known actives.
    """
    stretch = max(LINES, -(-ranking.ranked // MOST_FILES))
    count = max(1, -(-ranking.ranked // stretch))
    paths = [work.folder / f"stretch{i:03d}.tsv" for i in range(count)]
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("wb")) for path in paths]
        start = 0
        for number, size in enumerate(sizes):
            here = ranking.place[start : start + size]
            rows = np.flatnonzero(here >= 0)
            lines = list(_lines(work, number, rows, ranking, start, actives))
            homes = here[rows] // stretch
            for home in np.unique(homes):
                files[home].writelines(lines[i] for i in np.flatnonzero(homes == home))
            start += size
    with _open(output) as file:
        file.write(("\t".join(columns(work)) + "\n").encode())
        in_library_order = ranking.place[ranking.place >= 0]
        for number, path in enumerate(paths):
            mine = in_library_order[in_library_order // stretch == number]
            lines = path.read_bytes().splitlines(keepends=True)
            file.writelines(lines[i] for i in np.argsort(mine))
            path.unlink()


def _lines(
    work: Work, number: int, rows: NDArray[np.int64], ranking: Ranking, start: int, actives: Sequence[str]
) -> Iterator[bytes]:
    """Lines of the ranked rows of a block, in their order in the block."""
    from pyarrow import parquet

    from exapt.evaluate.bands import band_names

    block = work.blocks.read(number)
    ids, smiles = block["id"], block["smiles"]
    part = parquet.read_table(work.part(number)).to_pydict()
    scores = [part[SCORE + plain["name"]] for plain in work.scorers]
    bands = band_names(part["similarity"]) if len(actives) else []
    digits = 6 if len(scores) == 1 else 10  # a mean of ranks has as many as the library has molecules
    for row in rows:
        fused = f"{ranking.fused[start + row]:.{digits}g}"
        values = [str(ranking.place[start + row] + 1), ids[row], smiles[row], fused]
        values += [f"{column[row]:.6g}" for column in scores]
        if len(actives):
            similarity = part["similarity"][row]
            values += [actives[part["nearest"][row]], f"{similarity:.3f}", bands[row]]
        marks = [part["marks"][row]] if part["marks"][row] else []
        marks += [DUPLICATE] if ranking.repeated[start + row] else []
        yield ("\t".join([*values, "; ".join(marks)]) + "\n").encode()


def write_rejected(output: Path, work: Work, sizes: Sequence[int]) -> int:
    """Write the rows that have no place: row in the library from 1, id, smiles, reason; returns how many."""
    from pyarrow import parquet

    rejected = start = 0
    with _open(output) as file:
        file.write(b"row\tid\tsmiles\treason\n")
        for number, size in enumerate(sizes):
            reasons = parquet.read_table(work.part(number), columns=["reason"])["reason"].to_pylist()
            wrong = [i for i, reason in enumerate(reasons) if reason is not None]
            block = work.blocks.read(number) if wrong else {}
            for i in wrong:
                fields = [str(start + i + 1), block["id"][i], block["smiles"][i], " ".join(reasons[i].split())]
                file.write(("\t".join(fields) + "\n").encode())
            rejected += len(wrong)
            start += size
    return rejected


def best(output: Path, count: int) -> pd.DataFrame:
    """The first rows of a ranked table, all columns as the text that stands there."""
    return pd.read_csv(output, sep="\t", nrows=count, dtype=str, keep_default_na=False, quoting=csv.QUOTE_NONE)


def as_records(rows: pd.DataFrame, scorers: Sequence[str]) -> list[dict[str, Any]]:
    """Rows of a ranked table for JSON, numbers as numbers."""
    numbers = {"rank": int, **dict.fromkeys(("score", "nearest_similarity", *scorers), float)}
    records = rows.to_dict(orient="records")
    return [{str(k): numbers[k](v) if k in numbers else v for k, v in record.items()} for record in records]


@contextmanager
def _open(output: Path) -> Iterator[IO[bytes]]:
    """A file that appears complete or not at all; gzip without a time stamp, so that equal content is equal bytes."""
    with atomic(output) as temporary, temporary.open("wb") as plain:
        if output.suffix == ".gz":
            with gzip.GzipFile(filename="", mode="wb", fileobj=plain, mtime=0) as file:
                yield file  # type: ignore[misc]
        else:
            yield plain
