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
    for key in (key for key in found if f"{key}_examples" in found):
        note = found["checks"].get(key, "computed")
        told = f"{found[key]:,}" if note.startswith("computed") else note
        console.print(f"  {key.replace('_', ' ')}: {told}")
        for example in found[f"{key}_examples"]:
            shown = ", ".join(f"{k} {v}" for k, v in example.items()) if isinstance(example, dict) else example
            console.print(f"    {shown}")
    if "pair_classes" in found:
        console.print("  test pairs by class: " + ", ".join(f"{k} {n:,}" for k, n in found["pair_classes"].items()))
    for one in found.get("shortcuts", []):
        quiet = "for information" if one["level"] == "information" else "nothing suspicious"
        word = one["level"] if one["suspicious"] else quiet
        console.print(f"  shortcut {one['name']}: {one['metric']} {_cell(one)} ({word})")
        if one["suspicious"]:
            console.print(f"    {one['rule']}")
    if "fixed" in found:
        fixed = found["fixed"]
        counts = ", ".join(f"{count:,} {leak}" for leak, count in fixed["dropped"].items())
        left = ", ".join(f"{count:,} {part}" for part, count in fixed["sizes"].items())
        console.print(f"{fixed['file']}: dropped {fixed['from']} rows: {counts}. Now {left}.")


def curve(result: Mapping[str, Any], output: Path, *, as_json: bool) -> None:
    """The learning curve as a table: one row an arm, one column a number of labels."""
    if as_json:
        print_json(result)
        return
    console = Console()
    for name, verdicts in result["verdicts"].items():
        words = [
            f"{size}: {verdict['verdict']} ({verdict['value']:+.3f} [{verdict['low']:+.3f}, {verdict['high']:+.3f}])"
            for size, verdict in zip(result["sizes"], verdicts, strict=True)
            if verdict
        ]
        if words:
            console.print(f"{name} against scratch by labels: " + "; ".join(words), highlight=False, soft_wrap=True)
    table = [
        {"arm": name, **{str(size): _cell(value) for size, value in zip(result["sizes"], values, strict=True)}}
        for name, values in result["arms"].items()
    ]
    rows(table, console)
    console.print(f"{result['metric']} by labels; numbers in {output / 'curve.json'}", highlight=False, soft_wrap=True)


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
