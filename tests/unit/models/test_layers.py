"""Layers against torch's own where there is one, and against their definition where there is none."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pad_sequence

from exapt.core.contracts import Inputs
from exapt.core.errors import ConfigError
from exapt.models.layers.activation import ACTIVATIONS, Exp, activation
from exapt.models.layers.conv import Conv, DilatedConv2d
from exapt.models.layers.entry import Entry, one_hot
from exapt.models.layers.norm import MaskedBatchNorm, MaskedGroupNorm, norm
from exapt.models.layers.pooling import features, masked_max, masked_mean, max_windows
from exapt.models.layers.positions import PositionGate
from exapt.models.layers.rotary import rotate
from exapt.models.layers.strands import flip, reverse_complement


def ragged(lengths, dim):
    parts = [torch.randn(n, dim) * 3 + 1 for n in lengths]
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    return parts, pad_sequence(parts, batch_first=True), mask


@pytest.mark.parametrize("affine", [True, False])
def test_batch_norm_equals_torch_on_the_real_positions(affine):
    parts, x, mask = ragged([5, 2, 7], 4)
    x[~mask] = 1e6
    ours, theirs = MaskedBatchNorm(4, affine=affine), nn.BatchNorm1d(4, affine=affine)
    expected = theirs(torch.cat(parts))
    assert torch.allclose(ours(x, mask)[mask], expected, atol=1e-5)
    assert torch.allclose(ours.running_mean, theirs.running_mean)
    assert torch.allclose(ours.running_var, theirs.running_var)
    assert torch.allclose(ours.eval()(x, mask)[mask], theirs.eval()(torch.cat(parts)), atol=1e-5)


def test_batch_norm_on_images_equals_torch():
    x = torch.randn(3, 5, 4, 2)
    expected = nn.BatchNorm2d(2)(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)
    assert torch.allclose(MaskedBatchNorm(2)(x, torch.ones(3, 5, 4, dtype=torch.bool)), expected, atol=1e-5)


def test_batch_norm_of_one_position_uses_the_running_statistics():
    layer = MaskedBatchNorm(2)
    x, mask = torch.tensor([[[3.0, -1.0], [9.0, 9.0]]]), torch.tensor([[True, False]])
    assert torch.allclose(layer(x, mask)[0, 0], x[0, 0], atol=1e-4)
    assert torch.equal(layer.running_mean, torch.zeros(2))


def test_frozen_batch_norm_keeps_its_statistics():
    layer = MaskedBatchNorm(2).eval()
    layer(torch.randn(4, 3, 2), torch.ones(4, 3, dtype=torch.bool))
    assert torch.equal(layer.running_mean, torch.zeros(2))
    assert torch.equal(layer.running_var, torch.ones(2))


def test_group_norm_equals_torch_on_each_example_alone():
    parts, x, mask = ragged([5, 2], 16)
    ours = MaskedGroupNorm(16)
    theirs = nn.GroupNorm(8, 16)
    nn.init.normal_(ours.weight)
    theirs.weight.data = ours.weight.data
    for part, row, real in zip(parts, ours(x, mask), mask, strict=True):
        assert torch.allclose(row[real], theirs(part.T.unsqueeze(0))[0].T, atol=1e-5)


def test_unknown_names_offer_the_nearest():
    with pytest.raises(ConfigError, match="norm: 'bacth' is not known. Did you mean 'batch'"):
        norm("bacth", 4)
    with pytest.raises(ConfigError, match="activation: 'gelu2'"):
        activation("gelu2")
    assert all(torch.isfinite(activation(name)(torch.tensor([1e4, -1e4]))).all() for name in ACTIVATIONS)


def test_exp_is_the_exponential_below_its_clip():
    x = torch.linspace(-5, 9, 50)
    assert torch.allclose(Exp()(x), x.exp())


@pytest.mark.parametrize(("kernel", "dilation"), [(1, 1), (5, 1), (5, 4), (3, 20)])
def test_conv_equals_torch(kernel, dilation):
    ours = Conv(3, 6, kernel, dilation)
    theirs = nn.Conv1d(3, 6, kernel, dilation=dilation, padding="same")
    theirs.weight.data, theirs.bias.data = ours.conv.weight.data.squeeze(2), ours.conv.bias.data
    x = torch.randn(2, 11, 3)
    assert torch.allclose(ours(x), theirs(x.transpose(1, 2)).transpose(1, 2), atol=1e-5)
    assert ours(x).is_contiguous() or kernel == 1, "the output was transposed on the way"
    assert isinstance(ours.conv, DilatedConv2d) == (dilation > 1)


def test_even_kernels_are_refused():
    with pytest.raises(ConfigError, match="kernel: found 4; it must be odd"):
        Conv(3, 6, 4)


def test_rotation_keeps_lengths_and_sees_only_distances():
    query, key = torch.randn(1, 1, 1, 8), torch.randn(1, 1, 1, 8)
    queries, keys = rotate(query.expand(1, 1, 30, 8)), rotate(key.expand(1, 1, 30, 8))
    assert torch.allclose(queries.norm(dim=-1), query.norm(dim=-1).expand(1, 1, 30), atol=1e-5)
    score = (queries @ keys.transpose(-1, -2))[0, 0]
    for distance in (-7, 0, 3):
        diagonal = score.diagonal(distance)
        assert torch.allclose(diagonal, diagonal[0].expand_as(diagonal), atol=1e-4)
    assert not torch.allclose(score[0, 1], score[0, 9], atol=1e-3)


def test_pooling_ignores_padding_and_survives_an_empty_example():
    x = torch.tensor([[[1.0], [3.0], [100.0]], [[5.0], [6.0], [7.0]]])
    mask = torch.tensor([[True, True, False], [False, False, False]])
    assert masked_mean(x, mask).tolist() == [[2.0], [0.0]]
    assert masked_max(x, mask).tolist() == [[3.0], [0.0]]
    assert masked_max(-x, mask).tolist() == [[-1.0], [0.0]]
    both = features(x, mask, "mean_max")
    assert both.tokens.tolist()[0] == [[1.0, 3.0], [3.0, 3.0], [0.0, 0.0]]


def test_windows_are_those_of_the_sequence_alone():
    x = -torch.rand(1, 7, 2)
    padded, mask = torch.cat([x, torch.full((1, 4, 2), 9.0)], 1), torch.arange(11).unsqueeze(0) < 7
    y, real = max_windows(padded, mask, 3)
    assert real.tolist() == [[True, True, True, False]]
    assert torch.equal(y[:, 0], x[:, :3].amax(1))
    assert torch.equal(y[:, 2], x[:, 6])
    assert (y[:, 3] == 0).all()


def test_windows_of_images_are_squares():
    x = torch.arange(12.0).view(1, 3, 4, 1)
    y, real = max_windows(x, torch.ones(1, 3, 4, dtype=torch.bool), 2)
    assert y.squeeze().tolist() == [[5.0, 7.0], [9.0, 11.0]]
    assert real.all()


def test_flip_and_reverse_complement_are_their_own_inverse():
    x = torch.randint(2, 7, (3, 9))
    mask = torch.arange(9) < torch.tensor([9, 4, 1]).unsqueeze(1)
    letters = one_hot(x * mask, 7)
    assert torch.equal(flip(flip(letters, mask), mask), letters)
    assert torch.equal(reverse_complement(reverse_complement(letters, mask), mask), letters)


def test_reverse_complement_of_a_sequence():
    acgtn = torch.tensor([[2, 2, 3, 4, 6, 0]])
    other = reverse_complement(one_hot(acgtn, 7), acgtn > 0).argmax(-1)
    assert other.tolist() == [[6, 3, 4, 5, 5, 0]]


def test_a_gate_starts_closed_and_follows_the_relative_position():
    gate = PositionGate(1, 3)
    x = torch.ones(2, 8, 1)
    mask = torch.arange(8) < torch.tensor([8, 4]).unsqueeze(1)
    assert torch.equal(gate(x, mask), x)
    gate.table.data = torch.tensor([[0.0], [1.0], [0.0]])
    long, short = gate(x, mask)[:, :, 0]
    assert torch.allclose(long[[3, 4]], torch.tensor([1.875, 1.875]))
    assert torch.allclose(short[:4], torch.tensor([1.25, 1.75, 1.75, 1.25]))


@pytest.mark.parametrize("kind", ["letters", "values"])
def test_entry_takes_indicators_as_it_takes_letters(kind):
    entry = Entry(Inputs(kind, 7), 4)
    if kind == "values":
        assert entry({"x": torch.randn(2, 3, 7)})["x"].shape == (2, 3, 4)
        return
    ids = torch.tensor([[2, 5, 0]])
    assert torch.allclose(entry({"x": ids})["x"], entry({"x": one_hot(ids, 7)})["x"])
    assert (entry({"x": ids})["x"][0, 2] == 0).all()
