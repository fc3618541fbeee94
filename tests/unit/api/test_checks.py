"""What the verbs find out before they load anything, and the names under which they are found."""

import importlib

import pytest

from exapt import api
from exapt.api import finetuning
from exapt.core.config import parse
from exapt.core.errors import ConfigError


def config(**values):
    return parse({"data": "missing.csv", "task": "sequence_property", "backbone": "cnn", **values}, "test")


def test_every_verb_is_where_the_package_says():
    for name in api.__all__:
        assert callable(getattr(api, name))
        assert getattr(api, name).__module__ == f"exapt.api.{api._HOMES[name]}"
    with pytest.raises(AttributeError, match="no verb 'tune'"):
        importlib.import_module("exapt.api").tune  # noqa: B018


def test_all_unknown_names_are_reported_at_once():
    wrong = config(
        data={"name": "missing.csv", "clean": ["duplicats"], "augment": ["pseudocell"]},
        task={"name": "sequence_property", "primary": "macrof1", "hiden": 3},
        backbone={"name": "cnn", "depht": 3},
        strategy=["frozn", {"name": "l2_sp", "weigth": 1}],
        split="randm",
        encoder="leters",
        baselines=["linaer"],
    )
    with pytest.raises(ConfigError) as caught:
        finetuning.check(wrong)
    lines = str(caught.value).splitlines()
    for name in (
        "duplicats",
        "pseudocell",
        "macrof1",
        "hiden",
        "depht",
        "frozn",
        "weigth",
        "randm",
        "leters",
        "linaer",
    ):
        (line,) = [line for line in lines if f"'{name}'" in line.partition("Did you mean")[0]]
        assert "Did you mean" in line


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"task": "masked_tokens"}, "is for `exapt pretrain`"),
        ({"strategy": "lora+gradual_unfreeze"}, "both decide which weights are trainable"),
        ({"strategy": "scratch+l2_sp"}, "presumes pre-trained weights"),
        ({"strategy": [{"name": "partial", "top": -1}]}, "top is -1"),
        ({"strategy": [{"name": "auto", "candidates": ["ful"]}]}, "Did you mean 'full'"),
    ],
)
def test_what_cannot_work_is_known_before_the_data_are_read(values, message, tmp_path):
    with pytest.raises(ConfigError, match=message):
        api.finetune(config(**values), tmp_path / "run", quiet=True)
    assert list(tmp_path.iterdir()) == []


def test_further_strategies_are_checked_too(tmp_path):
    with pytest.raises(ConfigError, match="both decide"):
        api.compare(config(), tmp_path / "out", strategies=["full", "lora+gradual_unfreeze"], quiet=True)
