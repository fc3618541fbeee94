"""The one schema: everything wrong is reported at once, and unknown names offer the nearest."""

import pytest

from exapt.core.config import override, parse, read_yaml
from exapt.core.errors import ConfigError

GOOD = {"data": "table.csv", "task": "sequence_property", "backbone": "cnn"}


def test_shorthands():
    config = parse({**GOOD, "strategy": "lp_ft+l2_sp", "seeds": 2}, "run.yaml")
    assert config.data.name == "table.csv"
    assert [piece.name for piece in config.strategy] == ["lp_ft", "l2_sp"]
    assert config.seeds == [0, 1]


def test_weights_are_named_arch_dot_tag():
    backbone = parse({**GOOD, "backbone": "mlp.pbmc_facs"}, "run.yaml").backbone
    assert (backbone.name, backbone.weights, backbone.options) == ("mlp", "mlp.pbmc_facs", {})


def test_options_of_a_piece_are_its_other_keys():
    backbone = parse({**GOOD, "backbone": {"name": "cnn", "dim": 32}}, "run.yaml").backbone
    assert backbone.options == {"dim": 32}


def test_all_errors_at_once():
    bad = {"dat": "x", "task": "t", "backbone": "cnn", "training": {"epoch": 3, "lr": -1}}
    with pytest.raises(ConfigError) as caught:
        parse(bad, "run.yaml")
    text = str(caught.value)
    assert "key 'data' is missing" in text
    assert "unknown key 'training.epoch'. Did you mean 'epochs'?" in text
    assert "training.lr: Input should be greater than 0; found -1" in text
    assert "unknown key 'dat'. Did you mean 'data'?" in text


@pytest.mark.parametrize("size", [0.0, 1.5, 0, -3])
def test_train_size_out_of_range(size):
    with pytest.raises(ConfigError, match="train_size"):
        parse({**GOOD, "train_size": size}, "run.yaml")


def test_override_makes_sections_and_keeps_the_original():
    values = {"backbone": "cnn"}
    changed = override(values, ["backbone.dim=8", "training.lr=0.1", "seeds=[4, 5]"])
    assert changed == {"backbone": {"name": "cnn", "dim": 8}, "training": {"lr": 0.1}, "seeds": [4, 5]}
    assert values == {"backbone": "cnn"}


def test_override_without_equals_sign():
    with pytest.raises(ConfigError, match="write key=value"):
        override({}, ["epochs"])


@pytest.mark.parametrize(("text", "found"), [("- a\n- b\n", "holds list"), ("a: [1\n", "not a YAML file")])
def test_not_a_mapping(tmp_path, text, found):
    path = tmp_path / "run.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=found):
        read_yaml(path)


def test_missing_yaml(tmp_path):
    with pytest.raises(ConfigError, match="no such file"):
        read_yaml(tmp_path / "nothing.yaml")


def test_weights_may_be_named_by_their_folder():
    backbone = parse({**GOOD, "backbone": "./made/cnn.sites"}, "run.yaml").backbone
    assert (backbone.name, backbone.weights) == ("cnn", "./made/cnn.sites")
