"""Explainers on models whose attributions are known by hand."""

import numpy as np
import pytest
import torch
from torch import nn

import toys
from exapt.core.contracts import Backbone, Batch, Features, Inputs, Model
from exapt.core.errors import ConfigError
from exapt.core.registry import EXPLAINERS
from exapt.explain._faithfulness import Deletion, deletion, summary
from exapt.explain._question import Question, prediction, score, units
from exapt.explain._removal import removed

METHODS = [
    ("integrated_gradients", {}),
    ("integrated_gradients", {"baseline": "mask"}),
    ("occlusion", {}),
    ("saliency", {}),
]


class _Embed(nn.Module):
    """Letters or atom features to vectors that are set by hand."""

    def __init__(self, rows):
        super().__init__()
        self.table = nn.Embedding.from_pretrained(torch.tensor(rows))

    def forward(self, stream):
        x = stream["x"] if stream["x"].ndim == 2 else stream["x"][..., 0]
        return {**stream, "x": self.table(x)}


class _Sum(Backbone):
    """The sum over positions: every attribution is the value of its letter."""

    encoders = {}

    def __init__(self, inputs, rows):
        super().__init__()
        self.inputs, self.dim = inputs, len(rows[0])
        self.stem = _Embed(rows)

    def blocks(self):
        return [self.stem]

    def readout(self, stream):
        x = stream["x"] * stream["mask"].unsqueeze(-1)
        return Features(x, stream["mask"], x.sum(1))


class _First(nn.Module):
    """The pooled features themselves are the outputs."""

    def forward(self, features):
        return features.pooled


LETTERS = Inputs("letters", 5)
WORTH = [[0.0], [0.0], [2.0], [-1.0], [0.5]]  # padding, mask, and three letters


def additive(inputs=LETTERS, rows=WORTH):
    return Model({"s": _Sum(inputs, rows)}, {"target": _First()}).eval()


def letters_batch():
    x = torch.tensor([[2, 3, 4, 2], [3, 3, 0, 0]])
    return Batch({"s": {"x": x, "mask": x > 0}}, {}, ["a", "b"])


def number_question(n=2):
    return Question("s", torch.zeros(n, dtype=torch.long), "number")


@pytest.mark.parametrize(("name", "options"), METHODS)
def test_an_additive_model_is_explained_by_its_summands(name, options):
    found = EXPLAINERS.build(name, **options)(additive(), letters_batch(), number_question())
    assert [len(value) for value in found.values] == [4, 2]
    np.testing.assert_allclose(found.values[0], [2.0, -1.0, 0.5, 2.0], atol=1e-6)
    np.testing.assert_allclose(found.values[1], [-1.0, -1.0], atol=1e-6)
    np.testing.assert_allclose(found.scores, [3.5, -2.0], atol=1e-6)
    if name == "integrated_gradients":
        np.testing.assert_allclose(found.changes, [3.5, -2.0], atol=1e-6)
        np.testing.assert_allclose(found.errors, [0.0, 0.0], atol=1e-6)
    else:
        assert np.isnan(found.errors).all()


def test_mutagenesis_is_the_difference_of_two_letters():
    question = Question("s", torch.zeros(2, dtype=torch.long), "number", (2, 3, 4))
    found = EXPLAINERS.build("mutagenesis")(additive(), letters_batch(), question)
    worth = np.array([2.0, -1.0, 0.5])
    np.testing.assert_allclose(found.maps[0], worth - worth[[0, 1, 2, 0]][:, None], atol=1e-6)
    assert found.maps[1].shape == (2, 3)
    np.testing.assert_allclose(found.values[0], [2.25, -2.25, 0.0, 2.25], atol=1e-6)
    np.testing.assert_allclose(found.values[1], [-2.25, -2.25], atol=1e-6)
    assert np.isnan(found.errors).all()


def test_mutagenesis_of_a_letter_that_is_none_of_those_to_choose_from():
    question = Question("s", torch.zeros(2, dtype=torch.long), "number", (2, 3))
    found = EXPLAINERS.build("mutagenesis")(additive(), letters_batch(), question)
    np.testing.assert_allclose(found.maps[0][2], [1.5, -1.5], atol=1e-6)
    np.testing.assert_allclose(found.values[0], [3.0, -3.0, 0.0, 3.0], atol=1e-6)
    with pytest.raises(ConfigError, match="two letters"):
        EXPLAINERS.build("mutagenesis")(
            additive(), letters_batch(), Question("s", question.outputs, "number", letters=(2,))
        )


