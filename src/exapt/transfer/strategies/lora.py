"""Low-rank adapters (PEFT) beside frozen weights; they can be merged into the base without a trace."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from torch import nn

from exapt.core.contracts import Backbone, Model, Strategy
from exapt.core.errors import ConfigError, InputError, WeightsError
from exapt.core.paths import atomic, read_json, write_json
from exapt.core.tensors import digest, read_tensors, write_tensors
from exapt.transfer.strategies._blocks import is_count, is_number, require

PREFIX = "base_model.model."  # what PEFT writes before the names of the base model


class Lora(Strategy):
    """W x + alpha / rank * B A x, with W frozen and B = 0 at the start, in the backbone's linear and conv layers [1]_.

    Everything else of the backbone is frozen, batch-norm statistics too; heads train as ever.

    Parameters
    ----------
    rank
        Rows of A and columns of B, at least 1.
    alpha
        Strength, above 0; None = twice the rank.
    dropout
        On the input of the adapters, in [0, 1).

    References
    ----------
    .. [1] Hu et al. (2021), LoRA: Low-rank adaptation of large language models, arXiv:2106.09685
    """

    owns = frozenset({"trainable"})

    def __init__(self, rank: int = 8, alpha: float | None = None, dropout: float = 0.0) -> None:
        require(is_count(rank, 1), "lora", "rank", rank, "a whole number, at least 1")
        require(
            alpha is None or (is_number(alpha, 0) and alpha > 0), "lora", "alpha", alpha, "a number above 0, or none"
        )
        require(is_number(dropout, 0, 1) and dropout < 1, "lora", "dropout", dropout, "a number in [0, 1)")
        self.rank = rank
        self.alpha = 2 * rank if alpha is None else alpha
        self.dropout = dropout

    def prepare(self, model: Model) -> None:
        """Put an adapter into every layer that can have one and freeze the base.

        Raises
        ------
        ConfigError
            Where a backbone has no such layer.
        """
        from peft import LoraConfig

        for column, backbone in _backbones(model):
            names = _targets(backbone)
            if not names:
                raise ConfigError(
                    f"strategy 'lora': the backbone of {column!r} ({type(backbone).__name__}) has no linear or conv "
                    "layer to adapt. Choose another strategy, for example partial."
                )
            config = LoraConfig(
                r=self.rank,
                lora_alpha=self.alpha,
                lora_dropout=self.dropout,
                target_modules="|".join(map(re.escape, names)),  # full names: PEFT would match endings of a list
            )
            _inject(backbone, config)

    def train_mode(self, model: Model) -> None:
        """Adapters and dropout train; layers with frozen weights or statistics stay in eval mode."""
        model.train()
        for backbone in model.distinct_backbones():
            for module in backbone.modules():
                state = [*module.parameters(), *module.buffers()]
                if state and not any(tensor.requires_grad for tensor in state):
                    module.eval()


def save_adapter(model: Model, folder: Path, base: str) -> None:
    """Write the adapters in PEFT's format, the heads beside them, and what they stand on.

    ::

        folder/  adapter_config.json  adapter_model.safetensors   (one folder a column, where backbones differ)
                 heads.safetensors  base.json

    Parameters
    ----------
    model
        A model that the strategy `lora` has trained, not merged.
    folder
        Replaced where it exists.
    base
        Name or path of the weights under the adapters.

    Raises
    ------
    WeightsError
        Where the model has no adapters.
    """
    from peft import get_peft_model_state_dict

    if not all(hasattr(backbone, "peft_config") for _, backbone in _backbones(model)):
        raise WeightsError("The model has no adapters to save: train it with the strategy 'lora', and do not merge.")
    with atomic(folder) as temporary:
        temporary.mkdir()
        for place, backbone in _places(model, temporary):
            config = backbone.peft_config["default"]
            config.base_model_name_or_path = base
            config.save_pretrained(place)
            adapter = get_peft_model_state_dict(backbone, save_embedding_layers=False)
            named = {PREFIX + name: tensor for name, tensor in adapter.items()}
            write_tensors(place / "adapter_model.safetensors", named)
        write_tensors(temporary / "heads.safetensors", model.heads.state_dict())
        digests = {column: _base_digest(backbone) for column, backbone in _backbones(model)}
        write_json(temporary / "base.json", {"weights": base, "sha256": digests})
        shutil.rmtree(folder, ignore_errors=True)


def load_adapter(model: Model, folder: Path) -> None:
    """Put saved adapters and heads onto a model that holds the base weights.

    Raises
    ------
    WeightsError
        Where a file is missing or damaged, or the base is not the one that the adapters were trained on.
    """
    from peft import LoraConfig, set_peft_model_state_dict

    try:
        wanted = read_json(folder / "base.json")
        configs = [LoraConfig.from_pretrained(str(place)) for place, _ in _places(model, folder)]
    except (InputError, OSError, ValueError) as error:
        raise WeightsError(f"{folder}: not a folder of adapters: {' '.join(str(error).split())}") from None
    found = {column: _base_digest(backbone) for column, backbone in _backbones(model)}
    if found != wanted["sha256"]:
        raise WeightsError(
            f"{folder}: these adapters belong to the base weights {wanted['weights']!r}; the model holds others. "
            "Load that base first."
        )
    for config, (place, backbone) in zip(configs, _places(model, folder), strict=True):
        file = place / "adapter_model.safetensors"
        tensors = {name.removeprefix(PREFIX): tensor for name, tensor in read_tensors(file)[0].items()}
        _inject(backbone, config)
        expected = {name.replace(".default.", ".") for name, _ in backbone.named_parameters() if "lora_" in name}
        _refuse_others(file, set(tensors), expected)
        with _fitting(file):
            set_peft_model_state_dict(backbone, tensors)
    file = folder / "heads.safetensors"
    heads = read_tensors(file)[0]
    _refuse_others(file, set(heads), set(model.heads.state_dict()))
    with _fitting(file):
        model.heads.load_state_dict(heads)


def merge(model: Model) -> None:
    """Add the adapters into the base weights and take them out; the model is an ordinary one again."""
    from peft.tuners.tuners_utils import BaseTunerLayer

    for backbone in model.distinct_backbones():
        for name, layer in list(backbone.named_modules()):
            if isinstance(layer, BaseTunerLayer):
                layer.merge()
                parent, _, child = name.rpartition(".")
                setattr(backbone.get_submodule(parent), child, layer.get_base_layer())
        if hasattr(backbone, "peft_config"):
            del backbone.peft_config
    model.requires_grad_(True)


def _backbones(model: Model) -> Iterator[tuple[str, Backbone]]:
    names = {id(backbone): column for column, backbone in reversed(list(model.backbones.items()))}
    return ((names[id(backbone)], backbone) for backbone in model.distinct_backbones())


def _places(model: Model, folder: Path) -> Iterator[tuple[Path, Any]]:
    backbones = list(_backbones(model))
    return ((folder if len(backbones) == 1 else folder / column, backbone) for column, backbone in backbones)


def _targets(backbone: Backbone) -> list[str]:
    inside = {id(module) for block in backbone.blocks() for module in block.modules()}
    return [name for name, module in backbone.named_modules() if id(module) in inside and _adaptable(module)]


def _adaptable(module: nn.Module) -> bool:
    # Exact types: subclasses (the output layer of nn.MultiheadAttention) are not called through their forward.
    if type(module) in (nn.Conv1d, nn.Conv2d):  # PEFT's adapters of convolutions know no dilation and merge no groups
        conv: Any = module
        return conv.groups == 1 and set(conv.dilation) == {1} and conv.padding_mode == "zeros"
    return type(module) is nn.Linear


def _inject(backbone: Backbone, config: Any) -> None:
    from peft import inject_adapter_in_model

    backbone.requires_grad_(False)
    inject_adapter_in_model(config, backbone)
    for name, parameter in backbone.named_parameters():
        parameter.requires_grad_("lora_" in name)


def _base_digest(backbone: Backbone) -> str:
    base = {name.replace(".base_layer.", "."): tensor for name, tensor in backbone.state_dict().items()}
    return digest({name: tensor for name, tensor in base.items() if ".lora_" not in name})


def _refuse_others(file: Path, found: set[str], expected: set[str]) -> None:
    if found != expected:
        odd = min(found ^ expected)
        where = "it is missing in the file" if odd in expected else "the model has no such tensor"
        raise WeightsError(f"{file}: does not fit the model: {odd}: {where}.")


@contextmanager
def _fitting(file: Path) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise WeightsError(f"{file}: does not fit the model: {' '.join(str(error).split())}") from None


EXPORT = Lora
