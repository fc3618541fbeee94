"""The transformer against torch's own layer and against the definition of attention."""

import pytest
import torch
from torch import nn

import exapt.models.backbones.transformer.model as module
from exapt.core.contracts import Inputs
from exapt.core.errors import ConfigError
from exapt.models.backbones.transformer.model import Transformer

X = torch.tensor([[2, 3, 4, 5, 6, 7, 8], [8, 8, 5, 2, 2, 3, 4]])
STREAM = {"x": X, "mask": torch.arange(7) < torch.tensor([[7], [4]])}


def test_a_layer_without_rotation_equals_torch(monkeypatch):
    monkeypatch.setattr(module, "rotate", lambda x: x)
    layer = Transformer(Inputs("letters", 9), dim=16, depth=1, heads=4).eval().layers[0]
    theirs = nn.TransformerEncoderLayer(16, 4, 64, activation="gelu", batch_first=True, norm_first=True).eval()
    pairs = [
        (theirs.self_attn.in_proj_weight, layer.qkv.weight),
        (theirs.self_attn.in_proj_bias, layer.qkv.bias),
        (theirs.self_attn.out_proj.weight, layer.out.weight),
        (theirs.self_attn.out_proj.bias, layer.out.bias),
        (theirs.linear1.weight, layer.up.weight),
        (theirs.linear1.bias, layer.up.bias),
        (theirs.linear2.weight, layer.down.weight),
        (theirs.linear2.bias, layer.down.bias),
    ]
    for theirs_, ours in pairs:
        nn.init.normal_(ours, std=0.3)
        theirs_.data = ours.data
    x, mask = torch.randn(2, 7, 16), STREAM["mask"]
    expected = theirs(x, src_key_padding_mask=~mask)
    assert torch.allclose(layer({"x": x, "mask": mask})["x"][mask], expected[mask], atol=1e-5)


def test_order_matters():
    transformer = Transformer(Inputs("letters", 9), dim=16, depth=2, heads=2).eval()
    for parameter in transformer.parameters():
        nn.init.normal_(parameter, std=0.3)
    mask = torch.ones(2, 7, dtype=torch.bool)
    pooled = transformer({"x": STREAM["x"], "mask": mask}).pooled
    assert not torch.allclose(pooled, transformer({"x": STREAM["x"].flip(1), "mask": mask}).pooled, atol=1e-5)


def test_swiglu_has_about_as_many_parameters_as_gelu():
    sizes = [
        sum(p.numel() for p in Transformer(Inputs("letters", 9), dim=96, activation=name).parameters())
        for name in ("gelu", "swiglu")
    ]
    assert abs(sizes[0] - sizes[1]) < 0.01 * sizes[0]


def test_widths_that_heads_cannot_share_are_refused():
    with pytest.raises(ConfigError, match="dim: found 20; with 4 heads it must be a multiple of 8"):
        Transformer(Inputs("letters", 9), dim=20, heads=4)
