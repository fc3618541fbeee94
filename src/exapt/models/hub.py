"""Weights by name: `arch.tag` shipped with the package, a folder, or a model of the Hugging Face hub.

A folder of weights holds tensors and plain text only::

    config.json        format_version, arch, options, inputs, encoder (name and state)
    model.safetensors  the backbone's tensors; a head's, if kept, under "head."
    card.yaml          what it was trained on, how, licence, scores; README.md says the same in prose
    sketch.json        hashes of the training corpus, for the leakage audit
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from torch import Tensor

from exapt.core.contracts import Backbone, Inputs, Model
from exapt.core.errors import WeightsError, nearest
from exapt.core.paths import read_json, write_json, write_text
from exapt.core.registry import BACKBONES
from exapt.core.tensors import read_tensors, write_tensors
from exapt.models.tensors import TransferReport, own_tensors, transfer

FORMAT_VERSION = 1
HEAD = "head."
ALPHABET = "alphabet"
MEANING = ("modality", "vocabulary", "tokenizer")  # of an encoder's state: what an id of a letter stands for
HUB_FILES = ["*.json", "*.safetensors", "*.txt", "*.model"]  # never pickled weights, never code


def shipped() -> dict[str, Path]:
    """Weights that came with the package: name -> folder."""
    root = Path(str(resources.files("exapt.models.weights")))
    return {folder.name: folder for folder in sorted(root.iterdir()) if (folder / "config.json").is_file()}


def list_weights() -> dict[str, str]:
    """Name -> one line of each shipped weights' card."""
    return {name: _title(card(name)) for name in shipped()}


def find(name: str | Path) -> Path:
    """The folder that a name of weights means.

    Parameters
    ----------
    name
        `arch.tag` of shipped weights, a folder, or `owner/model` of the Hugging Face hub, which is downloaded once
        into the hub's cache (only read from there where HF_HUB_OFFLINE is set).

    Raises
    ------
    WeightsError
        Where nothing has that name; the nearest names are offered.
    """
    known = shipped()
    if str(name) in known:
        return known[str(name)]
    if Path(name).is_dir():
        return Path(name)
    if isinstance(name, str) and re.fullmatch(r"[\w-][\w.-]*/[\w-][\w.-]*", name):
        return _download(name, known)
    raise WeightsError(
        f"Unknown weights {str(name)!r}: neither shipped, nor a file or folder that is there, nor owner/model of the "
        f"Hugging Face hub. "
        f"{nearest(str(name), known)}"
    )


def read_config(name: str | Path) -> dict[str, Any]:
    """The `config.json` of some weights; for a checkpoint of transformers, the same keys made from its own.

    Raises
    ------
    WeightsError
        Where there is none, it is damaged, or its format version is not supported.
    """
    folder = find(name)
    file = folder / "config.json"
    if not file.is_file():
        raise WeightsError(f"{folder}: no config.json, so this is not a folder of weights.")
    config = read_json(file)
    if not isinstance(config, dict):
        raise WeightsError(f"{file}: holds {type(config).__name__}; expected the keys arch, options, inputs, encoder.")
    if "model_type" in config and "format_version" not in config:
        return _of_transformers(name, config)
    if config.get("format_version") != FORMAT_VERSION:
        raise WeightsError(
            f"{file}: format_version {config.get('format_version')!r} is not supported; this exapt reads "
            f"{FORMAT_VERSION}. Upgrade exapt, or get weights of that version."
        )
    missing = [key for key in ("arch", "options", "inputs", "encoder") if key not in config]
    if missing:
        raise WeightsError(f"{file}: key {missing[0]!r} is missing. Get the weights again.")
    return config


def read_sketch(name: str | Path) -> dict[str, Any] | None:
    """The hashes of the corpus that the weights were trained on; None where none were kept."""
    file = find(name) / "sketch.json"
    return read_json(file) if file.is_file() else None


def card(name: str | Path) -> dict[str, Any]:
    """What the weights were trained on, and how; empty where there is no card."""
    file = find(name) / "card.yaml"
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {} if file.is_file() else {}


def save(
    folder: Path,
    backbone: Backbone,
    *,
    arch: str,
    options: Mapping[str, Any],
    encoder: Mapping[str, Any],
    card: Mapping[str, Any],
    sketch: Mapping[str, Any] | None = None,
    head_state: Mapping[str, Tensor] | None = None,
) -> None:
    """Write a folder of weights; `config.json` comes last, so that a folder that has it is complete.

    Parameters
    ----------
    folder
        Made where it does not exist; other files in it stay.
    backbone
        Its tensors are kept.
    arch, options
        What builds it again, all of it (see `build.resolve`).
    encoder
        ``{"name": ..., "state": ...}`` of the encoder that feeds it.
    card
        Anything that is YAML; ``title`` is the line that `exapt list weights` prints.
    sketch
        Hashes of the training corpus.
    head_state
        Tensors of a head to keep as well.
    """
    head = {HEAD + name: tensor for name, tensor in (head_state or {}).items()}
    write_tensors(folder / "model.safetensors", own_tensors(backbone) | head)
    write_text(folder / "card.yaml", yaml.safe_dump(dict(card), sort_keys=False, allow_unicode=True))
    write_text(folder / "README.md", _readme(arch, card))
    if sketch is not None:
        write_json(folder / "sketch.json", sketch)
    config = {
        "format_version": FORMAT_VERSION,
        "arch": arch,
        "options": dict(options),
        "inputs": {f.name: value for f in fields(Inputs) if (value := getattr(backbone.inputs, f.name)) != f.default},
        "encoder": dict(encoder),
    }
    write_json(folder / "config.json", config)


