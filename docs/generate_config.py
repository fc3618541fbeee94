"""Write docs/reference/config.md and pieces.md from the schema and the registries: `python docs/generate_config.py`."""

from __future__ import annotations

import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from exapt.core import registry
from exapt.core.config import BackboneConfig, DataConfig, RunConfig, TrainingConfig
from exapt.core.registry import Registry

FOLDER = Path(__file__).parent / "reference"

CONFIG_TOP = """# Configuration

Made by `python docs/generate_config.py` from the schema; do not edit. One YAML is one run; flags of the
[command line](cli.md) are the same keys, and `--set key.sub=value` overrides any of them. An unknown key is an error
that names the nearest known one; all errors of a YAML are listed at once, before anything is loaded.

A *piece* (task, split, encoder, strategy, ...) is a name, or a mapping of its name and its options:
`task: expression` or `task: {name: expression, balanced: true}`. The names and options are in [pieces.md](pieces.md).

```yaml
data: {name: cells.h5ad, target: cell_type, group: donor}
task: {name: expression, balanced: true}
split: {name: group, column: donor, test: 0.3}
backbone: {name: mlp, weights: mlp.pbmc_facs}
strategy: lp_ft
training: {epochs: 30, batch_size: 64, lr: 0.001}
seeds: 5
```
"""
PIECES_TOP = """# Pieces and their options

Made by `python docs/generate_config.py` from the registries; do not edit. A piece's name is the word in the YAML and
the name of its file. `exapt list KIND` prints the same names.
"""

MEANING = {
    "run": {
        "data": "What to read: the name of a card, a file, or the section below.",
        "source": "The source data, with the same keys as `data`; only strategy `joint` reads it.",
        "task": "The application: which head, loss and metrics.",
        "split": "How rows are cut into training, validation and test. Not given: the card's own, else a column that "
        "names the parts, else `group` by the group column, else `stratified` by the label, else `random`.",
        "encoder": "How values become tensors. Not given: the one that travels with the weights, else the one that "
        "the backbone reads by default.",
        "backbone": "The architecture and its weights, see below.",
        "strategy": "How the weights may move: one piece, a list, or names joined by `+`.",
        "training": "The loop, see below.",
        "train_size": "How many labels may be used. A fraction in (0, 1]: that share of the training and validation "
        "labels, class by class. A whole number k: k labels a class and no validation part. Drawn anew for each seed, "
        "the same for all arms.",
        "controls": "`all` trains the arms scratch and frozen too; `none` does not, and leaves the baselines out.",
        "baselines": "Which cheap baselines run. Not given: those that suit the data; `[]`: none.",
        "seeds": "A number of seeds or a list of them; every arm is trained with each.",
    },
    "data": {
        "name": "The name of a card or the path of a file.",
        "id": "Column of identifiers.",
        "input": "Input column or columns.",
        "target": "Target column or columns.",
        "group": "Column of the group (donor, family, scaffold): the unit of the split `group` and of the intervals.",
        "modality": "Column to what it holds: dna, rna, protein, molecule, expression, structure, image, number, "
        "label. Not given: inferred, and the inference is printed in the report.",
        "unit": "Column to its unit, for example `UMI count`.",
        "options": "Options of the file format or of the card's parser, for example `{layer: raw}` for h5ad or "
        "`{matrix: expression}` for a CSV of numbers.",
        "clean": "Cleaning rules, applied row by row; the report says how many rows each dropped.",
        "features_of": "Keep only the genes that this other data set has too.",
        "augment": "Rules that make new training rows; never others.",
    },
    "backbone": {
        "name": "The architecture. `arch.tag` names shipped weights and their architecture at once.",
        "weights": "Where the weights come from: `arch.tag`, a folder, or `owner/model` of the Hugging Face hub (with "
        "name `hf`). Not given: a random start.",
    },
    "training": {
        "epochs": "Passes over the training rows.",
        "batch_size": "Rows an optimiser step.",
        "lr": "Largest learning rate.",
        "weight_decay": "Weight decay of AdamW.",
        "schedule": "How the rate falls after the warm-up: `cosine`, `linear` or `constant`.",
        "warmup": "Fraction of all steps in which the rate rises from 0.",
        "clip": "Largest norm of the gradient.",
        "patience": "Stop after so many epochs without a better validation score. Not given: never.",
        "keep": "`best` keeps the epoch with the best validation score, `last` the last one. Without validation rows "
        "it is always the last.",
        "precision": "`fp32` or `bf16`.",
        "device": "`auto` takes a GPU where there is one; `cpu` does not.",
        "checkpoint_every": "Optimiser steps between two checkpoints. Not given: at the end of an epoch, at most "
        "every 5 seconds.",
        "cache": "Compute the activations below the deepest frozen block once and keep them.",
    },
}
SECTIONS = {
    "run": ("The run", RunConfig, ""),
    "data": ("`data` and `source`", DataConfig, ""),
    "backbone": ("`backbone`", BackboneConfig, "Every other key is an option of the architecture."),
    "training": ("`training`", TrainingConfig, ""),
}
KINDS: dict[str, tuple[Registry[Any], str]] = {
    "Backbones": (registry.BACKBONES, "`backbone:`"),
    "Strategies": (registry.STRATEGIES, "`strategy:`"),
    "Tasks": (registry.TASKS, "`task:`"),
    "Splits": (registry.SPLITS, "`split:`"),
    "Encoders": (registry.ENCODERS, "`encoder:`"),
    "Augmentations": (registry.AUGMENTATIONS, "`data.augment:`, a list"),
    "Cleaning rules": (registry.CLEANERS, "`data.clean:`, a list"),
    "Baselines": (registry.BASELINES, "`baselines:`, a list"),
}
LEARNED = {
    "genes",
    "mean",
    "std",
    "learned_scale",
    "features",
    "size",
    "target",
    "vocabulary",
    "files",
}  # filled by `fit`
BUILT = {"inputs", "architecture"}  # given by exapt


