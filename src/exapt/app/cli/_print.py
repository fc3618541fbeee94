"""What the command line prints: one clear sentence before any table."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from exapt import api

SHOWN = ("accuracy", "mcc", "auroc", "pearson", "rmse")  # beside the primary metric; all are in the report

WIDE = 120  # columns of a table that is not printed to a terminal


def scores(result: Mapping[str, Any], run: Path, *, as_json: bool = False) -> None:
    """The verdict as a sentence and a table, and where the report lies."""
    if as_json:
        print_json(result)
        return
    console = Console()
    verdict_line(result, console)
    rows(arms_table(result), console)
    console.print(f"Report: {run / 'report.html'}", highlight=False, soft_wrap=True)


def quickstart(results: Mapping[str, Mapping[str, Any]], run: Path) -> None:
    """Both ways to transfer: the naive one in a sentence, the robust one with its table."""
    console = Console(highlight=False, soft_wrap=True)
    console.print("Naive transfer (source cells as they are, all layers trained):", style="bold")
    verdict_line(results["naive"], console)
    console.print(
        "\nSolved-head transfer (weights that saw many depths, a linear head on features and genes):", style="bold"
    )
    scores(results["robust"], run)


def verdict_line(result: Mapping[str, Any], console: Console) -> None:
    """The verdict in one sentence and in its colour."""
    verdict = (result["gain"].get("vs_scratch") or {}).get("verdict", "no evidence")
    style = {"helped": "bold green", "hurt": "bold red"}.get(verdict, "bold yellow")
    console.print(api.scores_sentence(result), style=style, highlight=False, soft_wrap=True)


def arms_table(result: Mapping[str, Any]) -> list[dict[str, Any]]:
    """One row an arm: the primary metric with its interval, three further metrics, seconds a training."""
    primary = result["primary_metric"]
    table = []
    for row in api.scores_table(result):
        shown = {name: _number(row[name]) for name in SHOWN if name in row and name != primary}
        interval = _cell({"value": row[primary], "low": row["low"], "high": row["high"]})
        table.append(
            {
                "arm": row["arm"],
                f"{primary.replace('_', ' ')} [95 %]": interval,
                **shown,
                "s": _number(row["fit_seconds"]),
            }
        )
    return table


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def rows(values: list[dict[str, Any]], console: Console) -> None:
    """A table of equal dicts."""
    if not values:
        return
    grid = Table(box=None, header_style="bold", pad_edge=False)
    for number, name in enumerate(values[0]):
        grid.add_column(name, justify="left" if number == 0 else "right", no_wrap=number < 2)
    for row in values:
        grid.add_row(*(str(value) for value in row.values()))
    console.print(grid)


def pairs(found: Mapping[str, str], *, as_json: bool) -> None:
    """Name and one line each."""
    if as_json:
        print_json(found)
        return
    width = max(map(len, found), default=0)
    for name, text in found.items():
        print(f"{name:<{width}}  {text}")  # noqa: T201


def card(values: Mapping[str, Any], *, as_json: bool) -> None:
    """A data card as YAML or JSON."""
    if as_json:
        print_json(values)
        return
    import yaml

    print(yaml.safe_dump(dict(values), sort_keys=False, allow_unicode=True, width=110).rstrip())  # noqa: T201


def split(made: Mapping[str, Any], output: Path) -> None:
    """What was cut, in one line."""
    parts = ", ".join(f"{made[part]:,} {part}" for part in ("train", "valid", "test", "dropped"))
    groups = f" in {made['groups']:,} groups" if made["groups"] is not None else ""
    folds = f"{made['folds']} folds, the first with " if made["folds"] > 1 else ""
    print(f"{output}: {folds}{parts}{groups}")  # noqa: T201


def audit(found: Mapping[str, Any], *, as_json: bool) -> None:
    """The audit: the verdict and its reasons, then what was looked for and found, with examples."""
    if as_json:
        print_json(found)
        return
    parts = ", ".join(f"{count:,} {part}" for part, count in found["sizes"].items() if count)
    console = Console(highlight=False, soft_wrap=True)
    leaky = found["verdict"] == "leaky"
    console.print(
        f"{found['data']}: {'LEAKY' if leaky else 'clean'} under the split {found['split']['name']!r} ({parts}).",
        style="bold red" if leaky else "bold green",
    )
    for reason in [*found["reasons"], *found["warnings"]]:
        console.print(f"- {reason}")
    _rows_alike(found, console)
    _by_kind(found, console)
    _shortcuts(found, console)
    if "fixed" in found:
        fixed = found["fixed"]
        counts = ", ".join(f"{count:,} {leak}" for leak, count in fixed["dropped"].items())
        left = ", ".join(f"{count:,} {part}" for part, count in fixed["sizes"].items())
        console.print(f"{fixed['file']}: dropped {fixed['from']} rows: {counts}. Now {left}.")


def _rows_alike(found: Mapping[str, Any], console: Console) -> None:
    console.print(f"  rows that repeat another row's input: {found['repeated_rows']:,}")
    for name, counts in found.get("by_spelling", {}).items():
        told = f"{counts['repeated_rows']:,} repeated, {counts['contradicting_inputs']:,} with contradicting labels"
        console.print(f"    {name}: {told}")


def _by_kind(found: Mapping[str, Any], console: Console) -> None:
    for key in (key for key in found if f"{key}_examples" in found):
        note = found["checks"].get(key, "computed")
        told = f"{found[key]:,}" if note.startswith("computed") else note
        if key == "contradicting_labels" and found[key]:
            told += f" rows of {found['contradicting_inputs']:,} inputs"
        if key == "pretraining_overlap" and found["pretraining_by_spelling"]:
            told += " (" + ", ".join(f"{name} {n:,}" for name, n in found["pretraining_by_spelling"].items()) + ")"
        console.print(f"  {key.replace('_', ' ')}: {told}")
        for example in found[f"{key}_examples"]:
            shown = ", ".join(f"{k} {v}" for k, v in example.items()) if isinstance(example, dict) else example
            console.print(f"    {shown}")
    if "pair_classes" in found:
        console.print("  test pairs by class: " + ", ".join(f"{k} {n:,}" for k, n in found["pair_classes"].items()))


def _shortcuts(found: Mapping[str, Any], console: Console) -> None:
    for one in found.get("shortcuts", []):
        quiet = "for information" if one["level"] == "information" else "nothing suspicious"
        word = one["level"] if one["suspicious"] else quiet
        console.print(f"  shortcut {one['name']} of {one['column']!r}: {one['metric']} {_cell(one)} ({word})")
        if one["suspicious"]:
            console.print(f"    {one['rule']}")


def curve(result: Mapping[str, Any], output: Path, *, as_json: bool) -> None:
    """How many labels the transfer saves in a sentence, then one row a strategy and size."""
    if as_json:
        print_json(result)
        return
    from exapt.api.curves import curve_table

    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:  # a file has room for the whole table
        console.width = max(console.width, WIDE)
    style = "bold red" if " HURT " in result["sentence"] else "bold green" if result["headline"] else "bold yellow"
    console.print(result["sentence"], style=style)
    for note in result["notes"]:
        console.print(f"Note: {note}.")
    rows([_curve_row(row, result) for row in curve_table(result)], console)
    made = [name for name in ("table.tsv", "learning_curve.svg", "cost.svg") if (output / name).is_file()]
    console.print(f"{output}: curve.json, {', '.join(made)}; report: labels_{result['sizes'][-1]}/report.html")


def _curve_row(row: Mapping[str, Any], curve: Mapping[str, Any]) -> dict[str, str]:
    """A strategy and size, numbers as text; where scratch is outside of what was measured, a bound."""
    beyond = {"never": (">", curve["labels"][-1]), "fewer": ("<", curve["labels"][0])}.get(row["scratch_reaches"])
    saved = _ends(row, "saved", "{:z,.0f}")
    if beyond:
        saved = f"{beyond[0]} {beyond[1] - row['labels']:,.0f}"
    return {
        "strategy": row["strategy"],
        "labels": f"{row['labels']:,.0f}",
        curve["metric"].replace("_", " "): _number(row["score"]),
        "scratch": _number(row["scratch"]),
        "gain [95 %]": _ends(row, "gain", "{:+.3f}"),
        "verdict": row["verdict"] or "-",
        "labels saved [95 %]": saved,
        "s": _number(row["seconds"]),
    }


def _ends(row: Mapping[str, Any], name: str, form: str) -> str:
    """A value with its interval; an end beyond what was measured, or not known at all, is three dots."""
    value, *ends = (row[key] for key in (name, f"{name}_low", f"{name}_high"))
    if value is None:
        return "-"
    shown, low, high = ("..." if one is None else form.format(one) for one in (value, *ends))
    return f"{shown} [{low}, {high}]"


def evaluation(result: Mapping[str, Any], *, as_json: bool) -> None:
    """Metrics with intervals."""
    if as_json:
        print_json(result)
        return
    console = Console()
    console.print(f"Scored on {result['n']:,} rows.", highlight=False)
    rows([{"metric": name, "value [95 %]": _cell(value)} for name, value in result["metrics"].items()], console)


def _cell(value: Mapping[str, float | None]) -> str:
    if value["value"] is None:
        return "-"
    if value["low"] is None:
        return f"{value['value']:.3f}"
    return f"{value['value']:.3f} [{value['low']:.3f}, {value['high']:.3f}]"


def print_json(value: Any) -> None:
    """JSON on stdout."""
    print(json.dumps(value, indent=2, ensure_ascii=False))  # noqa: T201
