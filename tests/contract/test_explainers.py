"""Every registered explainer keeps the contract on every backbone that it can read."""

import numpy as np
import pytest
import torch
from torch import nn

from exapt.core.contracts import Batch, Inputs, Model
from exapt.core.errors import ConfigError
from exapt.core.registry import BACKBONES, EXPLAINERS
from exapt.explain._faithfulness import deletion
from exapt.explain._question import Question, ask
from exapt.explain._removal import removed

GRAPH = Inputs("graph", 2, 4, special=(4,), levels=(5, 3), edge_levels=(3, 2))
CASES = [
    *(("gnn", GRAPH, {"dim": 8, "depth": 2, "conv": conv}) for conv in ("gin", "gcn", "gat", "dmpnn")),
    ("gnn", GRAPH, {"dim": 8, "depth": 2, "conv": "gin", "virtual_node": True, "pool": "sum"}),
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
    ("name", "inputs", "options"), CASES, ids=[f"{name}-{inputs.kind}-{list(o.values())}" for name, inputs, o in CASES]
)
PAIRS = [
    pytest.param(explainer, *case, id=f"{explainer}-{case[0]}-{case[1].kind}-{list(case[2].values())}")
    for explainer in EXPLAINERS.names()
    for case in CASES
    if case[1].kind == "letters" or not EXPLAINERS.get(explainer).substitutes
]
every_pair = pytest.mark.parametrize(("explainer", "name", "inputs", "options"), PAIRS)


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
    if inputs.kind == "graph":
        x = torch.stack([torch.randint(0, levels - 1, mask.shape, generator=generator) for levels in inputs.levels], -1)
        return Batch({"in": {"x": x * mask[..., None], "mask": mask, "edges": chains(lengths)}}, {}, list("abc"))
    if inputs.kind == "letters":
        x = torch.randint(2, inputs.size, mask.shape, generator=generator).masked_fill(~mask, 0)
    else:
        x = torch.randn(*mask.shape, inputs.size, generator=generator).masked_fill(~mask[..., None], 0.0)
    return Batch({"in": {"x": x, "mask": mask}}, {}, [str(i) for i in range(len(lengths))])


def chains(lengths):
    """Both directions of each bond of a chain, one after the other."""
    edges = torch.full((len(lengths), 2 * max(lengths) - 2, 4), -1, dtype=torch.int16)
    for row, length in zip(edges, lengths, strict=True):
        for bond in range(length - 1):
            row[2 * bond] = torch.tensor([bond, bond + 1, bond % 3, bond % 2])
            row[2 * bond + 1] = torch.tensor([bond + 1, bond, bond % 3, bond % 2])
    return edges


def lengths_of(name):
    if name == "gnn":
        return [6, 11, 1]
    return [1, 1, 1] if name in ("mlp", "autoencoder") else [6, 11, 4]


@every_pair
def test_one_finite_array_an_example(explainer, name, inputs, options):
    model, lengths = build(name, inputs, options), lengths_of(name)
    question = Question("in", torch.tensor([0, 2, 1]), "class")
    before = [parameter.clone() for parameter in model.parameters()]
    found = EXPLAINERS.build(explainer)(model, batch_of(inputs, lengths), question)
    sizes = [inputs.size] * 3 if name in ("mlp", "autoencoder") else lengths
    assert [len(value) for value in found.values] == sizes
    assert all(np.isfinite(value).all() and np.abs(value).max() > 0 for value in found.values)
    assert all(torch.equal(a, b) and b.grad is None for a, b in zip(before, model.parameters(), strict=True))
    assert not model.training


@every_pair
def test_padding_changes_nothing(explainer, name, inputs, options):
    model, lengths = build(name, inputs, options), lengths_of(name)
    outputs = torch.tensor([0, 2, 1])
    whole = batch_of(inputs, lengths)
    build_one = EXPLAINERS.build(explainer)
    together = build_one(model, whole, Question("in", outputs, "class"))
    for i, length in enumerate(lengths):
        cuts = {"edges": 2 * length - 2}
        stream = {key: array[i : i + 1, : cuts.get(key, length)] for key, array in whole.inputs["in"].items()}
        alone = build_one(model, Batch({"in": stream}, {}, ["x"]), Question("in", outputs[i : i + 1], "class"))
        np.testing.assert_allclose(alone.values[0], together.values[i], atol=2e-5)


@pytest.mark.parametrize("explainer", [name for name in EXPLAINERS.names() if EXPLAINERS.get(name).substitutes])
@every_case
def test_other_letters_are_put_in_place_of_letters_only(explainer, name, inputs, options):
    model, lengths, build_one = build(name, inputs, options), lengths_of(name), EXPLAINERS.build(explainer)
    batch, letters = batch_of(inputs, lengths), (2, 3, 4)
    question = Question("in", torch.tensor([0, 2, 1]), "class", letters)
    if inputs.kind != "letters":
        with pytest.raises(ConfigError, match="letters"):
            build_one(model, batch, question)
        return
    found = build_one(model, batch, question)
    assert [table.shape for table in found.maps] == [(length, 3) for length in lengths]
    stream = batch.inputs["in"]
    mutant = {**stream, "x": stream["x"].clone()}
    mutant["x"][:, 1] = 3
    with torch.no_grad():
        changes = ask(model, Batch({"in": mutant}, {}, batch.ids), question) - ask(model, batch, question)
    np.testing.assert_allclose([table[1, 1] for table in found.maps], changes.numpy(), atol=2e-5)


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


@pytest.mark.parametrize("case", [case for case in CASES if case[0] == "gnn"], ids=lambda case: str(case[2]))
def test_a_deleted_atom_is_as_if_it_had_never_been_there(case):
    """Cutting the last atom off a chain, by removal and by hand."""
    name, inputs, options = case
    model = build(name, inputs, options)
    whole = batch_of(inputs, [6, 11, 4])
    chosen = torch.zeros(3, 11, dtype=torch.bool)
    chosen[torch.arange(3), torch.tensor([5, 10, 3])] = True
    found = removed(whole.inputs["in"], inputs, chosen, "delete")
    lengths = torch.tensor([5, 10, 3])
    mask = torch.arange(10) < lengths[:, None]
    by_hand = {"x": whole.inputs["in"]["x"][:, :10] * mask[..., None], "mask": mask, "edges": chains([5, 10, 3])}
    with torch.no_grad():
        first, second = (model(Batch({"in": stream}, {}, list("abc"))) for stream in (found, by_hand))
    torch.testing.assert_close(first, second)


@pytest.mark.parametrize("case", [case for case in CASES if case[0] in ("gnn", "rnn", "transformer")], ids=str)
def test_the_deletion_test_is_finite(case):
    name, inputs, options = case
    model, lengths = build(name, inputs, options), lengths_of(name)
    batch, question = batch_of(inputs, lengths), Question("in", torch.tensor([0, 2, 1]), "class")
    values = [np.arange(length, dtype=float) for length in lengths]
    for how in ("mask", "delete") if inputs.kind == "graph" else ("mask",):
        found = deletion(model, batch, question, values, remove=how)
        assert np.isfinite(found.ordered).all()
        assert np.isfinite(found.random).all()
