"""Parquet: one row an example, or a wide table of numeric profiles."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from exapt.core.errors import DataError
from exapt.data.formats import Format, Raw


@dataclass(frozen=True)
class Parquet(Format):
    """Typed columns.

    Parameters
    ----------
    matrix
        Make one wide input with this name of all numeric columns that have no role.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".parquet", ".pq")
    matrix: str | None = None

    def read(self, path: Path, text: Collection[str] = ()) -> Raw:
        """All rows."""
        with _opened(path) as file:
            return self._rows(file.read())

    def chunks(self, path: Path, rows: int, text: Collection[str] = ()) -> Iterator[Raw]:
        """Runs of rows, in bounded memory."""
        with _opened(path) as file:
            for batch in file.iter_batches(batch_size=rows):
                yield self._rows(batch)

    def _rows(self, batch: Any) -> Raw:
        frame = batch.to_pandas(ignore_metadata=True)
        frame.columns = [str(name) for name in frame.columns]
        return Raw(frame, gather=self.matrix)


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    import pyarrow
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            yield file
    except (pyarrow.ArrowInvalid, pyarrow.ArrowNotImplementedError, OSError) as error:
        raise DataError(f"{path}: not a readable Parquet file: {str(error).splitlines()[0]}") from None


EXPORT = Parquet
