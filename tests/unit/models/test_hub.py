"""Weights by name: saved, found, loaded, refused."""

import json

import pytest
import torch
import yaml
from safetensors.torch import load_file

from exapt.core.config import BackboneConfig
from exapt.core.contracts import Inputs, Model
from exapt.core.errors import ConfigError, InputError, WeightsError
from exapt.models import hub
from exapt.models.build import build, resolve
from exapt.models.heads.pooled import PooledLinear

DNA = Inputs("letters", 7)
OPTIONS = {"dim": 8, "depth": 2}
ENCODER = {"name": "letters", "state": {"modality": "dna"}}


@pytest.fixture
def cnn():
    return build(BackboneConfig(name="cnn", **OPTIONS), DNA)


@pytest.fixture
def weights(tmp_path, cnn):
    folder = tmp_path / "cnn.test"
    head = PooledLinear([8], 3)
    card = {"title": "letters of nothing", "licence": "CC0", "rows": 12, "provenance": {"seed": 0}}
    hub.save(
        folder,
        cnn,
        arch="cnn",
        options=OPTIONS,
        encoder=ENCODER,
        card=card,
        sketch={"hashes": [1, 2]},
        head_state=head.state_dict(),
    )
    return folder


def test_a_folder_of_weights_is_plain(weights):
    assert sorted(path.name for path in weights.iterdir()) == [
        "README.md",
        "card.yaml",
        "config.json",
        "model.safetensors",
        "sketch.json",
    ]
    config = json.loads((weights / "config.json").read_text())
    assert config == {
        "format_version": 1,
        "arch": "cnn",
        "options": OPTIONS,
        "inputs": {"kind": "letters", "size": 7},
        "encoder": ENCODER,
    }
    assert yaml.safe_load((weights / "card.yaml").read_text())["rows"] == 12
    assert "letters of nothing" in (weights / "README.md").read_text()
    assert hub.read_sketch(weights) == {"hashes": [1, 2]}
    assert "head.linear.weight" in load_file(weights / "model.safetensors")


def test_the_report_names_every_tensor(weights, cnn):
    fresh = build(BackboneConfig(name="cnn", **OPTIONS), DNA)
    report = hub.load_into(fresh, weights).as_dict()
    assert report["loaded"] == list(cnn.state_dict())
    assert report["skipped"] == ["head.linear.bias", "head.linear.weight"]
    assert report["reinitialised"] == []
    assert report["parameters"] == sum(p.numel() for p in cnn.parameters())
    assert report["weights"] == str(weights)
    assert all(torch.equal(a, b) for a, b in zip(fresh.parameters(), cnn.parameters(), strict=True))
    json.dumps(report)


def test_shipped_weights_are_found_listed_and_loadable():
    for name, line in hub.list_weights().items():
        assert line
        assert hub.arch_of(hub.load(name)[0]) == name.partition(".")[0]


def test_package_weights_come_first(weights, monkeypatch):
    monkeypatch.setattr(hub, "shipped", lambda: {"cnn.test": weights})
    assert hub.find("cnn.test") == weights
    assert hub.list_weights() == {"cnn.test": "letters of nothing"}
    with pytest.raises(WeightsError, match="Unknown weights 'cnn.tset'.*Did you mean 'cnn.test'"):
        hub.find("cnn.tset")


def test_options_of_the_weights_hold_for_the_scratch_arm_too(weights):
    config = BackboneConfig(name="cnn", weights=str(weights))
    assert resolve(config).plain() == {"name": "cnn", **OPTIONS}
    assert resolve(config).weights is None
    assert build(config, DNA).dim == 8
    louder = BackboneConfig(name="cnn", weights=str(weights), dropout=0.5)
    assert resolve(louder).options == {**OPTIONS, "dropout": 0.5}


def test_without_a_name_there_is_nothing_to_find():
    with pytest.raises(WeightsError, match="Unknown weights 'nowhere'"):
        hub.find("nowhere")


def test_the_hub_is_not_asked_when_it_must_not_be():
    with pytest.raises(WeightsError, match="Unknown weights 'nobody/nothing'.*Hugging Face hub"):
        hub.find("nobody/nothing")


def test_weights_of_another_architecture(weights):
    rnn = build(BackboneConfig(name="rnn"), DNA)
    with pytest.raises(WeightsError, match="these weights are for backbone 'cnn', not 'rnn'"):
        hub.load_into(rnn, weights)
    with pytest.raises(WeightsError, match="these weights are for backbone 'cnn', not 'rnn'"):
        build(BackboneConfig(name="rnn", weights=str(weights)), DNA)


def test_another_alphabet_is_explained(weights):
    protein = build(BackboneConfig(name="cnn", **OPTIONS), Inputs("letters", 23))
    with pytest.raises(WeightsError, match="letters of size 7.*letters of size 23.*alphabets differ") as error:
        hub.load_into(protein, weights)
    assert len(str(error.value).splitlines()) <= 2


def test_another_alphabet_of_the_same_size_is_found_through_the_encoder(weights, cnn):
    rna = {"name": "letters", "state": {"modality": "rna"}}
    with pytest.raises(WeightsError, match="dna letters of size 7, the encoder makes rna letters of size 7"):
        hub.load_into(cnn, weights, encoder=rna)
    assert hub.load_into(cnn, weights, encoder=rna, allow=["alphabet"]).loaded
    assert hub.load_into(cnn, weights, encoder=ENCODER).loaded


