"""Files of public repositories at a pinned commit, in a cache, checked by SHA-256.

``EXAPT_MIRROR=<dir>`` reads ``<dir>/<owner>/<repo>/<commit>/<path>`` instead of the network;
``EXAPT_CACHE=<dir>`` moves the cache.
"""

from __future__ import annotations

import http.client
import os
import sys
import urllib.error
import urllib.parse
import urllib.request
from http import HTTPStatus
from pathlib import Path

from exapt.core.errors import DataError, StorageError
from exapt.core.paths import storage_errors
from exapt.core.progress import Bar, bar
from exapt.core.provenance import sha256

HOST = "https://raw.githubusercontent.com"
PIECE = 1 << 16
ATTEMPTS = 3
TIMEOUT_SECONDS = 30


def cache_folder() -> Path:
    """Where downloads are kept: ``$EXAPT_CACHE``, or the platform's cache folder for this user."""
    if chosen := os.environ.get("EXAPT_CACHE"):
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "exapt"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA", str(Path.home()))) / "exapt" / "Cache"
    return Path(os.environ.get("XDG_CACHE_HOME", str(Path.home() / ".cache"))) / "exapt"


def fetch(repo: str, commit: str, path: str, digest: str, size: int, *, quiet: bool = False) -> Path:
    """A local path of one file, downloaded if it is not there yet.

    Parameters
    ----------
    repo
        ``owner/name`` on GitHub.
    commit
        Full commit hash.
    path
        Path inside the repository.
    digest
        SHA-256 that the bytes must have, hexadecimal.
    size
        Bytes, for the progress bar.
    quiet
        No progress bar.

    Raises
    ------
    DataError
        Where the file cannot be reached, or its bytes are not the expected ones (nothing is left behind).
    StorageError
        Where the cache cannot be written.
    """
    relative = Path(*repo.split("/"), commit, *path.split("/"))
    if mirror := os.environ.get("EXAPT_MIRROR"):
        return _from_mirror(Path(mirror) / relative, digest)
    target = cache_folder() / relative
    if target.is_file():
        if sha256(target) == digest:
            return target
        target.unlink()  # damaged after it was checked: fetch it again
    url = f"{HOST}/{repo}/{commit}/{urllib.parse.quote(path)}"
    part = target.with_name(target.name + ".part")
    try:
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
            _download(url, part, size, quiet=quiet)
    except StorageError:
        part.unlink(missing_ok=True)
        raise
    found = sha256(part)
    if found != digest:
        part.unlink()
        raise DataError(f"{url}: refused, SHA-256 is {found[:16]}..., expected {digest[:16]}...; nothing was kept.")
    part.replace(target)
    return target


def check(path: Path, digest: str) -> Path:
    """Return `path` if its bytes have this SHA-256.

    Raises
    ------
    DataError
        Where they do not.
    """
    found = sha256(path)
    if found != digest:
        raise DataError(f"{path}: refused, SHA-256 is {found[:16]}..., expected {digest[:16]}....")
    return path


def _from_mirror(path: Path, digest: str) -> Path:
    if not path.is_file():
        raise DataError(f"{path}: not in the mirror. Unset EXAPT_MIRROR to download it.")
    return check(path, digest)


def _download(url: str, part: Path, size: int, *, quiet: bool) -> None:
    """Fill `part` up to `size` bytes, going on where an earlier transfer stopped."""
    reason = "the connection was closed early"
    with bar(url.rsplit("/", 1)[-1], size, unit="B", done=_bytes_of(part), quiet=quiet) as progress:
        for _ in range(ATTEMPTS):
            try:
                _transfer(url, part, size, progress)
            except urllib.error.HTTPError as error:
                raise DataError(f"{url}: the server answers {error.code} {error.reason}.") from None
            except (urllib.error.URLError, http.client.HTTPException, TimeoutError, ConnectionError) as error:
                reason = str(getattr(error, "reason", "")) or type(error).__name__
            if _bytes_of(part) >= size:
                return
    raise DataError(
        f"{url}: {_bytes_of(part):,} of {size:,} bytes arrived ({reason}). "
        "Run the same command to go on from there, or set EXAPT_MIRROR to a folder that has the file."
    )


def _transfer(url: str, part: Path, size: int, progress: Bar) -> None:
    done = _bytes_of(part)
    if done >= size:
        done = 0  # the bytes of an earlier run were too many; its checksum could not have been right
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
        resumed = answer.status == HTTPStatus.PARTIAL_CONTENT
        with part.open("ab" if resumed else "wb") as file:
            while piece := answer.read(PIECE):
                file.write(piece)
                progress.advance(len(piece))


def _bytes_of(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