class _Square(_First):
    def forward(self, features):
        return features.pooled**2


def test_integrated_gradients_are_complete_where_saliency_is_not():
    model = Model({"s": _Sum(LETTERS, WORTH)}, {"target": _Square()}).eval()
    batch = letters_batch()
    found = EXPLAINERS.build("integrated_gradients", steps=4)(model, batch, number_question())
    np.testing.assert_allclose([value.sum() for value in found.values], [3.5**2, 4.0], rtol=1e-6)
    other = EXPLAINERS.build("saliency")(model, batch, number_question())
    np.testing.assert_allclose([value.sum() for value in other.values], [2 * 3.5**2, 8.0], rtol=1e-6)


def test_the_score_of_a_class_is_its_log_odds():
    output = torch.tensor([[1.0, 2.0, -0.5]])
    for index in range(3):
        chosen = torch.tensor([index])
        chance = prediction(score(output, chosen, "class"), "class")
        torch.testing.assert_close(chance, output.softmax(1)[:, index])
        shifted = score(output + 7, chosen, "class")
        torch.testing.assert_close(shifted, score(output, chosen, "class"))
    with pytest.raises(ConfigError, match="whole example"):
        score(torch.zeros(1, 4, 2), torch.zeros(1, dtype=torch.long), "class")


def test_special_letters_are_never_explained_or_removed():
    inputs = Inputs("letters", 6, mask=5, special=(0, 1, 5))
    x = torch.tensor([[1, 2, 3, 0]])
    stream = {"x": x, "mask": torch.tensor([[True, True, True, False]])}
    assert units(stream, inputs).tolist() == [[False, True, True, False]]
    model = additive(inputs, [[0.0], [9.0], [2.0], [-1.0], [0.5], [0.0]])
    for name, options in METHODS:
        found = EXPLAINERS.build(name, **options)(model, Batch({"s": stream}, {}, ["a"]), number_question(1))
        np.testing.assert_allclose(found.values[0], [0.0, 2.0, -1.0], atol=1e-6)


def test_a_motif_is_found():
    rows = toys.examples(ragged=True)
    model, task = toys.model(), toys.ToyTask()
    model.backbone("seq").inputs = toys.ToyEncoder().inputs()
    batch = rows.batch(np.arange(len(rows)))
    optimiser = torch.optim.Adam(model.parameters(), 1e-2)
    for _ in range(40):
        optimiser.zero_grad()
        task.loss(model.train()(batch), batch).backward()
        optimiser.step()
    model.eval()
    holds = np.arange(1, len(rows), 2)
    starts = toys.table(ragged=True).frame["start"].to_numpy()[holds]
    batch = rows.batch(holds)
    question = Question("seq", torch.ones(len(holds), dtype=torch.long), "class")
    for name, options in [*METHODS, ("mutagenesis", {})]:
        found = EXPLAINERS.build(name, **options)(model, batch, question)
        inside = [
            np.abs(value[start : start + 6]).sum() / np.abs(value).sum()
            for value, start in zip(found.values, starts, strict=True)
        ]
        assert np.mean(inside) > 0.6, name  # six of 18 letters would have a third
        said = summary(deletion(model, batch, question, found.values), "class")
        assert said["faithful"], name
    shuffled = [np.random.default_rng(i).permutation(value) for i, value in enumerate(found.values)]
    said = summary(deletion(model, batch, question, shuffled), "class")
    assert not said["faithful"]
    assert said["sentence"].startswith("WARNING: no better than a random order")


def test_the_area_of_a_known_curve():
    """Letters worth 2, -1, 0.5, 2: by attribution the curve falls 3.5, 1.5, -0.5, -1, 0."""
    batch = letters_batch()
    values = [np.array([2.0, -1.0, 0.5, 2.0]), np.array([-1.0, -1.0])]
    found = deletion(additive(), batch, number_question(), values)
    curve = [3.5, 1.5, -0.5, -1.0, 0.0]
    steps = np.array([curve[int(np.ceil(4 * i / 20))] for i in range(21)])
    assert found.ordered[0] == pytest.approx(np.trapezoid(steps, dx=1 / 20), abs=1e-6)
    assert found.ordered[0] < found.random[0]
    assert found.ordered[1] == pytest.approx(found.random[1], abs=1e-6)  # equal letters: every order is the same


def test_few_examples_have_no_interval():
    said = summary(Deletion(np.zeros(4), np.ones(4)), "number")
    assert said["gain"] == {"value": 1.0, "low": None, "high": None}
    assert not said["faithful"]
    assert "needs 5 examples" in said["sentence"]


