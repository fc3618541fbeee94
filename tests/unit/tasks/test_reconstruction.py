"""Denoising and variational reconstruction: the corrupted view, the clean target, the loss by hand."""

import pytest
import torch

from exapt.core.contracts import Batch, Inputs
from exapt.core.errors import ConfigError
from exapt.core.registry import BACKBONES, TASKS

GENES = 50


def backbone(**options):
    return BACKBONES.build("autoencoder", inputs=Inputs("values", GENES), **{"widths": [16, 4], **options})


def batch(rows=400):
    x = torch.rand(rows, 1, GENES, generator=torch.Generator().manual_seed(0)) + 1
    return Batch({"cell": {"x": x, "mask": torch.ones(rows, 1, dtype=torch.bool)}}, {}, [""] * rows)


def test_denoising_zeroes_a_share_and_asks_for_the_clean_values():
    torch.manual_seed(0)
    original, seen = batch(), TASKS.build("reconstruction", corrupt=0.3).view(batch())
    x = seen.inputs["cell"]["x"]
    assert (x == 0).float().mean().item() == pytest.approx(0.3, abs=0.01)
    assert torch.equal(x[x != 0], original.inputs["cell"]["x"][x != 0])
    assert torch.equal(seen.targets["values"], original.inputs["cell"]["x"][:, 0])


@pytest.mark.parametrize("options", [{"corrupt": 0}, {"objective": "variational"}])
def test_without_corruption_the_input_stays(options):
    seen = TASKS.build("reconstruction", **options).view(batch())
    assert torch.equal(seen.inputs["cell"]["x"], batch().inputs["cell"]["x"])


def test_denoising_has_the_mean_squared_error():
    task = TASKS.build("reconstruction")
    seen = task.view(batch())
    assert task.loss(seen.targets["values"], seen).item() == 0
    assert task.loss(seen.targets["values"] + 2, seen).item() == pytest.approx(4)


def test_the_variational_loss_adds_the_divergence_of_the_code():
    task = TASKS.build("reconstruction", objective="variational", kl=0.5)
    seen = task.view(batch())
    rows = len(seen)
    right = seen.targets["values"]
    standard = torch.cat([right, torch.zeros(rows, 4), torch.zeros(rows, 4)], 1)
    assert task.loss(standard, seen).item() == pytest.approx(0, abs=1e-7)
    moved = torch.cat([right, torch.ones(rows, 4), torch.zeros(rows, 4)], 1)
    assert task.loss(moved, seen).item() == pytest.approx(0.5 * (4 / 2) / GENES, rel=1e-5)


def test_the_decoder_mirrors_the_backbone():
    deep = backbone(widths=[32, 16, 4])
    head = TASKS.build("reconstruction").build_head([deep])
    assert [p.shape[0] for p in head.parameters() if p.ndim == 2] == [16, 32, GENES]
    given = TASKS.build("reconstruction", widths=[7]).build_head([deep])
    assert [p.shape[0] for p in given.parameters() if p.ndim == 2] == [7, GENES]


def test_the_variational_head_samples_in_training_and_decodes_the_mean_in_evaluation():
    torch.manual_seed(0)
    encoder = backbone().eval()
    head = TASKS.build("reconstruction", objective="variational").build_head([encoder])
    features = encoder(batch(8).inputs["cell"])
    assert not torch.equal(head.train()(features), head(features))
    assert torch.equal(head.eval()(features), head(features))
    assert head(features).shape == (8, GENES + 8)


def test_other_inputs_are_refused():
    letters = BACKBONES.build("cnn", inputs=Inputs("letters", 7), dim=8, depth=1)
    with pytest.raises(ConfigError, match="for letters use task 'masked_tokens'"):
        TASKS.build("reconstruction").build_head([letters])
    with pytest.raises(ConfigError, match="reads one column of numbers"):
        TASKS.build("reconstruction").build_head([backbone(), backbone()])
    wide = Batch({"cell": {"x": torch.ones(2, 3, GENES)}}, {}, ["", ""])
    with pytest.raises(ConfigError, match="one vector a row"):
        TASKS.build("reconstruction").view(wide)


@pytest.mark.parametrize(
    "options", [{"objective": "adversarial"}, {"corrupt": 1}, {"corrupt": "x"}, {"kl": -1}, {"widths": [0]}]
)
def test_options_are_checked(options):
    with pytest.raises(ConfigError, match="task 'reconstruction'"):
        TASKS.build("reconstruction", **options)


def test_a_task_is_built_again_from_its_state_and_gives_one_column_a_value():
    task = TASKS.build("reconstruction", objective="variational", kl=0.1, widths=(8,))
    assert TASKS.build("reconstruction", **task.state()).state() == task.state()
    frame = task.frame(task.decode(torch.ones(2, 3)), ["a", "b"])
    assert frame.shape == (2, 4)
    assert frame["id"].tolist() == ["a", "b"]
