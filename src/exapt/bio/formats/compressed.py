"""Files that may be gzip, told by their first bytes, and errors that name file and line."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO, cast

from exapt.core.errors import DataError
from exapt.core.paths import atomic

GZIP_MAGIC = b"\x1f\x8b"


def is_gzip(path: Path) -> bool:
    """Whether a file starts with the gzip magic bytes, whatever its name."""
    with path.open("rb") as file:
        return file.read(2) == GZIP_MAGIC


@contextmanager
def open_binary(path: Path) -> Iterator[BinaryIO]:
    """Open a plain or gzip file for reading bytes.

    Raises
    ------
    DataError
        Where the file is missing, is a folder, may not be read, or is a damaged or truncated gzip; also while
        the body of the ``with`` reads on.
    """
    try:
        if is_gzip(path):
            with gzip.open(path, "rb") as file:
                yield cast("BinaryIO", file)
        else:
            with path.open("rb") as plain:
                yield plain
    except EOFError:
        raise DataError(f"{path}: the gzip file is cut in the middle. Copy or download it again.") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path}: the gzip file is damaged ({error}). Copy or download it again.") from None
    except FileNotFoundError:
        raise DataError(f"{path}: no such file.") from None
    except IsADirectoryError:
        raise DataError(f"{path}: is a folder, not a file.") from None
    except PermissionError:
        raise DataError(f"{path}: may not be read (permission denied).") from None


def text_lines(file: BinaryIO, where: str) -> Iterator[tuple[int, str]]:
    r"""Number, from 1, and text of each line, without its end, be it of Unix or Windows, and without a byte order mark.

    Raises
    ------
    DataError
        With ``file:line``, where a line is not UTF-8.

    Examples
    --------
    >>> list(text_lines(io.BytesIO(b"a\tb \r\n\n"), "x.tsv"))
    [(1, 'a\tb '), (2, '')]
    """
    for number, raw in enumerate(file, start=1):
        try:
            yield number, raw.decode("utf-8-sig" if number == 1 else "utf-8").rstrip("\r\n")
        except UnicodeDecodeError as error:
            byte = f"{raw[error.start]:#04x}"
            raise DataError(f"{where}:{number}: not UTF-8 text (byte {byte}). Save it as UTF-8.") from None


@contextmanager
def open_text(path: Path) -> Iterator[TextIO]:
    """Open a text file for writing, atomically, gzip where its name ends in ``.gz``; the same text, the same bytes."""
    with ExitStack() as stack:
        file: BinaryIO = stack.enter_context(stack.enter_context(atomic(path)).open("wb"))
        if path.suffix == ".gz":
            zipped = stack.enter_context(gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0))
            file = cast("BinaryIO", zipped)
        yield stack.enter_context(io.TextIOWrapper(file, encoding="utf-8", newline="\n"))
