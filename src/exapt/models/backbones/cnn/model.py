"""1-D convolutional network on letters or profiles: dilated residual (with an RNN on top) or plain with max-pooling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from torch import Tensor, nn

from exapt.core.contracts import Backbone, Features, Inputs, Stream
from exapt.core.errors import ConfigError
from exapt.models.layers.activation import activation as build_activation
from exapt.models.layers.checks import at_least, choice, fraction, reads
from exapt.models.layers.conv import Conv
from exapt.models.layers.entry import one_hot
from exapt.models.layers.masking import zero_padding
from exapt.models.layers.norm import norm as build_norm
from exapt.models.layers.pooling import by_place, features, max_windows, pooled_dim
from exapt.models.layers.positions import PositionGate
from exapt.models.layers.recurrent import CELLS, Cell, WindowedRNN
from exapt.models.layers.strands import COMPLEMENT, flip, on_strands
from exapt.models.layers.strands import reverse_complement as other_strand


class CNN(Backbone):
    """Stem of wide filters on indicators of letters (or on values), `depth` convolutional blocks, perhaps an RNN.

    With ``reverse_complement`` both strands of DNA pass through the same weights, as "x" and "reverse" of the stream.
    Pooled features are averaged over strands, so that no prediction depends on the strand that was given; tokens are
    those of the given strand averaged with those of the other strand at the same place.

    Parameters
    ----------
    inputs
        Letters or values.
    dim
        Channels.
    depth
        Convolutional blocks above the stem.
    kernel, stem_kernel
        Odd filter lengths, in positions, of the blocks and of the stem.
    dilation_growth
        Block i of the dilated variant has dilation ``dilation_growth ** i``.
    variant
        ``dilated`` keeps the length; ``pool`` is convolution and max-pooling in turn, each position of its tokens
        being a window of the input.
    window
        Length of the max-pooling windows of the ``pool`` variant.
    stem_dim, stem_window
        Filters of the stem (None: as many as channels) and the max-pooling windows after them (1: none), for short
        motifs: many filters, each of whose best match in a window goes on.
    norm
        ``batch``, ``layer``, ``group`` or ``none``.
    activation, stem_activation
        ``relu``, ``gelu``, ``silu``, ``elu``, ``tanh`` or ``exp``; the stem's is that of the blocks unless given.
    dropout
        In [0, 1).
    pool
        Readout over positions: ``mean``, ``max`` or ``mean_max``.
    places
        Instead of pooling, lay the first `places` positions side by side, so that a head knows where features lie;
        what is further right is not read. 0 = pool.
    position_knots
        Weigh features by where they lie, with a function of that many points (see `PositionGate`); 0 = do not.
    reverse_complement
        Read both strands; for DNA letters only.
    recurrent, recurrent_window
        A bidirectional ``gru`` or ``lstm`` above the blocks, whose steps are windows of so many positions (see
        `WindowedRNN`); ``none`` = none.

    References
    ----------
    Yu and Koltun (2016), Multi-scale context aggregation by dilated convolutions, arXiv:1511.07122
    Bileschi et al. (2022), Using deep learning to annotate the protein universe,
    https://doi.org/10.1038/s41587-021-01179-w
    Shrikumar, Greenside and Kundaje (2017), Reverse-complement parameter sharing, https://doi.org/10.1101/103663

    Examples
    --------
    >>> import torch
    >>> cnn = CNN(Inputs("letters", 7), dim=8, depth=2)
    >>> stream = {"x": torch.tensor([[2, 3, 4, 0]]), "mask": torch.tensor([[True, True, True, False]])}
    >>> tuple(cnn(stream).tokens.shape), len(cnn.blocks())
    ((1, 4, 8), 4)
    """

    encoders: ClassVar[Mapping[str, str]] = {
        "dna": "letters",
        "rna": "letters",
        "protein": "letters",
        "molecule": "letters",
        "expression": "profile",
        "number": "profile",
    }

    def __init__(  # noqa: PLR0913 - an architecture's options are flat, so that a YAML can name each
        self,
        inputs: Inputs,
        *,
        dim: int = 64,
        depth: int = 4,
        kernel: int = 5,
        stem_kernel: int = 15,
        dilation_growth: int = 2,
        variant: str = "dilated",
        window: int = 2,
        stem_dim: int | None = None,
        stem_window: int = 1,
        norm: str = "batch",
        activation: str = "gelu",
        stem_activation: str | None = None,
        dropout: float = 0.1,
        pool: str = "mean",
        places: int = 0,
        position_knots: int = 0,
        reverse_complement: bool = False,
        recurrent: str = "none",
        recurrent_window: int = 9,
    ) -> None:
        super().__init__()
        reads("cnn", inputs, "letters", "values")
        at_least(1, dim=dim, depth=depth, dilation_growth=dilation_growth)
        at_least(2, window=window)
        at_least(1, stem_window=stem_window, stem_dim=stem_dim or dim, recurrent_window=recurrent_window)
        at_least(0, places=places)
        fraction(dropout=dropout)
        choice("variant", variant, ("dilated", "pool"))
        choice("recurrent", recurrent, ("none", *CELLS))
        if position_knots != 0:
            at_least(2, position_knots=position_knots)
        if reverse_complement and inputs != Inputs("letters", len(COMPLEMENT)):
            raise ConfigError(
                f"reverse_complement: needs the {len(COMPLEMENT)} letters of encoder 'letters' for DNA; "
                f"this encoder makes {inputs.kind} of size {inputs.size}."
            )
        self.inputs = inputs
        self.pool = pool
        self.places = places
        self.dim = dim * places if places else pooled_dim(dim, pool)
        plain = variant == "pool"
        window = window if plain else 1
        stem_window = max(window, stem_window)
        wide, shape = stem_dim or dim, stem_activation or activation
        first = _Plain(inputs.size, wide, stem_kernel, norm, shape, stem_window, dropout if plain else 0.0)
        narrow = nn.Linear(wide, dim) if wide != dim else nn.Identity()
        self.stem = _Stem(inputs, first, narrow, both_strands=reverse_complement)
        self.layers = nn.ModuleList(
            _Plain(dim, dim, kernel, norm, activation, window, dropout)
            if plain
            else _Residual(dim, kernel, dilation_growth**i, norm, activation, dropout)
            for i in range(depth)
        )
        if recurrent != "none":
            self.layers.append(_Recurrent(dim, CELLS[recurrent], recurrent_window, norm, dropout))
        self.top = _Top(dim, "none" if plain else norm, None if plain else activation, position_knots)

    def blocks(self) -> list[nn.Module]:
        """Stem, convolutional blocks, the RNN where there is one, final normalisation."""
        return [self.stem, *self.layers, self.top]

    def readout(self, stream: Stream) -> Features:
        """Pool over positions, then average over strands."""
        mask = stream["mask"]
        given = self._pooled(stream["x"], mask)
        if "reverse" not in stream:
            return given
        other = self._pooled(stream["reverse"], mask)
        tokens = (given.tokens + flip(other.tokens, mask)) / 2
        return Features(tokens, mask, (given.pooled + other.pooled) / 2)

    def _pooled(self, x: Tensor, mask: Tensor) -> Features:
        if not self.places:
            return features(x, mask, self.pool)
        return Features(x * mask.unsqueeze(-1), mask, by_place(x, mask, self.places))


class _Stem(nn.Module):
    """Letters to indicators, the other strand beside them, the first convolution, and its channels narrowed."""

    def __init__(self, inputs: Inputs, layer: nn.Module, narrow: nn.Module, *, both_strands: bool) -> None:
        super().__init__()
        self.narrow = narrow
        self.size = inputs.size if inputs.kind == "letters" else None
        self.both_strands = both_strands
        self.layer = layer

    def forward(self, stream: Stream) -> Stream:
        x = stream["x"] if self.size is None else one_hot(stream["x"], self.size)
        stream = {**stream, "x": x}
        if self.both_strands:
            stream["reverse"] = other_strand(x, stream["mask"])
        result: Stream = self.layer(stream)
        return {**result, **{key: self.narrow(result[key]) for key in ("x", "reverse") if key in result}}


class _Plain(nn.Module):
    """Convolution -> normalisation -> activation -> max-pooling -> dropout."""

    def __init__(
        self, dim_in: int, dim: int, kernel: int, norm: str, activation: str, window: int, dropout: float
    ) -> None:
        super().__init__()
        self.conv = Conv(dim_in, dim, kernel)
        self.norm = build_norm(norm, dim)
        self.activation = build_activation(activation)
        self.window = window
        self.dropout = nn.Dropout(dropout)

    def forward(self, stream: Stream) -> Stream:
        return on_strands(stream, self._strand)

    def _strand(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        x = self.activation(self.norm(self.conv(zero_padding(x, mask)), mask))
        if self.window > 1:
            x, mask = max_windows(x, mask, self.window)
        return self.dropout(x), mask


class _Residual(nn.Module):
    """Normalised and activated: a dilated convolution, then a pointwise one, added to the input."""

    def __init__(self, dim: int, kernel: int, dilation: int, norm: str, activation: str, dropout: float) -> None:
        super().__init__()
        self.norm1 = build_norm(norm, dim)
        self.conv = Conv(dim, dim, kernel, dilation)
        self.norm2 = build_norm(norm, dim)
        self.pointwise = nn.Linear(dim, dim)
        self.activation = build_activation(activation)
        self.dropout = nn.Dropout(dropout)

    def forward(self, stream: Stream) -> Stream:
        return on_strands(stream, self._strand)

    def _strand(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        h = zero_padding(self.activation(self.norm1(x, mask)), mask)
        h = self.activation(self.norm2(self.conv(h), mask))
        return x + self.dropout(self.pointwise(h)), mask


class _Recurrent(nn.Module):
    """Normalised, through an RNN, added to the input."""

    def __init__(self, dim: int, cell: Cell, window: int, norm: str, dropout: float) -> None:
        super().__init__()
        self.norm = build_norm(norm, dim)
        self.rnn = WindowedRNN(dim, cell, window)
        self.dropout = nn.Dropout(dropout)

    def forward(self, stream: Stream) -> Stream:
        return on_strands(stream, self._strand)

    def _strand(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        return x + self.dropout(self.rnn(zero_padding(self.norm(x, mask), mask), mask)), mask


class _Top(nn.Module):
    """Normalisation and activation that end a row of residual blocks, and the weight of each place."""

    def __init__(self, dim: int, norm: str, activation: str | None, position_knots: int) -> None:
        super().__init__()
        self.norm = build_norm(norm, dim)
        self.activation = build_activation(activation) if activation else nn.Identity()
        self.gate = PositionGate(dim, position_knots) if position_knots else None

    def forward(self, stream: Stream) -> Stream:
        return on_strands(stream, self._strand)

    def _strand(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        x = self.activation(self.norm(x, mask))
        return (x if self.gate is None else self.gate(x, mask)), mask


EXPORT = CNN
