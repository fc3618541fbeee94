"""LoRA: starts as the base, merges without a trace, is saved in PEFT's format with what it stands on."""

import copy
import json

import pytest
import torch
from torch import nn

import toys
from exapt.core.config import TrainingConfig
from exapt.core.contracts import Batch, Inputs, Model
from exapt.core.errors import ConfigError, WeightsError
from exapt.core.registry import BACKBONES
from exapt.transfer.strategies.lora import Lora, load_adapter, merge, save_adapter
from exapt.transfer.training import TrainingSets, fit, predict

CONFIG = TrainingConfig(epochs=2, batch_size=16, lr=1e-2)


def trained(columns=("seq",), shared=True, **options):
    model = toys.model(columns=columns, shared=shared)
    sets = TrainingSets({"target": toys.examples(columns=columns)})
    fit(model, {"target": toys.ToyTask()}, Lora(**options), sets, CONFIG, seed=0, quiet=True)
    return model


def outputs(model, columns=("seq",)):
    return predict(model, toys.examples(columns=columns, seed=5, ragged=True), CONFIG)


def disturb(model):
    """Adapters that do something."""
    torch.manual_seed(1)
    for name, parameter in model.backbones.named_parameters():
        if "lora_B" in name:
            nn.init.normal_(parameter, std=0.1)


def test_starts_equal_to_the_base():
    model = toys.model()
    before = outputs(model)
    Lora().prepare(model)
    assert torch.equal(outputs(model), before)
    names = {name for name, p in model.named_parameters() if p.requires_grad}
    assert {part for name in names for part in name.split(".") if part in ("conv", "mix", "linear")} == {
        "conv",
        "mix",
        "linear",
    }
    assert all("lora_" in name or name.startswith("heads.") for name in names)


@pytest.mark.parametrize("shared", [True, False])
def test_merges_exactly(shared):
    columns = ("left", "right")
    model = trained(columns, shared)
    names = set(toys.model(columns=columns, shared=shared).state_dict())
    before = outputs(model, columns)
    merge(model)
    torch.testing.assert_close(outputs(model, columns), before, rtol=1e-5, atol=1e-5)
    assert set(model.state_dict()) == names, "an ordinary model again"
    assert all(p.requires_grad for p in model.parameters())


def test_the_base_keeps_its_bits_with_batch_norm_statistics():
    start = toys.state(toys.model().backbones)
    after = toys.state(trained().backbones)
    base = {name.replace(".base_layer.", "."): t for name, t in after.items() if ".lora_" not in name}
    assert toys.equal(base, start)


@pytest.mark.parametrize(("columns", "shared"), [(("seq",), True), (("a", "b"), True), (("a", "b"), False)])
def test_saved_and_loaded(tmp_path, columns, shared):
    model = trained(columns, shared)
    save_adapter(model, tmp_path / "adapter", base="toy.random")
    again = toys.model(columns=columns, shared=shared)
    nn.init.zeros_(again.heads["target"].linear.weight)
    load_adapter(again, tmp_path / "adapter")
    assert torch.equal(outputs(again, columns), outputs(model, columns))
    found = json.loads((tmp_path / "adapter" / "base.json").read_text())
    assert found["weights"] == "toy.random"
    assert len(found["sha256"]) == (1 if shared or len(columns) == 1 else 2)


def test_peft_itself_reads_the_folder(tmp_path):
    from peft import PeftModel

    model = trained()
    save_adapter(model, tmp_path / "adapter", base="toy.random")
    base = toys.model().backbones["seq"]
    wrapped = PeftModel.from_pretrained(base, str(tmp_path / "adapter")).eval()
    stream = toys.examples(seed=5).batch(range(8)).inputs["seq"]
    assert torch.equal(wrapped(stream).pooled, model.backbones["seq"](stream).pooled)


def test_another_base_is_refused(tmp_path):
    save_adapter(trained(), tmp_path / "adapter", base="toy.random")
    with pytest.raises(WeightsError, match=r"belong to the base weights 'toy.random'; the model holds others"):
        load_adapter(toys.model(seed=1), tmp_path / "adapter")


