"""The recurrent network equals torch's packed sequences."""

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from exapt.core.contracts import Inputs
from exapt.core.errors import ConfigError
from exapt.models.backbones.rnn.model import RNN

LENGTHS = torch.tensor([9, 4, 1])
MASK = torch.arange(9) < LENGTHS.unsqueeze(1)


def reference(rnn, cell):
    """torch's own bidirectional layers with the same weights."""
    layers = []
    for layer in rnn.layers:
        theirs = cell(rnn.dim, rnn.dim // 2, batch_first=True, bidirectional=True)
        for name, value in layer.ahead.named_parameters():
            getattr(theirs, name).data = value.data
        for name, value in layer.back.named_parameters():
            getattr(theirs, f"{name}_reverse").data = value.data
        layers.append(theirs)
    return layers


@pytest.mark.parametrize(("name", "cell"), [("gru", nn.GRU), ("lstm", nn.LSTM)])
def test_it_equals_packed_sequences(name, cell):
    rnn = RNN(Inputs("values", 3), dim=8, depth=2, cell=name).eval()
    x = torch.randn(3, 9, 3)
    ours = rnn({"x": x, "mask": MASK})
    y = rnn.entry({"x": x, "mask": MASK})["x"]
    for layer in reference(rnn, cell):
        packed, state = layer(pack_padded_sequence(y, LENGTHS, batch_first=True, enforce_sorted=False))
        y, _ = pad_packed_sequence(packed, batch_first=True)
    assert torch.allclose(ours.tokens, y, atol=1e-5)
    last = RNN(Inputs("values", 3), dim=8, depth=2, cell=name, pool="last").eval()
    last.load_state_dict(rnn.state_dict())
    hidden = state[0] if name == "lstm" else state
    assert torch.allclose(last({"x": x, "mask": MASK}).pooled, torch.cat([hidden[0], hidden[1]], -1), atol=1e-5)


def test_one_direction_never_looks_ahead():
    rnn = RNN(Inputs("letters", 7), dim=6, bidirectional=False).eval()
    x = torch.randint(2, 7, (1, 9))
    changed = x.clone()
    changed[0, 5:] = 2
    stream = {"mask": torch.ones(1, 9, dtype=torch.bool)}
    one, two = rnn({**stream, "x": x}).tokens, rnn({**stream, "x": changed}).tokens
    assert torch.allclose(one[:, :5], two[:, :5], atol=1e-6)


def test_two_directions_need_an_even_width():
    with pytest.raises(ConfigError, match="dim: found 7; two directions share it"):
        RNN(Inputs("letters", 7), dim=7)
    with pytest.raises(ConfigError, match="cell: 'gur' is not known. Did you mean 'gru'"):
        RNN(Inputs("letters", 7), cell="gur")
