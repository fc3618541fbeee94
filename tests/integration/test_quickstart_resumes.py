"""The quickstart is two runs: one that was interrupted between them goes on with the second."""

import pytest

from exapt import api
from exapt.api import demonstration
from exapt.core.errors import RunExistsError


@pytest.fixture
def quickstart(monkeypatch, config):
    """The quickstart on tiny data; returns the names of the runs that were trained."""
    fast = {"controls": "none", "training": {"epochs": 1}}
    configs = {"robust": config(strategy="linear_probe", **fast), "naive": config(**fast)}
    monkeypatch.setattr(demonstration, "quickstart_configs", lambda: configs)
    original, trained = demonstration.finetune, []

    def finetune(wanted, run, **options):
        trained.append(run.name)
        return original(wanted, run, **options)

    def call(run, **options):
        trained.clear()
        scores = api.quickstart(run, quiet=True, **options)
        assert list(scores) == ["robust", "naive"]
        return list(trained)

    monkeypatch.setattr(demonstration, "finetune", finetune)
    return call


def test_it_trains_both_once(quickstart, tmp_path):
    run = tmp_path / "runs" / "quickstart"
    assert quickstart(run) == ["quickstart", "naive"]
    assert {path.name for path in run.parent.iterdir()} == {"quickstart"}
    with pytest.raises(RunExistsError, match="quickstart exists already"):
        quickstart(run)
    assert quickstart(run, force=True) == ["quickstart", "naive"]


def test_it_goes_on_with_the_second(quickstart, tmp_path):
    run = tmp_path / "quickstart"
    quickstart(run)
    first = (run / "model.safetensors").stat().st_mtime_ns
    for path in sorted((run / "naive").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    (run / "naive").rmdir()
    assert quickstart(run) == ["naive"]
    assert (run / "model.safetensors").stat().st_mtime_ns == first
    assert (run / "naive" / "scores.json").is_file()
