"""Opening a run: what it says where the folder is no run, is damaged, or comes from a later version."""

import json
import shutil
from pathlib import Path

import pytest

from exapt.api._run import open_run
from exapt.core.errors import InputError, WeightsError

ARCHIVE = Path(__file__).parents[2] / "archives" / "v0.1.0" / "run"


@pytest.fixture
def run(tmp_path):
    shutil.copytree(ARCHIVE, tmp_path / "run")
    return tmp_path / "run"


def test_a_run_knows_itself(run):
    opened = open_run(run)
    assert opened.task.target.classes == ("with", "without")
    assert opened.run.scores == json.loads((run / "scores.json").read_text())
    assert opened.columns["sequence"] == {"role": "input", "modality": "dna", "unit": None}
    assert not opened.model.training
    assert opened.training.batch_size == 16


def test_a_run_needs_no_weights_and_no_data_beside_it(run, monkeypatch):
    monkeypatch.chdir(run.parent)
    assert not Path(open_run(run).config.backbone.weights).exists()
    assert not Path(open_run(run).config.data.name).exists()


def test_a_folder_that_is_no_run_offers_the_nearest(run):
    with pytest.raises(InputError, match=r"not a run folder.*Did you mean 'run'"):
        open_run(run.with_name("rum"))


def test_a_later_format_is_refused(run):
    note = run / "model.json"
    note.write_text(json.dumps({**json.loads(note.read_text()), "format_version": 99}))
    with pytest.raises(InputError, match="format 99; this exapt reads 1"):
        open_run(run)


def test_damaged_files_are_named(run):
    tensors = run / "model.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-50])
    with pytest.raises(WeightsError, match="model.safetensors"):
        open_run(run)
    (run / "encoder.json").write_text("{")
    with pytest.raises(InputError, match="encoder.json"):
        open_run(run)
