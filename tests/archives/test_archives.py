"""Runs and weights of every released version open, predict what they predicted, and make their report again."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from exapt import api
from exapt.core.config import parse
from exapt.models import hub

ARCHIVES = sorted(path for path in Path(__file__).parent.iterdir() if path.name.startswith("v"))


@pytest.fixture(params=ARCHIVES, ids=lambda path: path.name)
def archive(request):
    return request.param


def test_there_are_archives_and_they_are_small():
    assert ARCHIVES
    for archive in ARCHIVES:
        files = [path for path in archive.rglob("*") if path.is_file()]
        assert sum(path.stat().st_size for path in files) < 200_000
        assert {path.suffix for path in files} <= {".csv", ".json", ".md", ".safetensors", ".tsv", ".yaml"}


def test_a_run_predicts_what_it_predicted(archive, tmp_path):
    output = tmp_path / "out.tsv"
    assert api.predict(archive / "run", str(archive / "query.csv"), output, quiet=True) == 20
    expected = pd.read_csv(archive / "predictions.tsv", sep="\t")
    pd.testing.assert_frame_equal(pd.read_csv(output, sep="\t"), expected, atol=1e-5)


def test_a_run_scores_what_it_scored(archive):
    scored = api.evaluate(archive / "run", str(archive / "query.csv"))
    expected = json.loads((archive / "evaluation.json").read_text())
    assert scored["n"] == expected["n"]
    for name, values in expected["metrics"].items():
        found = scored["metrics"][name]  # the way to make intervals may change, the score may not
        assert found["value"] == pytest.approx(values["value"], abs=1e-6), name
        assert found["low"] <= found["value"] <= found["high"], name


def test_the_report_of_a_run_is_made_again(archive, tmp_path):
    shutil.copytree(archive / "run", tmp_path / "run")
    page = api.report(tmp_path / "run").read_text(encoding="utf-8")
    scores = json.loads((archive / "run" / "scores.json").read_text())
    assert f"{scores['arms']['transfer']['macro_f1']['value']:.3f}" in page
    assert (tmp_path / "run" / "README.md").stat().st_size > 500
    assert list((tmp_path / "run" / "figures").glob("*.svg"))
    assert api.scores_sentence(scores)


def test_weights_give_the_features_they_gave(archive, tmp_path):
    api.embed(str(archive / "cnn.tiny"), str(archive / "query.csv"), tmp_path / "out.tsv", quiet=True)
    expected = pd.read_csv(archive / "embedding.tsv", sep="\t")
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "out.tsv", sep="\t"), expected, atol=1e-5)
    assert hub.card(archive / "cnn.tiny")["task"] == "MaskedTokens"


def test_weights_are_a_start_for_new_runs(archive, tmp_path):
    values = {
        "data": {"name": str(archive / "query.csv"), "target": "label"},
        "task": "sequence_property",
        "backbone": {"name": "cnn", "weights": str(archive / "cnn.tiny")},
        "training": {"epochs": 1},
        "controls": "none",
        "seeds": 1,
    }
    api.finetune(parse(values, "test"), tmp_path / "run", quiet=True)
    transfer = json.loads((tmp_path / "run" / "transfer.json").read_text())
    assert transfer["loaded"]
    assert transfer["skipped"] == transfer["reinitialised"] == []
