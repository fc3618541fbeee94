"""Downloads: resumed, atomic, checked; from a mirror; against a server that misbehaves."""

import errno
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from exapt.core.errors import DataError, StorageError
from exapt.data import download

BODY = bytes(range(256)) * 1000
SIZE = len(BODY)
DIGEST = hashlib.sha256(BODY).hexdigest()
COMMIT = "c" * 40


class Server(BaseHTTPRequestHandler):
    """Knows one file; sends at most `cut` bytes an answer, and understands Range unless told not to."""

    cut: int | None = None
    ranges = True
    asked: list[str | None] = []

    def do_GET(self):
        if self.path != f"/o/r/{COMMIT}/data/a%20b.bin":
            self.send_error(404, "Not Found")
            return
        wanted = self.headers.get("Range")
        type(self).asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted and self.ranges else 0
        self.send_response(206 if wanted and self.ranges else 200)
        self.send_header("Content-Length", str(len(BODY) - start))
        self.end_headers()
        self.wfile.write(BODY[start : None if self.cut is None else start + self.cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def server(monkeypatch, tmp_path):
    monkeypatch.delenv("EXAPT_MIRROR", raising=False)
    monkeypatch.setenv("EXAPT_CACHE", str(tmp_path / "cache"))
    handler = type("Handler", (Server,), {"asked": []})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        monkeypatch.setattr(download, "HOST", f"http://127.0.0.1:{running.server_port}")
        thread = threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield handler
        running.shutdown()
        thread.join()


def fetch(path="data/a b.bin", digest=DIGEST, size=SIZE):
    return download.fetch("o/r", COMMIT, path, digest, size, quiet=True)


def left_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.rglob("*") if path.is_file())


def test_a_file_is_fetched_once(server, tmp_path):
    path = fetch()
    assert path == tmp_path / "cache" / "o" / "r" / COMMIT / "data" / "a b.bin"
    assert path.read_bytes() == BODY
    assert fetch() == path
    assert server.asked == [None]


def test_an_interrupted_transfer_goes_on_where_it_stopped(server):
    server.cut = 100_000
    path = fetch()
    assert path.read_bytes() == BODY
    assert server.asked == [None, "bytes=100000-", "bytes=200000-"]


def test_the_next_command_goes_on_where_the_last_one_stopped(server, tmp_path):
    server.cut = 50_000
    with pytest.raises(DataError, match=r"150,000 of 256,000 bytes arrived .* Run the same command"):
        fetch()
    assert left_in(tmp_path) == ["a b.bin.part"]
    server.cut = None
    assert fetch().read_bytes() == BODY
    assert server.asked[-1] == "bytes=150000-"
    assert left_in(tmp_path) == ["a b.bin"]


def test_a_server_without_ranges_sends_all_again(server):
    server.cut = 100_000
    server.ranges = False
    with pytest.raises(DataError, match="bytes arrived"):
        fetch()
    server.cut = None
    assert fetch().read_bytes() == BODY


def test_wrong_bytes_are_refused_and_nothing_is_left(server, tmp_path):
    with pytest.raises(DataError, match="refused, SHA-256 is"):
        fetch(digest="0" * 64)
    assert left_in(tmp_path) == []


def test_a_damaged_copy_in_the_cache_is_fetched_again(server):
    path = fetch()
    path.write_bytes(b"damaged")
    assert fetch().read_bytes() == BODY
    assert len(server.asked) == 2


def test_too_long_a_part_of_another_file_is_not_continued(server, tmp_path):
    part = tmp_path / "cache" / "o" / "r" / COMMIT / "data" / "a b.bin.part"
    part.parent.mkdir(parents=True)
    part.write_bytes(BODY + b"more")
    assert fetch().read_bytes() == BODY


def test_missing_at_the_server(server):
    with pytest.raises(DataError, match=r"the server answers 404 Not Found"):
        fetch(path="data/other.bin")


def test_no_network(server, monkeypatch):
    monkeypatch.setattr(download, "HOST", "http://127.0.0.1:9")
    with pytest.raises(DataError, match=r"0 of 256,000 bytes arrived .*EXAPT_MIRROR"):
        fetch()


def test_a_full_disk_leaves_nothing(server, tmp_path, monkeypatch):
    real = Path.open

    class Full:
        def __init__(self, file):
            self.file = file

        def __enter__(self):
            return self

        def __exit__(self, *_):
            self.file.close()

        def write(self, _):
            raise OSError(errno.ENOSPC, "No space left on device")

    def full(self, mode="r", *args, **kwargs):
        file = real(self, mode, *args, **kwargs)
        return Full(file) if "w" in mode or "a" in mode else file

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(StorageError, match="no space left"):
        fetch()
    monkeypatch.undo()
    assert left_in(tmp_path) == []


def test_the_mirror_is_read_in_place_and_checked(monkeypatch, tmp_path):
    monkeypatch.setenv("EXAPT_MIRROR", str(tmp_path))
    file = tmp_path / "o" / "r" / COMMIT / "data" / "a b.bin"
    with pytest.raises(DataError, match="not in the mirror"):
        fetch()
    file.parent.mkdir(parents=True)
    file.write_bytes(BODY)
    assert fetch() == file
    file.write_bytes(BODY[:-1])
    with pytest.raises(DataError, match="refused"):
        fetch()
    assert file.exists()


@pytest.mark.parametrize(
    ("platform", "variables", "expected"),
    [
        ("linux", {"XDG_CACHE_HOME": "/x"}, "/x/exapt"),
        ("linux", {}, "/home/me/.cache/exapt"),
        ("darwin", {}, "/home/me/Library/Caches/exapt"),
        ("win32", {"LOCALAPPDATA": "/local"}, "/local/exapt/Cache"),
        ("linux", {"EXAPT_CACHE": "/chosen"}, "/chosen"),
    ],
)
def test_cache_folder(monkeypatch, platform, variables, expected):
    for name in ("EXAPT_CACHE", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(download.sys, "platform", platform)
    monkeypatch.setattr(Path, "home", lambda: Path("/home/me"))
    assert download.cache_folder() == Path(expected)
