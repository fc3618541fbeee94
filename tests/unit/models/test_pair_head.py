"""The head for pairs: both sides, their product, standardised features."""

import pytest
import torch

from exapt.core.contracts import Features
from exapt.core.errors import ConfigError
from exapt.models.heads.pairs import PairMLP


def features(pooled):
    n, d = pooled.shape
    return Features(pooled.view(n, 1, d), torch.ones(n, 1, dtype=torch.bool), pooled)


def sides(n=64, seed=0):
    generator = torch.Generator().manual_seed(seed)
    return [features(torch.randn(n, d, generator=generator)) for d in (6, 4)]


def test_output_depends_on_both_sides():
    head = PairMLP([6, 4], 2, width=5, hidden=7).eval()
    first, second = sides()
    other = sides(seed=1)
    out = head(first, second)
    assert out.shape == (64, 2)
    assert not torch.allclose(out, head(other[0], second))
    assert not torch.allclose(out, head(first, other[1]))


def test_the_mean_and_scale_of_features_do_not_matter_in_training():
    head = PairMLP([6, 4], 1, width=5, hidden=7)
    first, second = sides()
    moved = features(first.pooled * 1000 + 50)
    torch.testing.assert_close(head(moved, second), head(first, second), rtol=1e-3, atol=1e-4)


def test_single_row_is_read_by_running_statistics():
    head = PairMLP([6, 4], 1, width=5, hidden=7)
    first, second = sides(n=1)
    assert torch.isfinite(head(first, second)).all()


def test_a_product_is_learned_quickly():
    """Truth = product of two features: with the product among its inputs the head needs few steps."""
    torch.manual_seed(0)
    head = PairMLP([6, 4], 1, width=32, hidden=32)
    first, second = sides(n=512)
    truth = first.pooled[:, :1] * second.pooled[:, :1]
    optimiser = torch.optim.Adam(head.parameters(), 0.01)
    for _ in range(150):
        loss = (head(first, second) - truth).square().mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert loss < 0.1 * truth.var()


def test_other_numbers_of_inputs_are_refused():
    with pytest.raises(ConfigError, match="two input columns; found 1"):
        PairMLP([6], 1, width=5, hidden=7)
