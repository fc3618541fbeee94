"""Heads: shapes, several inputs, the variational layout."""

import torch

from exapt.core.contracts import Features
from exapt.models.heads.decoder import Decoder, VariationalDecoder, kl_divergence
from exapt.models.heads.pooled import PooledLinear, PooledMLP
from exapt.models.heads.tokens import TokenLinear


def found(dim, batch=3, length=5):
    tokens = torch.randn(batch, length, dim)
    return Features(tokens, torch.ones(batch, length, dtype=torch.bool), tokens.mean(1))


def test_pooled_heads_read_all_inputs():
    one, two = found(4), found(6)
    for head in (PooledLinear([4, 6], 2), PooledMLP([4, 6], 8, 2)):
        y = head(one, two)
        assert y.shape == (3, 2)
        assert not torch.allclose(y, head(one, found(6)))


def test_dropout_of_heads_sleeps_in_evaluation():
    one = found(4)
    head = PooledLinear([4], 2, dropout=0.9)
    assert torch.equal(head.eval()(one), torch.nn.functional.linear(one.pooled, head.linear.weight, head.linear.bias))


def test_token_head_labels_every_position():
    one = found(4)
    head = TokenLinear(4, 3)
    assert torch.allclose(head(one)[:, 2], head.linear(one.tokens[:, 2]), atol=1e-6)


def test_decoder_widths_are_its_layers():
    sizes = [layer.out_features for layer in Decoder(2, [4, 8], 30).layers if isinstance(layer, torch.nn.Linear)]
    assert sizes == [4, 8, 30]
    assert Decoder(2, [], 30)(found(2)).shape == (3, 30)


def test_the_variational_decoder_draws_in_training_only():
    head, one = VariationalDecoder(2, [4], 30), found(2)
    trained = [head.parts(head.train()(one)) for _ in range(2)]
    assert not torch.equal(trained[0][0], trained[1][0])
    reconstruction, mean, log_variance = head.parts(head.eval()(one))
    assert torch.equal(mean, one.pooled)
    assert torch.equal(reconstruction, head.layers(one.pooled))
    assert torch.allclose(log_variance, head.log_variance(one.pooled))


def test_divergence_equals_torch():
    mean, log_variance = torch.randn(4, 3), torch.randn(4, 3)
    ours = torch.distributions.Normal(mean, (log_variance / 2).exp())
    expected = torch.distributions.kl_divergence(ours, torch.distributions.Normal(0.0, 1.0)).sum(-1)
    assert torch.allclose(kl_divergence(mean, log_variance), expected, atol=1e-5)
