"""Nothing half-written: a failed write leaves the old file and no temporary one."""

import errno

import pytest

from exapt.core.errors import DataError, RunExistsError, StorageError
from exapt.core.paths import atomic, read_json, refuse_existing, storage_errors, write_json


def test_failure_leaves_the_old_file_alone(tmp_path):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})
    with pytest.raises(RuntimeError), atomic(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert read_json(path) == {"a": 1}
    assert [p.name for p in tmp_path.iterdir()] == ["a.json"]


def test_disk_full_is_one_sentence_with_exit_code_1(tmp_path):
    with pytest.raises(StorageError, match="no space left") as caught, storage_errors(tmp_path / "x"):
        raise OSError(errno.ENOSPC, "No space left on device")
    assert caught.value.exit_code == 1


def test_nan_is_refused(tmp_path):
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "a.json", {"a": float("nan")})
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("text", "message"), [(None, "no such file"), ("{", "not a JSON file"), ("\0", "not a JSON")])
def test_a_missing_or_damaged_file_is_named(tmp_path, text, message):
    if text is not None:
        (tmp_path / "a.json").write_text(text)
    with pytest.raises(DataError, match=rf"a\.json: {message}"):
        read_json(tmp_path / "a.json")


def test_existing_output(tmp_path):
    with pytest.raises(RunExistsError, match="--force") as caught:
        refuse_existing(tmp_path, force=False)
    assert caught.value.exit_code == 2
    refuse_existing(tmp_path, force=True)
