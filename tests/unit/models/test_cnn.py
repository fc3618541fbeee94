"""The convolutional network: strands, variants, options."""

import pytest
import torch

from exapt.core.contracts import Inputs
from exapt.core.errors import ConfigError
from exapt.core.registry import BACKBONES
from exapt.models.backbones.cnn.model import CNN
from exapt.models.layers.entry import one_hot
from exapt.models.layers.strands import flip

DNA = Inputs("letters", 7)


def other_strand(x, mask):
    complement = torch.where((x >= 2) & (x <= 5), 7 - x, x)
    return flip(complement.unsqueeze(-1), mask).squeeze(-1)


def dna(lengths=(30, 17, 1)):
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    return torch.randint(2, 7, mask.shape) * mask, mask


@pytest.mark.parametrize(
    "options",
    [{}, {"variant": "pool", "window": 3}, {"pool": "mean_max", "position_knots": 4}, {"stem_activation": "exp"}],
)
def test_the_strand_does_not_matter_with_reverse_complement(options):
    cnn = CNN(DNA, dim=8, depth=2, reverse_complement=True, **options).eval()
    if "position_knots" in options:
        torch.nn.init.normal_(cnn.top.gate.table)
    x, mask = dna()
    given, other = cnn({"x": x, "mask": mask}), cnn({"x": other_strand(x, mask), "mask": mask})
    assert torch.allclose(given.pooled, other.pooled, atol=1e-5)
    if options.get("variant") != "pool":
        assert torch.allclose(given.tokens, flip(other.tokens, mask), atol=1e-5)


def test_the_strand_matters_without():
    cnn = CNN(DNA, dim=8, depth=2).eval()
    x, mask = dna()
    given, other = cnn({"x": x, "mask": mask}), cnn({"x": other_strand(x, mask), "mask": mask})
    assert not torch.allclose(given.pooled, other.pooled, atol=1e-3)


def test_both_strands_share_the_weights():
    one, two = CNN(DNA, dim=8), CNN(DNA, dim=8, reverse_complement=True)
    assert sum(p.numel() for p in one.parameters()) == sum(p.numel() for p in two.parameters())


@pytest.mark.parametrize("inputs", [Inputs("letters", 22), Inputs("values", 7)])
def test_reverse_complement_is_for_dna_letters(inputs):
    with pytest.raises(ConfigError, match="reverse_complement: needs the 7 letters"):
        CNN(inputs, reverse_complement=True)


def test_pooling_shortens_and_dilation_does_not():
    x, mask = dna((20, 9))
    assert CNN(DNA, dim=8, depth=2)({"x": x, "mask": mask}).tokens.shape[1] == 20
    windows = CNN(DNA, dim=8, depth=1, variant="pool", window=3)({"x": x, "mask": mask})
    assert windows.mask.sum(1).tolist() == [3, 1]


def test_dilation_grows_the_reach():
    """The gradient of one token reaches exactly as far as the filters add up to."""
    cnn = CNN(DNA, dim=8, depth=3, kernel=3, stem_kernel=5, norm="none", dropout=0.0).eval()
    letters = one_hot(torch.randint(2, 6, (1, 61)), 7).requires_grad_()
    cnn({"x": letters, "mask": torch.ones(1, 61, dtype=torch.bool)}).tokens[0, 30].sum().backward()
    reached = letters.grad[0].abs().sum(-1).nonzero()[:, 0]
    reach = 2 + 1 + 2 + 4
    assert (reached.min(), reached.max()) == (30 - reach, 30 + reach)


@pytest.mark.parametrize("recurrent", ["gru", "lstm"])
def test_an_rnn_on_top_sees_everything_but_padding(recurrent):
    cnn = CNN(DNA, dim=8, depth=1, kernel=3, stem_kernel=3, dropout=0.0, recurrent=recurrent, recurrent_window=4).eval()
    assert len(cnn.blocks()) == len(CNN(DNA, dim=8, depth=1).blocks()) + 1
    x, mask = dna((61, 45))
    letters = one_hot(x, 7).requires_grad_()
    cnn({"x": letters, "mask": mask}).tokens[1, 20].sum().backward()
    assert letters.grad[1, :45].abs().sum(-1).bool().all()
    alone = cnn({"x": x[1:, :45], "mask": mask[1:, :45]}).tokens
    assert torch.allclose(cnn({"x": x, "mask": mask}).tokens[1:, :45], alone, atol=1e-5)