GRAPH = Inputs("graph", 2, mask=4, levels=(5, 3), edge_levels=(2,))


def graph_batch():
    """A chain 0-1-2 and, padded, a pair; atoms of level 2, 3, 2 and 3, 2."""
    x = torch.tensor([[[2, 1], [3, 0], [2, 2]], [[3, 1], [2, 1], [0, 0]]])
    mask = torch.tensor([[True, True, True], [True, True, False]])
    chain = [[0, 1, 0], [1, 0, 0], [1, 2, 1], [2, 1, 1]]
    pair = [[0, 1, 1], [1, 0, 1], [-1, -1, -1], [-1, -1, -1]]
    edges = torch.tensor([chain, pair], dtype=torch.int16)
    return Batch({"s": {"x": x, "mask": mask, "edges": edges}}, {}, ["chain", "pair"])


def test_a_masked_atom_keeps_its_bonds():
    stream = graph_batch().inputs["s"]
    chosen = torch.tensor([[False, True, False], [False, False, False]])
    found = removed(stream, GRAPH, chosen, "mask")
    assert found["x"][0].tolist() == [[2, 1], [4, 0], [2, 2]]
    assert torch.equal(found["edges"], stream["edges"])
    assert torch.equal(found["x"][1], stream["x"][1])


def test_a_deleted_atom_takes_its_bonds_along():
    stream = graph_batch().inputs["s"]
    first = removed(stream, GRAPH, torch.tensor([[True, False, False], [False, False, False]]), "delete")
    assert first["x"][0].tolist() == [[3, 0], [2, 2], [0, 0]]
    assert first["mask"].tolist() == [[True, True, False], [True, True, False]]
    assert first["edges"][0].tolist() == [[0, 1, 1], [1, 0, 1], [-1, -1, -1], [-1, -1, -1]]
    assert torch.equal(first["edges"][1], stream["edges"][1])
    middle = removed(stream, GRAPH, torch.tensor([[False, True, False], [False, True, False]]), "delete")
    assert middle["mask"].sum(1).tolist() == [2, 1]
    assert (middle["edges"] == -1).all()


@pytest.mark.parametrize(("name", "options"), [*METHODS, ("occlusion", {"remove": "delete"})])
def test_atoms_of_an_additive_model(name, options):
    rows = [[0.0], [0.0], [2.0], [-1.0], [0.0]]
    found = EXPLAINERS.build(name, **options)(additive(GRAPH, rows), graph_batch(), number_question())
    np.testing.assert_allclose(found.values[0], [2.0, -1.0, 2.0], atol=1e-6)
    np.testing.assert_allclose(found.values[1], [-1.0, 2.0], atol=1e-6)


def test_without_a_mask_letter_letters_close_up():
    inputs = Inputs("letters", 5, mask=None)
    stream = letters_batch().inputs["s"]
    chosen = torch.tensor([[True, False, True, False], [False, True, False, False]])
    found = removed(stream, inputs, chosen)
    assert found["x"].tolist() == [[3, 2, 0, 0], [3, 0, 0, 0]]
    assert found["mask"].sum(1).tolist() == [2, 1]
    for name in sorted({name for name, _ in METHODS}):
        said = EXPLAINERS.build(name)(additive(inputs), letters_batch(), number_question())
        np.testing.assert_allclose(said.values[0], [2.0, -1.0, 0.5, 2.0], atol=1e-6)


def test_what_cannot_be_done_is_said():
    batch = letters_batch()
    no_mask = additive(Inputs("letters", 5, mask=None))
    with pytest.raises(ConfigError, match="no mask letter"):
        EXPLAINERS.build("occlusion", remove="mask")(no_mask, batch, number_question())
    values = Batch({"s": {"x": torch.ones(1, 2, 1), "mask": torch.ones(1, 2, dtype=torch.bool)}}, {}, ["a"])
    with pytest.raises(ConfigError, match="for letters and atoms"):
        removed(values.inputs["s"], Inputs("values", 1), torch.ones(1, 2, dtype=torch.bool), "delete")
    for name, options in [("integrated_gradients", {"steps": 0}), ("integrated_gradients", {"baseline": "x"})]:
        with pytest.raises(ConfigError):
            EXPLAINERS.build(name, **options)
    with pytest.raises(ConfigError, match="mask or delete"):
        EXPLAINERS.build("occlusion", remove="x")