def load(name: str | Path) -> tuple[Backbone, dict[str, Any]]:
    """Build a backbone and load its weights, in one go.

    Returns
    -------
    tuple
        The backbone in eval mode, and the `config.json` of the weights.

    Raises
    ------
    WeightsError
        Where the weights are unknown or damaged.
    """
    config = read_config(name)
    backbone: Backbone = BACKBONES.build(config["arch"], inputs=_inputs(config), **config["options"])
    load_into(backbone, name)
    return backbone.eval(), config


def load_into(
    backbone: Backbone, name: str | Path, allow: Sequence[str] = (), encoder: Mapping[str, Any] | None = None
) -> TransferReport:
    """Load weights into a backbone that was built to fit them; all of them, or none.

    Parameters
    ----------
    backbone
        Its tensors are overwritten.
    name
        `arch.tag`, a folder, or a hub name.
    allow
        Tensors, by name or pattern (``stem.*``), that may be left out of the file or of the backbone, and
        ``alphabet`` where the letters may mean something else than in pre-training.
    encoder
        ``{"name": ..., "state": ...}`` of the encoder that will feed the backbone; compared with that of the weights.

    Returns
    -------
    TransferReport
        What was loaded, skipped and left random. Heads in the file are always skipped.

    Raises
    ------
    WeightsError
        Where the weights are damaged, belong to another architecture or alphabet, or a tensor does not fit and is
        not allowed by name.
    """
    config = read_config(name)
    check_arch(name, config["arch"], arch_of(backbone))
    folder = find(name)
    if config["format_version"] is None:
        tensors, left = backbone.read_checkpoint(folder)  # type: ignore[operator]  # only `hf` gets this far
    else:
        if ALPHABET not in allow:
            _check_alphabet(name, config, backbone.inputs, encoder)
        everything, _ = read_tensors(folder / "model.safetensors")
        left = [key for key in everything if key.startswith(HEAD)]
        tensors = {key: everything[key] for key in everything if key not in left}
    report = transfer(backbone, tensors, str(name), allow)
    return replace(report, skipped=[*report.skipped, *left])


def arch_of(backbone: Backbone) -> str:
    """The registry name of a backbone: its folder."""
    return type(backbone).__module__.split(".")[-2]


def check_arch(name: str | Path, found: str, wanted: str) -> None:
    """Refuse weights of another architecture.

    Raises
    ------
    WeightsError
        Says which architecture the weights are for.
    """
    if found != wanted:
        raise WeightsError(
            f"{name}: these weights are for backbone {found!r}, not {wanted!r}. "
            f"Set the backbone to {found!r}, or choose weights for {wanted!r}."
        )


def save_model(path: Path, model: Model) -> None:
    """Write all tensors of a model, shared ones once, as safetensors."""
    write_tensors(path, own_tensors(model))


def load_model(path: Path, model: Model) -> None:
    """Read a model that `save_model` wrote into one that was built the same way.

    Raises
    ------
    WeightsError
        Where the file is damaged, or a tensor does not fit.
    """
    transfer(model, read_tensors(path)[0], str(path))


def _check_alphabet(
    name: str | Path, config: Mapping[str, Any], inputs: Inputs, encoder: Mapping[str, Any] | None
) -> None:
    saved = _inputs(config)
    trained = config["encoder"].get("state", {})
    wanted = (encoder or {}).get("state", trained)
    differs = [key for key in MEANING if trained.get(key) != wanted.get(key)]
    if saved == inputs and not differs:
        return
    reads = f"{_of_what(trained)}{saved.kind} of size {saved.size}"
    makes = f"{_of_what(wanted) if differs else ''}{inputs.kind} of size {inputs.size}"
    meaning = "the alphabets differ, a letter would change its meaning" if saved.kind == "letters" else "columns differ"
    raise WeightsError(
        f"{name}: the weights read {reads}, the encoder makes {makes}: {meaning}. "
        f"Use the encoder of the weights ({config['encoder']['name']}), other weights, or allow {ALPHABET!r} by name."
    )


def _inputs(config: Mapping[str, Any]) -> Inputs:
    values: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in config["inputs"].items()}
    return Inputs(**values)


def _of_what(state: Mapping[str, Any]) -> str:
    return f"{state['modality']} " if state.get("modality") else ""


def _of_transformers(name: str | Path, config: dict[str, Any]) -> dict[str, Any]:
    return {
        "format_version": None,
        "arch": "hf",
        "options": {"architecture": config},
        "inputs": {"kind": "letters", "size": config.get("vocab_size", 0)},
        "encoder": {"name": "tokenizer", "state": {"tokenizer": str(name)}},
    }


def _download(name: str, known: Mapping[str, Path]) -> Path:
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(name, allow_patterns=HUB_FILES))
    except Exception as error:  # whatever the network does, the user reads two lines
        reason = " ".join(str(error).split()).partition(". ")[0][:200]
        raise WeightsError(
            f"Unknown weights {name!r}: no such folder, and the Hugging Face hub did not give them ({reason}).\n"
            f"{nearest(name, known)}"
        ) from None


def _title(card: Mapping[str, Any]) -> str:
    """The line that lists the weights."""
    return str(card.get("title") or " on ".join(str(card[key]) for key in ("task", "data") if key in card))


def _readme(arch: str, card: Mapping[str, Any]) -> str:
    facts = [f"- {key}: {value}" for key, value in card.items() if isinstance(value, str | int | float)]
    lines = [
        f"# Weights of backbone `{arch}`",
        "",
        _title(card),
        "",
        *facts,
        "",
        "`card.yaml` has the whole record.",
        "",
    ]
    return "\n".join(lines)
