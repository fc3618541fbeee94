"""An unfinished run lies beside its name, survives an interruption, and gets its name in one rename."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

import exapt
from exapt.core.config import RunConfig
from exapt.core.errors import ExaptError, RunExistsError
from exapt.core.paths import read_json, refuse_existing, write_json, write_text

NOTE = "run.yaml"
ARMS = "arms"  # checkpoints and finished trainings; dropped at the end


def plain(config: RunConfig) -> dict[str, Any]:
    """The configuration as it stands in run.yaml, without what was not given."""
    given = config.model_dump(mode="json", exclude_none=True, exclude_defaults=True)
    return {**given, **config.model_dump(mode="json", include={"seeds", "strategy"})}


def as_text(config: RunConfig) -> str:
    """The content of run.yaml."""
    return yaml.safe_dump(plain(config), sort_keys=False)


def training_key(config: RunConfig, files: Mapping[str, str]) -> str:
    """A name for all that decides what an arm of a given name and seed becomes, so that it may be used again."""
    decides = config.model_dump(mode="json", exclude={"strategy", "seeds", "controls", "baselines"})
    text = json.dumps([exapt.__version__, decides, dict(files)], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


def refuse_output(run: Path, *, force: bool) -> None:
    """Stop before any work where the output is there already; `force` replaces what exapt has made, nothing else.

    Raises
    ------
    RunExistsError
        Where `run` exists and `force` is False, or it is anything but a run, weights or an empty folder.
    """
    refuse_existing(run, force=force)
    if run.exists() and not (run.is_dir() and ((run / NOTE).is_file() or not any(run.iterdir()))):
        raise RunExistsError(f"{run} was not made by exapt, so --force does not replace it. Choose another -o.")


def is_finished(config: RunConfig, run: Path) -> bool:
    """Whether `run` holds this very run, complete."""
    note = run / NOTE
    return (run / "scores.json").is_file() and note.is_file() and note.read_text(encoding="utf-8") == as_text(config)


def open_work(config: RunConfig, run: Path, files: Mapping[str, str], *, force: bool) -> Path:
    """The folder of an unfinished run: that of the same configuration and data, or a new one.

    Parameters
    ----------
    config, run
        As `finetune` and `pretrain` take them.
    files
        SHA-256 of the data files; trainings on other data are not continued.
    force
        Discard an unfinished run of another configuration.

    Raises
    ------
    RunExistsError
        Where an unfinished run of another configuration lies there, or the data have changed, and `force` is False.
    """
    refuse_output(run, force=force)  # again: it may have appeared since the command began
    work = run.with_name(run.name + ".partial")
    note, arms, text = work / NOTE, work / ARMS, as_text(config)
    data = arms / "data.json"
    if any(arms.rglob("*.safetensors")):  # otherwise nothing was trained that would be worth keeping
        other = note.read_text(encoding="utf-8") != text
        if other or read_json(data) != dict(files):
            if not force:
                found = "holds an unfinished run of another configuration" if other else "was begun with other data"
                raise RunExistsError(
                    f"{work} {found}. Repeat that command to finish it, choose another -o, "
                    "or pass --force to discard it."
                )
            shutil.rmtree(work)
    for left in work.rglob(".*.tmp"):  # of a process that was killed while it wrote
        shutil.rmtree(left) if left.is_dir() else left.unlink()
    arms.mkdir(parents=True, exist_ok=True)
    write_text(note, text)
    write_json(data, dict(files))
    return work


@contextmanager
def alone(run: Path) -> Iterator[None]:
    """Only one process makes a run; the lock goes with the process, however that ends.

    Raises
    ------
    RunExistsError
        Where another process is at it.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    run.parent.mkdir(parents=True, exist_ok=True)
    note = run.with_name(f".{run.name}.lock")
    with note.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RunExistsError(
                f"{run}: another process is making it now. Wait until it has finished, or choose another -o."
            ) from None
        try:
            yield
        finally:
            note.unlink(missing_ok=True)


@contextmanager
def tidy(run: Path) -> Iterator[None]:
    """Where an error comes before anything was trained, leave nothing behind."""
    try:
        yield
    except ExaptError:
        work = run.with_name(run.name + ".partial")
        found = {path.name for path in work.iterdir()} if work.is_dir() else set()
        if found and found <= {NOTE, ARMS} and not any(work.rglob("*.safetensors")):
            shutil.rmtree(work)
        raise


def close_work(work: Path, run: Path) -> None:
    """Drop the checkpoints and give the folder its name, replacing an older run of that name; all by renames."""
    old = run.with_name(f".{run.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    old.mkdir()
    (work / ARMS).replace(old / ARMS)
    if run.exists():
        run.replace(old / "run")
    work.replace(run)
    shutil.rmtree(old)
