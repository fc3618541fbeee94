"""Heads that rebuild the input from a code: plain, and variational."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn

from exapt.core.contracts import Features


class Decoder(nn.Module):
    """Dense layers (GELU) from the pooled features to a linear reconstruction.

    Parameters
    ----------
    dim
        Width of the code.
    widths
        Widths of the hidden layers, code side first, such as `decoder_widths` of backbone ``autoencoder``.
    n_out
        Width of the reconstruction.

    Examples
    --------
    >>> found = Features(torch.ones(3, 1, 2), torch.ones(3, 1) > 0, torch.ones(3, 2))
    >>> tuple(Decoder(2, [4, 8], 100)(found).shape)
    (3, 100)
    """

    def __init__(self, dim: int, widths: Sequence[int], n_out: int) -> None:
        super().__init__()
        self.layers = _layers(dim, widths, n_out)

    def forward(self, features: Features) -> Tensor:
        """Map the code (B, dim) to a reconstruction (B, n_out)."""
        y: Tensor = self.layers(features.pooled)
        return y


class VariationalDecoder(nn.Module):
    """Decoder of a variational autoencoder: the pooled features are the mean of the code's distribution.

    The logarithm of its variance is a linear function of the mean. In training a code is drawn; in evaluation the mean
    is decoded. The output is one tensor (B, n_out + 2 dim), cut into its parts by `parts`.

    Parameters
    ----------
    dim, widths, n_out
        As in `Decoder`.

    References
    ----------
    Kingma and Welling (2014), Auto-encoding variational Bayes, arXiv:1312.6114

    Examples
    --------
    >>> found = Features(torch.ones(3, 1, 2), torch.ones(3, 1) > 0, torch.ones(3, 2))
    >>> head = VariationalDecoder(2, [4, 8], 100)
    >>> [tuple(part.shape) for part in head.parts(head(found))]
    [(3, 100), (3, 2), (3, 2)]
    """

    def __init__(self, dim: int, widths: Sequence[int], n_out: int) -> None:
        super().__init__()
        self.sizes = (n_out, dim, dim)
        self.log_variance = nn.Linear(dim, dim)
        self.layers = _layers(dim, widths, n_out)

    def forward(self, features: Features) -> Tensor:
        """Map the mean (B, dim) to reconstruction, mean and log-variance, side by side."""
        mean = features.pooled
        log_variance = self.log_variance(mean).clamp(-10.0, 10.0)
        code = mean
        if self.training:
            code = mean + torch.randn_like(mean) * (log_variance / 2).exp()
        return torch.cat([self.layers(code), mean, log_variance], -1)

    def parts(self, output: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Cut the output into reconstruction (B, n_out), mean (B, dim) and log-variance (B, dim)."""
        reconstruction, mean, log_variance = torch.split(output, list(self.sizes), -1)
        return reconstruction, mean, log_variance


def kl_divergence(mean: Tensor, log_variance: Tensor) -> Tensor:
    """Divergence of each code's distribution from the standard normal one, (B, dim) -> (B,) in nats, at least 0.

    References
    ----------
    Kingma and Welling (2014), arXiv:1312.6114, appendix B

    Examples
    --------
    >>> kl_divergence(torch.tensor([[0.0, 0.0], [1.0, 0.0]]), torch.zeros(2, 2))
    tensor([0.0000, 0.5000])
    """
    return (mean.square() + log_variance.exp() - 1 - log_variance).sum(-1) / 2


def _layers(dim: int, widths: Sequence[int], n_out: int) -> nn.Sequential:
    *inner, last = pairwise([dim, *widths, n_out])
    hidden = [layer for before, after in inner for layer in (nn.Linear(before, after), nn.GELU())]
    return nn.Sequential(*hidden, nn.Linear(*last))