def test_a_position_gate_knows_where_a_motif_lies():
    x = torch.full((2, 40), 6)
    x[0, 6:11], x[1, 28:33] = 2, 2
    mask = torch.ones(2, 40, dtype=torch.bool)
    blind = CNN(DNA, dim=8, depth=1, stem_kernel=5, kernel=3).eval()
    seeing = CNN(DNA, dim=8, depth=1, stem_kernel=5, kernel=3, position_knots=3).eval()
    torch.nn.init.normal_(seeing.top.gate.table)
    one, two = blind({"x": x, "mask": mask}).pooled
    assert torch.allclose(one, two, atol=1e-5)
    one, two = seeing({"x": x, "mask": mask}).pooled
    assert not torch.allclose(one, two, atol=1e-3)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"variant": "plain"}, "variant: 'plain' is not known"),
        ({"pool": "median"}, "pool: 'median' is not known"),
        ({"depth": 0}, "depth: found 0, must be a whole number of at least 1"),
        ({"dim": 8.5}, "dim: found 8.5"),
        ({"stem_kernel": 10}, "kernel: found 10; it must be odd"),
        ({"position_knots": 1}, "position_knots: found 1, must be a whole number of at least 2"),
        ({"recurrent": "rnn"}, "recurrent: 'rnn' is not known"),
        ({"recurrent": "gru", "recurrent_window": 0}, "recurrent_window: found 0"),
        ({"recurrent": "gru", "dim": 7}, "dim: found 7; two directions share it"),
        ({"dialtion": 2}, "has no option 'dialtion'"),
    ],
)
def test_bad_options_are_one_sentence(options, message):
    with pytest.raises(ConfigError, match=message):
        BACKBONES.build("cnn", inputs=DNA, **options)


def test_it_learns_a_motif_on_either_strand():
    """Sequences with TGACTCA or its reverse complement against shuffled ones: the loss falls to near zero."""
    torch.manual_seed(0)
    motif = torch.tensor([5, 4, 2, 3, 5, 3, 2])
    x, label = torch.randint(2, 6, (64, 40)), torch.arange(64) % 2
    for row in range(1, 64, 2):
        start = int(torch.randint(0, 33, ()))
        planted = motif if row % 4 == 1 else 7 - motif.flip(0)
        x[row, start : start + 7] = planted
    stream = {"x": x, "mask": torch.ones_like(x, dtype=torch.bool)}
    cnn = CNN(DNA, dim=16, depth=1, stem_kernel=7, pool="max", reverse_complement=True, dropout=0.0)
    head = torch.nn.Linear(cnn.dim, 2)
    optimiser = torch.optim.Adam([*cnn.parameters(), *head.parameters()], lr=0.01)
    for _ in range(40):
        loss = torch.nn.functional.cross_entropy(head(cnn(stream).pooled), label)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss.item() < 0.1


def test_many_filters_and_windows_in_the_stem():
    cnn = CNN(Inputs("letters", 7), dim=8, depth=1, stem_dim=24, stem_window=4, stem_activation="exp").eval()
    stream = {"x": torch.randint(2, 6, (3, 10)), "mask": torch.ones(3, 10, dtype=torch.bool)}
    assert tuple(cnn(stream).tokens.shape) == (3, 3, 8)


def test_places_keep_where_features_lie():
    cnn = CNN(Inputs("letters", 7), dim=4, depth=1, places=6).eval()
    x = torch.tensor([[2, 3, 4, 5, 0, 0]])
    stream = {"x": x, "mask": x > 0}
    pooled = cnn(stream).pooled.unflatten(1, (6, 4))
    assert cnn.dim == 24
    assert torch.equal(pooled[0, :4], cnn(stream).tokens[0, :4].float())
    assert not pooled[0, 4:].any()
