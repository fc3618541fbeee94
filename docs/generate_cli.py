"""Write docs/reference/cli.md from the command line itself: `python docs/generate_cli.py`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from typer.main import get_command

from exapt.app.cli.main import app

PAGE = Path(__file__).parent / "reference" / "cli.md"
TOP = """# Command line

Made by `python docs/generate_cli.py` from the command line itself; do not edit.

Results go to stdout or to files, progress and messages to stderr. Exit codes: 0 done, 2 bad usage or input, 1 failure,
130 interrupted. `-o` never overwrites without `--force`. DATA is the name of a card (`exapt list data`) or a file: CSV,
TSV, Parquet, FASTA, h5ad, npy, npz (text files also as `.gz`), or a 10x folder. A flag and a key of the
[YAML](config.md) are the same thing; `--set` reaches every key.
"""
MEANING = {  # of what the command line itself leaves without a word
    "kind": "One of backbones, weights, strategies, tasks, splits, encoders, augmentations, cleaning, metrics, "
    "baselines, explainers, data.",
    "name": "Name of a card, see `exapt list data`.",
    "data": "A card or a file.",
    "config": "A run in YAML, or a card or a file; flags say the rest then.",
    "checkpoint": "A file of PyTorch tensors; nothing else in it is read.",
    "run": "A run folder, made by `exapt finetune`.",
    "weights": "`arch.tag`, a folder of weights, or a run folder.",
    "backbone": "Architecture, see `exapt list backbones`.",
    "task": "Application, see `exapt list tasks`; without a YAML `sequence_property`.",
}


def page() -> str:
    """The whole page as Markdown."""
    sections = [TOP]
    for name, command in _leaves(get_command(app), "exapt"):
        sections.append(_section(name, command))
    return "\n".join(sections)


def _leaves(command: Any, name: str) -> list[tuple[str, Any]]:
    """Commands that do something, with their full names."""
    if not hasattr(command, "commands"):
        return [(name, command)]
    return [leaf for word, inner in command.commands.items() for leaf in _leaves(inner, f"{name} {word}")]


def _section(name: str, command: Any) -> str:
    arguments = [p for p in command.params if p.param_type_name == "argument"]
    options = [p for p in command.params if p.param_type_name == "option"]
    words = [p.metavar or p.name.upper() for p in arguments]
    words += [f"{p.opts[0]} {p.name.upper()}" for p in options if p.required]
    lines = [f"## {name}", "", command.help, "", "```text", " ".join([name, *words, "[OPTIONS]"]), "```", ""]
    lines += ["| | meaning | default |", "|---|---|---|"]
    for p in arguments:
        lines.append(f"| `{_cell(p.metavar or p.name.upper())}` | {_meaning(p, name)} | needed |")
    for p in options:
        flags = ", ".join(f"`{opt}`" for opt in p.opts)
        default = "needed" if p.required else "off" if p.is_flag else _default(p.default)
        lines.append(f"| {flags} | {_meaning(p, name)} | {default} |")
    return "\n".join([*lines, ""])


def _default(value: Any) -> str:
    return f"`{value}`" if value else ""


def _meaning(parameter: Any, command: str) -> str:
    text = getattr(parameter, "help", None) or MEANING.get(parameter.name)
    if text is None:
        raise SystemExit(f"{command}: parameter {parameter.name!r} has no help; add it to MEANING in {__file__}.")
    return _cell(str(text))


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