def config_page() -> str:
    """All keys, their defaults and meanings as Markdown."""
    parts = [CONFIG_TOP]
    for key, (title, model, note) in SECTIONS.items():
        lines = [f"## {title}", "", "| key | default | meaning |", "|---|---|---|"]
        fields = model.model_fields
        if set(fields) != set(MEANING[key]):
            raise SystemExit(f"{__file__}: MEANING[{key!r}] and the schema differ: {set(fields) ^ set(MEANING[key])}.")
        lines += [f"| `{n}` | {_default(f)} | {MEANING[key][n]} |" for n, f in fields.items()]
        parts.append("\n".join([*lines, "", *([note, ""] if note else [])]))
    return "\n".join(parts)


def pieces_page() -> str:
    """All registered pieces with their options as Markdown."""
    parts = [PIECES_TOP]
    for title, (kind, place) in KINDS.items():
        parts.append(f"## {title}\n\nIn the YAML: {place}.\n")
        parts += [_piece(kind, name, text) for name, text in kind.describe().items()]
    return "\n".join(parts)


def _piece(kind: Registry[Any], name: str, text: str) -> str:
    lines = [f"### {name}", "", text, ""]
    learned = LEARNED if kind is registry.ENCODERS or kind is registry.TASKS else set()
    options = {n: p for n, p in kind.options(name).items() if n not in BUILT | learned}
    if options:
        meanings = _meanings(kind.get(name))
        lines += ["| option | default | meaning |", "|---|---|---|"]
        lines += [f"| `{n}` | {_value(p.default)} | {meanings.get(n, '')} |" for n, p in options.items()]
        lines.append("")
    return "\n".join(lines)


def _meanings(piece: type) -> dict[str, str]:
    """Option -> its text in the numpydoc section Parameters, of the class or of the one it inherits from."""
    found: dict[str, str] = {}
    for owner in reversed(piece.__mro__[:-1]):
        doc = inspect.cleandoc(owner.__doc__ or "")
        section = re.search(r"^Parameters\n-+\n(.*?)(?=\n\n?[A-Z][A-Za-z ]+\n-+\n|\Z)", doc, re.DOTALL | re.MULTILINE)
        if section:
            entries = re.findall(r"^(\w[\w, ]*)(?: :.*)?\n((?:[ ]{4}.*\n?|\n)+)", section[1] + "\n", re.MULTILINE)
            for names, text in entries:
                line = " ".join(textwrap.dedent(text).split())
                found |= dict.fromkeys(names.replace(" ", "").split(","), _plain(line))
    return found


def _plain(text: str) -> str:
    """Of reStructuredText: words for references, single backticks, no column ends."""
    text = re.sub(r"(^|; )\[\d+\]_", r"\1the paper", text.replace("``", "`"))
    return re.sub(r" ?\[\d+\]_", "", text).replace("|", "\\|")


def _default(field: Any) -> str:
    if field.is_required():
        return "needed"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "see below"
    if isinstance(value, list) and value and isinstance(value[0], BaseModel):
        value = ", ".join(piece.name for piece in value)
        return f"`{value}`"
    return _value(value)


def _value(value: Any) -> str:
    if value is inspect.Parameter.empty or value is PydanticUndefined:
        return "needed"
    if value is None or value == {} or value == () or value == []:
        return "" if value is None else f"`{'{}' if value == {} else '[]'}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, tuple | list):
        return f"`[{', '.join(map(str, value))}]`"
    return f"`{value}`"


if __name__ == "__main__":
    (FOLDER / "config.md").write_text(config_page(), encoding="utf-8")
    (FOLDER / "pieces.md").write_text(pieces_page(), encoding="utf-8")
