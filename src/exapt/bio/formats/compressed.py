"""Files that may be gzip, told by their first bytes, and errors that name the file."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

from exapt.core.errors import DataError

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