def test_other_columns_are_explained(tmp_path):
    mlp = build(BackboneConfig(name="mlp", widths=[4]), Inputs("values", 10))
    encoder = {"name": "expression", "state": {}}
    hub.save(tmp_path / "w", mlp, arch="mlp", options={"widths": [4]}, encoder=encoder, card={})
    other = build(BackboneConfig(name="mlp", widths=[4]), Inputs("values", 12))
    with pytest.raises(WeightsError, match="values of size 10, the encoder makes values of size 12: columns differ"):
        hub.load_into(other, tmp_path / "w")


def test_another_shape_names_both(weights):
    wide = build(BackboneConfig(name="cnn", dim=16, depth=2), DNA)
    before = {key: value.clone() for key, value in wide.state_dict().items()}
    with pytest.raises(WeightsError, match=r"shape \(8, 7, 1, 15\) in the file and \(16, 7, 1, 15\)"):
        hub.load_into(wide, weights)
    assert all(torch.equal(value, before[key]) for key, value in wide.state_dict().items()), "half loaded"


def test_missing_and_left_over_tensors_are_errors_unless_allowed_by_name(weights):
    deeper = build(BackboneConfig(name="cnn", dim=8, depth=3), DNA)
    with pytest.raises(WeightsError, match=r"layers\.2\..* is in the backbone but not in the file"):
        hub.load_into(deeper, weights)
    report = hub.load_into(deeper, weights, allow=["layers.2.*"])
    assert report.reinitialised
    assert all(name.startswith("layers.2.") for name in report.reinitialised)
    flat = build(BackboneConfig(name="cnn", dim=8, depth=1), DNA)
    with pytest.raises(WeightsError, match=r"layers\.1\..* is in the file but not in the backbone"):
        hub.load_into(flat, weights)
    assert any(name.startswith("layers.1.") for name in hub.load_into(flat, weights, allow=["layers.1.*"]).skipped)


def test_a_stem_of_another_alphabet_may_be_left_random_by_name(weights):
    protein = build(BackboneConfig(name="cnn", **OPTIONS), Inputs("letters", 23))
    report = hub.load_into(protein, weights, allow=["alphabet", "stem.*"])
    assert report.reinitialised == ["stem.layer.conv.conv.weight"]


@pytest.mark.parametrize("keep", [0, 5, 40, 2000])
def test_a_truncated_file(weights, cnn, keep):
    file = weights / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(WeightsError, match="cut short or damaged"):
        hub.load_into(cnn, weights)


def test_a_missing_file(weights, cnn):
    (weights / "model.safetensors").unlink()
    with pytest.raises(WeightsError, match="no such file; the weights are not complete"):
        hub.load_into(cnn, weights)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a JSON file"),
        ("[]", "holds list"),
        ('{"arch": "cnn"}', "format_version None is not supported"),
        ('{"format_version": 99}', "format_version 99 is not supported; this exapt reads 1"),
        ('{"format_version": 1, "arch": "cnn"}', "key 'options' is missing"),
        ('{"model_type": "gpt2"}', "of type 'gpt2'"),
        ('{"model_type": "mamba", "auto_map": {}}', "esm|bert|roberta|t5"),
    ],
)
def test_a_damaged_or_foreign_config(weights, text, message):
    (weights / "config.json").write_text(text)
    with pytest.raises(InputError, match=message):
        hub.load(weights)


def test_a_folder_without_config_is_no_weights(tmp_path):
    with pytest.raises(WeightsError, match=r"no config\.json"):
        hub.read_config(tmp_path)


def test_options_that_the_architecture_does_not_know(weights):
    config = json.loads((weights / "config.json").read_text())
    (weights / "config.json").write_text(json.dumps({**config, "options": {"dmi": 8}}))
    with pytest.raises(ConfigError, match="has no option 'dmi'"):
        hub.load(weights)


def test_an_interrupted_save_leaves_no_weights(tmp_path, cnn, monkeypatch):
    def full(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(hub, "write_json", full)
    with pytest.raises(KeyboardInterrupt):
        hub.save(tmp_path / "w", cnn, arch="cnn", options=OPTIONS, encoder=ENCODER, card={})
    assert not (tmp_path / "w" / "config.json").exists()
    assert not list((tmp_path / "w").glob("*.tmp"))


def test_a_whole_model_with_a_shared_backbone(tmp_path, cnn):
    model = Model({"one": cnn, "two": cnn}, {"target": PooledLinear([8, 8], 3)})
    hub.save_model(tmp_path / "model.safetensors", model)
    assert len(load_file(tmp_path / "model.safetensors")) == len(cnn.state_dict()) + 2
    other = build(BackboneConfig(name="cnn", **OPTIONS), DNA)
    copy = Model({"one": other, "two": other}, {"target": PooledLinear([8, 8], 3)})
    hub.load_model(tmp_path / "model.safetensors", copy)
    assert all(torch.equal(a, b) for a, b in zip(model.parameters(), copy.parameters(), strict=True))
    with pytest.raises(WeightsError, match=r"heads\.target\.linear\.weight has shape \(3, 16\)"):
        hub.load_model(tmp_path / "model.safetensors", Model({"one": other}, {"target": PooledLinear([8], 3)}))


def test_half_precision_files_fill_full_precision_backbones(weights, cnn):
    from exapt.core.tensors import write_tensors

    halves = {name: tensor.half() for name, tensor in cnn.state_dict().items()}
    write_tensors(weights / "model.safetensors", halves)
    loaded, _ = hub.load(weights)
    assert all(p.dtype == torch.float32 for p in loaded.parameters())
