"""mlp and autoencoder."""

import pytest
import torch

from exapt.core.contracts import Inputs
from exapt.core.errors import ConfigError
from exapt.models.backbones.autoencoder.model import Autoencoder
from exapt.models.backbones.mlp.model import MLP

GENES = Inputs("values", 30)
CELLS = {
    "x": torch.randn(6, 1, 30, generator=torch.Generator().manual_seed(0)) * 4 + 2,
    "mask": torch.ones(6, 1, dtype=torch.bool),
}


def test_the_wide_path_is_the_input_itself():
    mlp = MLP(GENES, widths=[8, 4], skip=True, input_dropout=0.5)
    assert torch.equal(mlp(CELLS).pooled[:, 4:], CELLS["x"][:, 0])


def test_weights_fit_with_and_without_the_wide_path():
    narrow, wide = MLP(GENES, widths=[8, 4]), MLP(GENES, widths=[8, 4], skip=True)
    wide.load_state_dict(narrow.state_dict())
    assert torch.equal(narrow.eval()(CELLS).pooled, wide.eval()(CELLS).pooled[:, :4])


def test_input_dropout_drops_inputs_in_training_only():
    mlp = MLP(GENES, widths=[8], dropout=0.0, input_dropout=0.9, norm="none")
    assert not torch.equal(mlp.train()(CELLS).pooled, mlp.eval()(CELLS).pooled)
    assert torch.equal(mlp.eval()(CELLS).pooled, mlp.eval()(CELLS).pooled)


def test_the_code_is_linear_and_the_decoder_is_mirrored():
    encoder = Autoencoder(GENES, widths=[16, 8, 2])
    assert encoder.decoder_widths == [8, 16]
    assert len(encoder.blocks()) == 3
    code, stream = encoder.layers[-1], {"x": torch.randn(5, 1, 8), "mask": torch.ones(5, 1, dtype=torch.bool)}
    double = code({**stream, "x": 2 * stream["x"]})["x"] - code.linear.bias
    assert torch.allclose(double, 2 * (code(stream)["x"] - code.linear.bias), atol=1e-5)


def test_one_line_of_widths_goes_down_to_two():
    encoder = Autoencoder(Inputs("values", 1000), widths=[256, 128, 64, 32, 16, 8, 4, 2])
    assert encoder.decoder_widths == [4, 8, 16, 32, 64, 128, 256]
    assert encoder.dim == 2


@pytest.mark.parametrize(
    ("widths", "message"),
    [([], "must be a list of at least one width"), ([8, 0], "widths: found 0"), ("64", "widths: found '64'")],
)
@pytest.mark.parametrize("kind", [MLP, Autoencoder])
def test_bad_widths_are_one_sentence(kind, widths, message):
    with pytest.raises(ConfigError, match=message):
        kind(GENES, widths=widths)
