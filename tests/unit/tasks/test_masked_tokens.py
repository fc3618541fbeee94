"""Masked letters: how many, what stands in their place, what the loss counts."""

import numpy as np
import pytest
import torch

from exapt.core.contracts import Batch, Inputs
from exapt.core.errors import ConfigError
from exapt.core.registry import BACKBONES, ENCODERS, TASKS

LENGTH = 400


def task(**options):
    built = TASKS.build("masked_tokens", **options)
    encoder = ENCODERS.build("letters", modality="dna")
    backbone = BACKBONES.build("cnn", inputs=encoder.inputs(), dim=8, depth=1)
    built.build_head([backbone])
    return built


def batch(rows=200, padded=100):
    encoder = ENCODERS.build("letters", modality="dna")
    rng = np.random.default_rng(0)
    texts = ["".join(rng.choice(list("ACGT"), LENGTH - padded * (i % 2))) for i in range(rows)]
    return Batch({"seq": encoder.collate(encoder.encode(texts))}, {}, [str(i) for i in range(rows)])


def viewed(**options):
    torch.manual_seed(0)
    original = batch()
    seen = task(**options).view(original)
    truth = seen.targets["letters"]
    return original.inputs["seq"], seen.inputs["seq"], truth, truth != -100


@pytest.mark.parametrize("rate", [0.05, 0.15, 0.5])
def test_a_share_of_the_real_positions_is_chosen(rate):
    original, _, _, chosen = viewed(rate=rate)
    assert not chosen[~original["mask"]].any(), "padding is never chosen"
    assert chosen[original["mask"]].float().mean().item() == pytest.approx(rate, abs=0.01)


def test_eighty_of_a_hundred_become_the_mask_ten_another_letter_and_ten_stay():
    original, seen, truth, chosen = viewed(rate=0.3)
    assert torch.equal(truth[chosen], original["x"][chosen])
    assert torch.equal(seen["x"][~chosen], original["x"][~chosen])
    assert torch.equal(seen["mask"], original["mask"])
    inside, before = seen["x"][chosen], original["x"][chosen]
    mask = ENCODERS.build("letters", modality="dna").inputs().mask
    assert (inside == mask).float().mean().item() == pytest.approx(0.8, abs=0.02)
    other = (inside != mask) & (inside != before)
    letters = len({*inside[inside != mask].tolist()})
    assert other.float().mean().item() == pytest.approx(0.1 * (letters - 1) / letters, abs=0.01)
    assert {*inside[other].tolist()} <= {*range(2, 7)}, "no padding and no mask is drawn as a letter"


def test_spans_are_neighbours():
    _, _, _, chosen = viewed(rate=0.15, span=5)
    row = chosen.int()
    ends = (row[:, :-1] - row[:, 1:]).abs().sum().item() / 2
    assert chosen.sum().item() / ends > 4, "mean length of a run"
    assert chosen.float().mean().item() == pytest.approx(0.15 * 0.875, rel=0.15)


def test_the_loss_is_the_cross_entropy_at_the_chosen_positions_only():
    _, _, truth, chosen = viewed(rate=0.1)
    built, seen = task(), Batch({}, {"letters": truth}, ["0"] * len(truth))
    size = 7
    uniform = torch.zeros(*truth.shape, size)
    assert built.loss(uniform, seen).item() == pytest.approx(np.log(size), rel=1e-5)
    right = torch.nn.functional.one_hot(truth.clamp(min=0), size).float() * 50
    right[~chosen] = torch.randn(int((~chosen).sum()), size)
    assert built.loss(right, seen).item() == pytest.approx(0, abs=1e-5)
    nothing = Batch({}, {"letters": torch.full_like(truth, -100)}, ["0"] * len(truth))
    assert built.loss(uniform, nothing).item() == 0


def test_the_same_seed_masks_the_same():
    first, second = viewed()[1]["x"], viewed()[1]["x"]
    assert torch.equal(first, second)
    torch.manual_seed(1)
    assert not torch.equal(task().view(batch()).inputs["seq"]["x"], first)


def test_numbers_and_tokens_that_are_no_letters_are_refused():
    backbone = BACKBONES.build("mlp", inputs=Inputs("values", 9), widths=[4])
    with pytest.raises(ConfigError, match="for numbers use task 'reconstruction'"):
        TASKS.build("masked_tokens").build_head([backbone])
    letters = BACKBONES.build("cnn", inputs=ENCODERS.build("letters", modality="dna").inputs(), dim=8, depth=1)
    with pytest.raises(ConfigError, match="reads one column of letters"):
        TASKS.build("masked_tokens").build_head([letters, letters])
    shorter = Batch({}, {"letters": torch.zeros(2, 10, dtype=torch.long)}, ["0", "1"])
    with pytest.raises(ConfigError, match="turned 10 letters into 5 tokens"):
        task().loss(torch.zeros(2, 5, 7), shorter)


@pytest.mark.parametrize("options", [{"rate": 0}, {"rate": 1}, {"rate": "x"}, {"span": 0}, {"span": 1.5}])
def test_options_are_checked(options):
    with pytest.raises(ConfigError, match="task 'masked_tokens'"):
        TASKS.build("masked_tokens", **options)


def test_decoding_gives_probabilities_and_the_best_letter():
    output = torch.zeros(1, 2, 7)
    output[0, 0, 3], output[0, 1, 5] = 9, 9
    decoded = task().decode(output)
    np.testing.assert_allclose(decoded.sum(-1), 1)
    assert task().frame(decoded, ["a"]).to_dict("records") == [{"id": "a", "letters": "3 5"}]
