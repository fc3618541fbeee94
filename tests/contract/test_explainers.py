"""Every registered explainer keeps the contract on every backbone that it can read."""

import numpy as np
import pytest
import torch
from torch import nn

from exapt.core.contracts import Batch, Inputs, Model
from exapt.core.registry import BACKBONES, EXPLAINERS
from exapt.explain._question import Question

CASES = [
    ("rnn", Inputs("letters", 7), {"dim": 8, "depth": 1}),
    ("rnn", Inputs("values", 3), {"dim": 8, "depth": 1, "pool": "last"}),
    ("transformer", Inputs("letters", 7), {"dim": 8, "heads": 2, "depth": 1}),
    ("cnn", Inputs("letters", 7), {"dim": 8, "depth": 1}),
    ("cnn", Inputs("letters", 7), {"dim": 8, "depth": 1, "variant": "pool", "window": 2}),
    ("cnn", Inputs("letters", 7), {"dim": 8, "depth": 1, "reverse_complement": True}),
    ("mlp", Inputs("values", 5), {"widths": [6], "skip": True}),
    ("autoencoder", Inputs("values", 5), {"widths": [4, 2]}),
]
every_case = pytest.mark.parametrize(
    ("name", "inputs", "options"), CASES, ids=[f"{name}-{inputs.kind}-{len(o)}" for name, inputs, o in CASES]
)
every_explainer = pytest.mark.parametrize("explainer", EXPLAINERS.names())


class _Head(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.linear = nn.Linear(dim, 3)

    def forward(self, features):
        return self.linear(features.pooled)


def build(name, inputs, options):
    torch.manual_seed(0)
    backbone = BACKBONES.build(name, inputs=inputs, **options)
    model = Model({"in": backbone}, {"target": _Head(backbone.dim)}).eval()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.1 * torch.rand_like(parameter))
    return model


def batch_of(inputs, lengths):
    generator = torch.Generator().manual_seed(1)
    longest = max(lengths)
    mask = torch.arange(longest) < torch.tensor(lengths).unsqueeze(1)
    if inputs.kind == "letters":
        x = torch.randint(2, inputs.size, mask.shape, generator=generator).masked_fill(~mask, 0)
    else:
        x = torch.randn(*mask.shape, inputs.size, generator=generator).masked_fill(~mask[..., None], 0.0)
    return Batch({"in": {"x": x, "mask": mask}}, {}, [str(i) for i in range(len(lengths))])


def lengths_of(name):
    return [1, 1, 1] if name in ("mlp", "autoencoder") else [6, 11, 4]


@every_explainer
@every_case
def test_one_finite_array_an_example(explainer, name, inputs, options):
    model, lengths = build(name, inputs, options), lengths_of(name)
    question = Question("in", torch.tensor([0, 2, 1]), "class")
    before = [parameter.clone() for parameter in model.parameters()]
    found = EXPLAINERS.build(explainer)(model, batch_of(inputs, lengths), question)
    sizes = [inputs.size] * 3 if lengths[0] == 1 else lengths
    assert [len(value) for value in found.values] == sizes
    assert all(np.isfinite(value).all() and np.abs(value).max() > 0 for value in found.values)
    assert all(torch.equal(a, b) and b.grad is None for a, b in zip(before, model.parameters(), strict=True))
    assert not model.training


@every_explainer
@every_case
def test_padding_changes_nothing(explainer, name, inputs, options):
    model, lengths = build(name, inputs, options), lengths_of(name)
    outputs = torch.tensor([0, 2, 1])
    whole = batch_of(inputs, lengths)
    build_one = EXPLAINERS.build(explainer)
    together = build_one(model, whole, Question("in", outputs, "class"))
    for i, length in enumerate(lengths):
        stream = {key: array[i : i + 1, :length] for key, array in whole.inputs["in"].items()}
        alone = build_one(model, Batch({"in": stream}, {}, ["x"]), Question("in", outputs[i : i + 1], "class"))
        np.testing.assert_allclose(alone.values[0], together.values[i], atol=2e-5)


@every_case
@pytest.mark.parametrize("baseline", ["zero", "mask"])
def test_integrated_gradients_are_complete(baseline, name, inputs, options):
    model = build(name, inputs, options)
    question = Question("in", torch.tensor([0, 2, 1]), "class")
    explainer = EXPLAINERS.build("integrated_gradients", baseline=baseline, steps=128)
    found = explainer(model, batch_of(inputs, lengths_of(name)), question)
    sums = np.array([value.sum() for value in found.values])
    np.testing.assert_allclose(found.errors, sums - found.changes, atol=1e-6)
    assert np.abs(found.errors).max() < 0.02 * max(1.0, np.abs(found.changes).max())
