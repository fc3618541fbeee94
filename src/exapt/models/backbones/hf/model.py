"""Encoder of the Hugging Face hub or of a local directory: ESM, BERT, RoBERTa, T5."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

import torch
from torch import Tensor, nn

from exapt.core.contracts import Backbone, Features, Inputs, Stream
from exapt.core.errors import ConfigError, WeightsError
from exapt.models.backbones.hf._blocks import FAMILIES, assemble
from exapt.models.layers.checks import choice, fraction, reads
from exapt.models.layers.masking import zero_padding
from exapt.models.layers.pooling import POOLS, features, pooled_dim

DROPOUTS = ("hidden_dropout_prob", "attention_probs_dropout_prob", "dropout_rate")


class HF(Backbone):
    """A transformers encoder as a row of blocks: embeddings, each layer, the final normalisation where it has one.

    Poolers and heads of pre-training are left out. Code that comes with a checkpoint is never run, and pickled weights
    are never read. In a configuration, ``weights`` is a directory or a hub name; it fills in `architecture`.

    Parameters
    ----------
    inputs
        Letters: ids of the checkpoint's own tokenizer.
    architecture
        Content of the checkpoint's ``config.json``.
    dropout
        In place of the rates of the architecture, in [0, 1); None = leave them.
    pool
        ``mean``, ``max`` or ``mean_max`` over all real tokens, or ``first``: the first token.

    References
    ----------
    Lin et al. (2023), ESM-2, https://doi.org/10.1126/science.ade2574
    Elnaggar et al. (2022), ProtBERT and ProtT5, https://doi.org/10.1109/TPAMI.2021.3095381
    Wolf et al. (2020), Transformers, https://doi.org/10.18653/v1/2020.emnlp-demos.6

    Examples
    --------
    >>> tiny = {"model_type": "bert", "vocab_size": 30, "hidden_size": 8, "num_hidden_layers": 2,
    ...         "num_attention_heads": 2, "intermediate_size": 16}
    >>> hf = HF(Inputs("letters", 30), architecture=tiny)
    >>> stream = {"x": torch.tensor([[2, 5, 9, 3]]), "mask": torch.ones(1, 4, dtype=torch.bool)}
    >>> tuple(hf(stream).pooled.shape), len(hf.blocks())
    ((1, 8), 3)
    """

    encoders: ClassVar[Mapping[str, str]] = dict.fromkeys(("dna", "rna", "protein", "molecule"), "tokenizer")

    def __init__(
        self,
        inputs: Inputs,
        *,
        architecture: Mapping[str, Any] | None = None,
        dropout: float | None = None,
        pool: str = "mean",
    ) -> None:
        super().__init__()
        reads("hf", inputs, "letters")
        choice("pool", pool, (*POOLS, "first"))
        if architecture is None:
            raise ConfigError(
                "backbone 'hf' needs weights: a directory or a name of the Hugging Face hub, "
                "for example weights: facebook/esm2_t6_8M_UR50D."
            )
        config = _config(architecture)
        if dropout is not None:
            fraction(dropout=dropout)
            for name in DROPOUTS:
                if hasattr(config, name):
                    setattr(config, name, dropout)
        if inputs.size > config.vocab_size:
            raise WeightsError(
                f"The tokenizer has {inputs.size} ids, but this {config.model_type} checkpoint embeds only "
                f"{config.vocab_size}: they do not belong together. Use the checkpoint's own tokenizer."
            )
        self.inputs = inputs
        self.pool = pool
        self.dim = config.hidden_size if pool == "first" else pooled_dim(config.hidden_size, pool)
        self.stages = nn.ModuleList(assemble(_random_model(config)))

    def blocks(self) -> list[nn.Module]:
        """Embeddings, layers, final normalisation."""
        return list(self.stages)

    def readout(self, stream: Stream) -> Features:
        """Pool over real tokens."""
        x, mask = stream["x"], stream["mask"]
        if self.pool == "first":
            return Features(zero_padding(x, mask), mask, x[:, 0].float())
        return features(x, mask, self.pool)

    def read_checkpoint(self, folder: Path) -> tuple[dict[str, Tensor], list[str]]:
        """Tensors of a transformers checkpoint under the names of this backbone, and what else its files hold.

        A parameter that the files lack is left out, whatever transformers would put in its place; buffers follow from
        the architecture.

        Raises
        ------
        WeightsError
            Where the files are missing, pickled, or damaged.
        """
        model, missing = _read_model(folder)
        names: dict[int, set[str]] = {}  # a tied tensor has several
        for name, tensor in model.state_dict(keep_vars=True).items():
            names.setdefault(id(tensor), set()).add(name)
        stages = nn.ModuleList(assemble(model)).state_dict(prefix="stages.", keep_vars=True)
        tensors = {
            name: tensor.detach()
            for name, tensor in stages.items()
            if names[id(tensor)] - missing or not isinstance(tensor, nn.Parameter)
        }
        used = set().union(*(names[id(tensor)] for tensor in stages.values()))
        left = [name for name in _names_in(folder) if not _same_as_any(name, used)]
        return tensors, left


def _config(architecture: Mapping[str, Any]) -> Any:
    from transformers import CONFIG_MAPPING

    kind = architecture.get("model_type")
    if kind not in FAMILIES:
        raise WeightsError(
            f"backbone 'hf' reads checkpoints of type {', '.join(FAMILIES)}; this one is of type {kind!r}. "
            "Choose another checkpoint; code that comes with a checkpoint is not run."
        )
    config = CONFIG_MAPPING[kind].from_dict(dict(architecture))
    if getattr(config, "is_decoder", False):
        raise WeightsError(f"backbone 'hf' reads encoders; this {kind} checkpoint is a decoder (is_decoder).")
    return config


def _random_model(config: Any) -> Any:
    from transformers import AutoModel, T5EncoderModel

    if config.model_type == "t5":
        return T5EncoderModel(config)
    return AutoModel.from_config(config, add_pooling_layer=False, dtype=torch.float32, trust_remote_code=False)


def _read_model(folder: Path) -> tuple[Any, set[str]]:
    """The model in float32, and the names of tensors that its files lack."""
    from safetensors import SafetensorError
    from transformers import AutoModel, T5EncoderModel
    from transformers.utils import logging

    from exapt.core.paths import read_json

    if not list(folder.glob("*.safetensors")):
        raise WeightsError(
            f"{folder}: no *.safetensors file. Pickled weights (*.bin, *.pt) are not read; convert them first."
        )
    is_t5 = read_json(folder / "config.json").get("model_type") == "t5"
    kind, options = (T5EncoderModel, {}) if is_t5 else (AutoModel, {"add_pooling_layer": False})
    level, bars = logging.get_verbosity(), logging.is_progress_bar_enabled()
    logging.set_verbosity(logging.CRITICAL)
    logging.disable_progress_bar()
    try:
        model, found = kind.from_pretrained(
            folder,
            dtype=torch.float32,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
            output_loading_info=True,
            **options,
        )
    except (OSError, ValueError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:300]
        raise WeightsError(f"{folder}: the checkpoint is damaged or not complete ({reason}). Get it again.") from None
    finally:
        logging.set_verbosity(level)
        if bars:
            logging.enable_progress_bar()
    return model, set(found["missing_keys"])


def _names_in(folder: Path) -> list[str]:
    from safetensors import safe_open

    names: list[str] = []
    for path in sorted(folder.glob("*.safetensors")):
        with safe_open(path, framework="pt") as file:
            names += file.keys()
    return names


def _same_as_any(name: str, used: set[str]) -> bool:
    """Is this tensor of a file among those used? Files of models with a head put the encoder's name in front."""
    name = name.replace("LayerNorm.gamma", "LayerNorm.weight").replace("LayerNorm.beta", "LayerNorm.bias")
    return name in used or name.partition(".")[2] in used


EXPORT = HF
