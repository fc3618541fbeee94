"""Writing without leaving anything half-written: to a temporary name first, then one rename."""

from __future__ import annotations

import errno
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from exapt.core.errors import ConfigError, DataError, ExaptError, RunExistsError, StorageError

FULL = "No space left on device"  # how libraries that are not Python's own word it


@contextmanager
def storage_errors(path: Path) -> Iterator[None]:
    """Turn "disk full" and "permission denied" into a StorageError that names the path."""
    try:
        yield
    except ExaptError:
        raise
    except Exception as error:
        number = error.errno if isinstance(error, OSError) else None
        if number in (errno.ENOSPC, errno.EDQUOT) or FULL in str(error):
            raise StorageError(f"{path}: no space left on the disk. Free some and run the same command.") from error
        if number in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StorageError(f"{path}: cannot be written ({error}). Choose another -o.") from error
        raise


@contextmanager
def atomic(path: Path) -> Iterator[Path]:
    """Give a temporary path beside `path`; move it there on success, remove it on failure.

    Examples
    --------
    >>> import tempfile
    >>> target = Path(tempfile.mkdtemp()) / "a.txt"
    >>> with atomic(target) as temporary:
    ...     _ = temporary.write_text("done")
    >>> target.read_text()
    'done'
    """
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.parent / f".{path.name}.{os.getpid()}.tmp"
        try:
            yield temporary
            if temporary.is_file():
                with temporary.open("rb") as file:
                    os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            if temporary.is_dir():
                shutil.rmtree(temporary)
            else:
                temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Write a text file atomically, as UTF-8."""
    with atomic(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def write_json(path: Path, value: Any) -> None:
    """Write JSON atomically, indented, NaN as null refused by `allow_nan=False`."""
    write_text(path, json.dumps(value, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Read JSON; the caller knows its shape.

    Raises
    ------
    DataError
        Where the file is missing or damaged.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file, so {path.parent} is not complete. Make it again.") from None
    except ValueError as error:
        raise DataError(f"{path}: not a JSON file, cut short or damaged ({error}). Make it again.") from None


def refuse_existing(path: Path, *, force: bool) -> None:
    """Stop before any work if the output is there already.

    Raises
    ------
    RunExistsError
        Where `path` exists and `force` is False.
    """
    if path.exists() and not force:
        raise RunExistsError(f"{path} exists already and was left as it is. Choose another -o, or pass --force.")


def refuse_outputs(*paths: Path | None, force: bool) -> None:
    """The same for the several files that a verb writes; None = not asked for.

    Raises
    ------
    ConfigError
        Where two of them have one name.
    RunExistsError
        Where one exists and `force` is False.
    """
    wanted = [path for path in paths if path is not None]
    if len({path.resolve() for path in wanted}) < len(wanted):
        raise ConfigError("Each output is a file of its own; two of them have the same name.")
    for path in wanted:
        refuse_existing(path, force=force)
