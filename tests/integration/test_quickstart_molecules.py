"""`exapt quickstart molecules`: its own configuration on its own data, with fewer labels and epochs."""

from importlib import resources

import pytest
import yaml

from exapt import api
from exapt.core.config import parse


@pytest.fixture
def config():
    text = resources.files("exapt.api").joinpath("quickstart_molecules.yaml").read_text(encoding="utf-8")
    return parse(yaml.safe_load(text), "quickstart_molecules.yaml")


def test_what_it_asks(config):
    assert config.train_size == 100
    assert config.split.name == "scaffold"
    assert config.training.keep == "last"
    assert config.controls == "all"


def test_it_runs_on_what_is_installed(config, tmp_path, monkeypatch):
    monkeypatch.delenv("EXAPT_MIRROR", raising=False)
    short = config.model_copy(
        update={"train_size": 24, "seeds": [0], "training": config.training.model_copy(update={"epochs": 2})}
    )
    scores = api.finetune(short, tmp_path / "run", quiet=True)
    assert {"transfer", "scratch", "frozen", "baseline:descriptor_forest", "baseline:ecfp_forest"} <= set(
        scores["arms"]
    )
    assert scores["primary_metric"] == "rmse"
    assert scores["n_test"] > 400
    assert "structures" in (tmp_path / "run" / "report.html").read_text(encoding="utf-8").lower()
