"""Padding, strands and starting points, for random lengths and letters."""

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from exapt.core.contracts import Inputs
from exapt.models.backbones.cnn.model import CNN
from exapt.models.backbones.rnn.model import RNN
from exapt.models.backbones.transformer.model import Transformer
from exapt.models.layers.norm import MaskedBatchNorm, MaskedGroupNorm
from exapt.models.layers.pooling import max_windows
from exapt.models.layers.strands import flip

DNA = Inputs("letters", 7)
torch.manual_seed(0)
BACKBONES = [
    CNN(DNA, dim=8, depth=2, kernel=3, stem_kernel=7, position_knots=3),
    CNN(DNA, dim=8, depth=2, variant="pool", window=3, pool="max", norm="group"),
    RNN(DNA, dim=8, pool="last"),
    Transformer(DNA, dim=8, depth=2, heads=2),
]
sequences = st.lists(st.lists(st.integers(2, 6), min_size=1, max_size=30), min_size=1, max_size=5)


def pad(rows, extra=0):
    x = torch.zeros(len(rows), max(map(len, rows)) + extra, dtype=torch.long)
    for line, row in zip(x, rows, strict=True):
        line[: len(row)] = torch.tensor(row)
    return {"x": x, "mask": x > 0}


@settings(max_examples=25, deadline=None)
@given(sequences, st.integers(0, 9))
def test_company_and_padding_never_change_an_answer(rows, extra):
    for backbone in BACKBONES:
        with torch.no_grad():
            together = backbone.eval()(pad(rows, extra)).pooled
            alone = torch.cat([backbone(pad([row])).pooled for row in rows])
        # A norm of nearly equal values makes rounding errors 300 times larger.
        assert torch.allclose(together, alone, atol=1e-4)


@settings(max_examples=25, deadline=None)
@given(sequences, st.permutations([0, 1, 2, 3, 4]))
def test_the_order_of_a_batch_does_not_matter(rows, order):
    order = [i for i in order if i < len(rows)]
    for backbone in BACKBONES:
        with torch.no_grad():
            found = backbone.eval()(pad(rows)).pooled
            again = backbone(pad([rows[i] for i in order])).pooled
        assert torch.allclose(found[order], again, atol=1e-5)


@settings(max_examples=25, deadline=None)
@given(sequences, st.sampled_from(["dilated", "pool"]))
def test_a_prediction_does_not_depend_on_the_strand(rows, variant):
    torch.manual_seed(0)
    cnn = CNN(DNA, dim=8, depth=1, stem_kernel=5, variant=variant, reverse_complement=True).eval()
    other = [[letter if letter == 6 else 7 - letter for letter in reversed(row)] for row in rows]
    with torch.no_grad():
        assert torch.allclose(cnn(pad(rows)).pooled, cnn(pad(other)).pooled, atol=1e-5)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=1, max_size=4), st.integers(0, 6))
def test_flip_reverses_each_example_and_moves_no_padding(lengths, extra):
    x = torch.randn(len(lengths), max(lengths) + extra, 2)
    mask = torch.arange(x.shape[1]) < torch.tensor(lengths).unsqueeze(1)
    y = flip(x, mask)
    for row, length in enumerate(lengths):
        assert torch.equal(y[row, :length], x[row, :length].flip(0))
        assert torch.equal(y[row, length:], x[row, length:])


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(1, 20), min_size=2, max_size=4), st.integers(0, 6), st.integers(1, 5))
def test_windows_and_norms_are_blind_to_padding(lengths, extra, window):
    x = torch.randn(len(lengths), max(lengths) + extra, 8)
    mask = torch.arange(x.shape[1]) < torch.tensor(lengths).unsqueeze(1)
    noise = torch.where(mask.unsqueeze(-1), x, 1e4)
    for layer in (MaskedBatchNorm(8), MaskedGroupNorm(8)):
        assert torch.allclose(layer(x, mask)[mask], layer(noise, mask)[mask], atol=1e-5)
    (y, real), (z, same) = max_windows(x, mask, window), max_windows(noise, mask, window)
    assert torch.equal(y, z)
    assert torch.equal(real, same)
    assert real.sum(1).tolist() == [-(-n // window) for n in lengths]