def test_bad_folders(tmp_path):
    with pytest.raises(WeightsError, match="not a folder of adapters"):
        load_adapter(toys.model(), tmp_path)
    with pytest.raises(WeightsError, match="has no adapters to save"):
        save_adapter(toys.model(), tmp_path / "none", base="x")
    folder = tmp_path / "adapter"
    save_adapter(trained(), folder, base="toy.random")
    (folder / "old").touch()
    save_adapter(trained(), folder, base="toy.random")
    assert not (folder / "old").exists(), "replaced as a whole"
    weights = folder / "adapter_model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-10])
    with pytest.raises(WeightsError, match="not a whole safetensors file"):
        load_adapter(toys.model(), folder)
    weights.unlink()
    with pytest.raises(WeightsError, match="no such file"):
        load_adapter(toys.model(), folder)


def test_a_head_of_another_shape_is_refused(tmp_path):
    save_adapter(trained(), tmp_path / "adapter", base="toy.random")
    other = toys.model()
    other.heads["target"] = toys.ToyHead(other.backbones["seq"].dim, 3)
    with pytest.raises(WeightsError, match="heads.safetensors: does not fit the model"):
        load_adapter(other, tmp_path / "adapter")


class Odd(toys.ToyBackbone):
    """Layers that PEFT would adapt wrongly, and names of which one ends like another."""

    def __init__(self):
        super().__init__(Inputs("letters", 6), width=4, layers=2)
        self.layers[1].conv = nn.Conv1d(4, 4, 3, padding=2, dilation=2)
        self.layers[1].grouped = nn.Conv1d(4, 4, 1, groups=2)
        self.layers[1].attention = nn.MultiheadAttention(4, 1)
        self.layers[1].inner = nn.ModuleDict({"mix": nn.Conv1d(4, 4, 3, dilation=2)})


def test_only_layers_that_can_be_adapted_and_merged_are_chosen():
    model = Model({"seq": Odd()}, {})
    Lora().prepare(model)
    adapted = {name.split(".lora_")[0] for name, _ in model.named_parameters() if ".lora_" in name}
    assert adapted == {"backbones.seq.layers.1.mix"}


def test_nothing_to_adapt_is_an_error():
    model = Model({"seq": toys.ToyBackbone(Inputs("letters", 6), layers=1)}, {})
    with pytest.raises(ConfigError, match="backbone of 'seq' .ToyBackbone. has no linear or conv layer to adapt"):
        Lora().prepare(model)


def specimens():
    """Every registered backbone that can be built small, with inputs that it reads."""
    esm = {
        "model_type": "esm",
        "vocab_size": 7,
        "hidden_size": 8,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 16,
        "position_embedding_type": "rotary",
        "mask_token_id": 6,
        "pad_token_id": 1,
    }
    options = {"hf": {"architecture": esm}, "mlp": {"widths": [8, 4]}, "autoencoder": {"widths": [8, 2]}}
    kinds = (Inputs("letters", 7), Inputs("values", 5), Inputs("image", 2))
    for name in BACKBONES.names():
        for inputs in kinds:
            try:
                BACKBONES.build(name, inputs=inputs, **options.get(name, {}))
            except ConfigError:
                continue
            yield pytest.param(name, inputs, options.get(name, {}), id=f"{name}-{inputs.kind}")


@pytest.mark.parametrize(("name", "inputs", "options"), list(specimens()))
def test_every_backbone_starts_equal_and_merges_exactly(name, inputs, options):
    torch.manual_seed(0)
    backbone = BACKBONES.build(name, inputs=inputs, **options)
    shape = {"letters": (3, 12), "values": (3, 12, inputs.size), "image": (3, 8, 8, inputs.size)}[inputs.kind]
    x = torch.randint(2, inputs.size, shape) if inputs.kind == "letters" else torch.randn(shape)
    mask = torch.ones(shape[: 3 if inputs.kind == "image" else 2], dtype=torch.bool)
    batch = Batch({"x": {"x": x, "mask": mask}}, {}, ["a", "b", "c"])
    model = Model({"x": backbone}, {"target": toys.ToyHead(backbone.dim, 2)}).eval()
    before = copy.deepcopy(model)(batch)
    try:
        Lora(rank=2).prepare(model)
    except ConfigError as error:
        assert name == "rnn", error
        return
    torch.testing.assert_close(model.eval()(batch), before)
    disturb(model)
    changed = model(batch)
    assert not torch.allclose(changed, before), "the adapters reach the output"
    merge(model)
    torch.testing.assert_close(model(batch), changed, rtol=1e-4, atol=1e-5)
