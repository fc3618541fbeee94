"""Molecules of a run in words: the best and the worst predictions, and activity cliffs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from exapt.core.paths import read_json
from exapt.report import words
from exapt.report.content import ReportContent, Score

FILE = "explain/molecules.json"
METHODS = {"integrated_gradients": "integrated gradients", "occlusion": "occlusion", "saliency": "gradient times input"}


@dataclass(frozen=True)
class Molecule:
    """A structure with what is said below it."""

    name: str
    svg: str
    lines: tuple[str, ...]
    smiles: str


@dataclass(frozen=True)
class Cliff:
    """Two molecules that differ little, and by how much their targets differ."""

    title: str
    sides: tuple[Molecule, ...]


@dataclass(frozen=True)
class Molecules:
    """What the page shows of molecules.

    Attributes
    ----------
    best, worst
        Structures, the best and the worst first.
    legend
        SVG of the colour scale; empty where atoms have no colours.
    reading
        How to read the colours.
    faithful
        None where nothing was tested, else whether the deletion test was passed.
    test
        The deletion test in a sentence.
    cliffs_found, cliffs_scored
        Sentences; empty where there are no cliffs to speak of.
    cliffs
        The steepest pairs.
    """

    best: tuple[Molecule, ...]
    worst: tuple[Molecule, ...]
    legend: str = ""
    reading: str = ""
    faithful: bool | None = None
    test: str = ""
    cliffs_found: str = ""
    cliffs_scored: str = ""
    cliffs: tuple[Cliff, ...] = ()


def read_molecules(run: Path, content: ReportContent) -> Molecules | None:
    """What `explain/molecules.json` of a run folder says; None where it has none.

    Raises
    ------
    DataError
        Where the file is damaged.
    """
    path = run / FILE
    if not path.is_file():
        return None
    found = read_json(path)
    best, worst = (tuple(_molecule(one, content) for one in found[part]) for part in ("best", "worst"))
    tested = found.get("faithfulness") or {}
    sentence = str(tested.get("sentence", "")).removeprefix("WARNING: ")
    cliffs = found.get("cliffs") or {}
    return Molecules(
        best,
        worst,
        _unnamed(found.get("legend") or ""),
        _reading(found, content),
        tested.get("faithful"),
        sentence[:1].upper() + sentence[1:],
        cliffs_found(cliffs),
        cliffs_scored(cliffs),
        tuple(_cliff(pair, cliffs, content) for pair in cliffs.get("examples", ())),
    )


def _molecule(one: Mapping[str, Any], content: ReportContent) -> Molecule:
    lines = [_truth(one, content), _said(one, content)]
    if one.get("similarity") is not None:
        lines.append(f"similarity to training {one['similarity']:.2f}")
    return Molecule(str(one["id"]), _unnamed(one["svg"]), tuple(line for line in lines if line), str(one["smiles"]))


def _truth(one: Mapping[str, Any], content: ReportContent) -> str:
    if "target" in one and "probability" in one:
        return f"{words.shorten(str(one['target']), 40)}: {'yes' if one['truth'] > 0.5 else 'no'}"
    if isinstance(one["truth"], float):
        about = f"{one['target']}: " if "target" in one else ""
        return f"{about}measured {words.number(one['truth'])}"
    return f"true class: {words.shorten(str(one['truth']), 40)}"


def _said(one: Mapping[str, Any], content: ReportContent) -> str:
    chance = one.get("probability")
    if "predicted" not in one:
        return "" if chance is None else f"predicted probability {chance:.2f}"
    if isinstance(one["predicted"], float):
        return f"predicted {words.number(one['predicted'])}"
    return f"predicted: {words.shorten(str(one['predicted']), 40)} ({chance:.2f})"


def _reading(found: Mapping[str, Any], content: ReportContent) -> str:
    if not found.get("method"):
        return ""
    what = "raise the predicted value" if content.predicts == "number" else "speak for what is predicted"
    against = "lower it" if content.predicts == "number" else "against it"
    return (
        f"Orange atoms {what}, blue ones {against}: {METHODS.get(found['method'], found['method'])} of the kept model, "
        f"in {found['unit']}, one colour scale for all." + (f" Values are in {content.unit}." if content.unit else "")
    )


def cliffs_found(cliffs: Mapping[str, Any]) -> str:
    """How many cliffs there are, and what counts as one."""
    if not cliffs:
        return ""
    what = f"ECFP4 Tanimoto similarity of at least {cliffs['tanimoto']:g}"
    what += ", or one exchanged group at one place" if cliffs["matched"] else ""
    if cliffs["metric"] != "rmse":
        steep = "have different classes"
    elif cliffs["tenfold"]:
        steep = "differ at least tenfold (1 on the log scale)"
    else:
        unit = f" {cliffs['unit']}" if cliffs["unit"] else ""
        steep = (
            f"differ by at least one standard deviation of the training values ({words.number(cliffs['least'])}{unit})"
        )
    pairs = words.count(cliffs["pairs"], "pair")
    return (
        f"Of {pairs} of a test molecule and a similar test or training molecule ({what}), {cliffs['cliffs']:,} {steep}:"
        " these are activity cliffs."
    )


def cliffs_scored(cliffs: Mapping[str, Any]) -> str:
    """How well the model does on molecules at a cliff, against the others."""
    if not cliffs or not cliffs["cliffs"]:
        return ""
    if cliffs["cliff"] is None:
        few = words.count(cliffs["n_cliff"], "test molecule stands", "test molecules stand")
        return f"Only {few} at a cliff: too few to score."
    name = "RMSE" if cliffs["metric"] == "rmse" else "accuracy"
    at = Score.of(cliffs["cliff"])
    text = f"On the {cliffs['n_cliff']:,} test molecules at a cliff the {name} is {words.number(at.value)}"
    text += f" ({words.interval(at)})"
    if cliffs["other"] is None:
        return f"{text}; there are too few others to compare with."
    other = Score.of(cliffs["other"])
    text += f", on the {cliffs['n_other']:,} others {words.number(other.value)} ({words.interval(other)})"
    if at.bounds and other.bounds and at.bounds[0] <= other.bounds[1] and other.bounds[0] <= at.bounds[1]:
        return f"{text}; the intervals overlap, so these data do not show that cliffs are harder."
    worse = (at.value or 0) > (other.value or 0) if name == "RMSE" else (at.value or 0) < (other.value or 0)
    return f"{text}: {'the model does not see these cliffs well' if worse else 'cliffs are not its weak point'}."


def _cliff(pair: Mapping[str, Any], cliffs: Mapping[str, Any], content: ReportContent) -> Cliff:
    near = "a matched pair" if pair["tanimoto"] is None else f"Tanimoto {pair['tanimoto']:.2f}"
    apart = (
        f", apart by {words.number(pair['difference'])} {cliffs['unit']}".rstrip() if cliffs["metric"] == "rmse" else ""
    )
    sides = []
    for side in pair["sides"]:
        one = _molecule({**side, "similarity": None}, content)
        sides.append(Molecule(f"{one.name} ({side['part']})", one.svg, one.lines, one.smiles))
    return Cliff(near + apart, tuple(sides))


def _unnamed(svg: str) -> str:
    """For an HTML page: no namespace; the size follows the page."""
    return re.sub(r' xmlns="[^"]*"', "", svg)
