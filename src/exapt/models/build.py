"""From a configuration to a backbone with random weights."""

from __future__ import annotations

from exapt.core.config import BackboneConfig
from exapt.core.contracts import Backbone, Inputs
from exapt.core.registry import BACKBONES
from exapt.models.hub import check_arch, read_config


def resolve(config: BackboneConfig) -> BackboneConfig:
    """The same backbone with every option written out, so that it can be built again without the weights' folder.

    The options of the weights hold, unless the configuration says otherwise; `weights` itself becomes None.

    Raises
    ------
    WeightsError
        Where the weights are unknown or belong to another architecture.

    Examples
    --------
    >>> resolve(BackboneConfig(name="cnn", depth=2)).plain()
    {'name': 'cnn', 'depth': 2}
    """
    if config.weights is None:
        return config
    saved = read_config(config.weights)
    check_arch(config.weights, saved["arch"], config.name)
    return BackboneConfig.model_validate({"name": config.name, **saved["options"], **config.options})


def build(config: BackboneConfig, inputs: Inputs) -> Backbone:
    """Build the architecture that a configuration names, with random weights.

    Where it names weights, the options are theirs, so that the scratch and the transfer arm are the same architecture;
    `hub.load_into` then loads the tensors.

    Parameters
    ----------
    config
        Name, options, and perhaps weights.
    inputs
        What the encoder makes.

    Raises
    ------
    ConfigError
        Where the name, an option or a value is not known, or the architecture cannot read these inputs.
    WeightsError
        Where the weights are unknown or belong to another architecture.

    Examples
    --------
    >>> build(BackboneConfig(name="mlp", widths=[8, 4]), Inputs("values", 20)).dim
    4
    """
    backbone: Backbone = BACKBONES.build(config.name, inputs=inputs, **resolve(config).options)
    return backbone
