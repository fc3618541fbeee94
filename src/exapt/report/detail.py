"""The `detail` of scores.json in plain words: one sentence a part with its numbers; tables by class and by group."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exapt.report import words
from exapt.report.content import ReportContent, Score

Row = Mapping[str, Any]
FEW = 10  # examples of a class or band, of which little can be said
FIRM = 30  # examples of a band that others are compared with, if there is one


@dataclass(frozen=True)
class Table:
    """A table of the page: what it says in a sentence, its head, its rows; the first column names the row."""

    title: str
    sentence: str
    head: Sequence[tuple[str, str]]
    rows: Sequence[Sequence[str]]


def band(row: Row) -> str:
    """A band of similarity in words.

    Examples
    --------
    >>> band({"low": 0.0, "high": 0.3}), band({"low": 0.3, "high": 0.5}), band({"low": 1.0, "high": 1.0})
    ('below 0.3', '0.3 to 0.5', 'exactly 1')
    """
    if row["low"] == row["high"]:
        return f"exactly {row['low']:g}"
    if row["high"] == 1:
        return f"{row['low']:g} to below 1"
    return f"below {row['high']:g}" if row["low"] == 0 else f"{row['low']:g} to {row['high']:g}"


def scored_bands(content: ReportContent) -> list[Row]:
    """The bands in which the transfer has a score, the least similar first."""
    rows = content.detail("bands").get("rows") or ()
    return [row for row in rows if ((row.get("arms") or {}).get("transfer") or {}).get("value") is not None]


def similarity(content: ReportContent) -> str:
    """How the transfer does on what is least like training, against what is most like it."""
    rows = scored_bands(content)
    if not rows:
        return ""
    name, measure = words.metric(content.primary), content.detail("bands").get("measure", "similarity")
    first = rows[0]
    last = next((row for row in reversed(rows[1:]) if row["n"] >= FIRM), rows[-1])
    near, far = Score.of(last["arms"]["transfer"]), Score.of(first["arms"]["transfer"])
    what = "unlike anything in training" if first["low"] == 0 else "least like the training data"
    text = (
        f"On the {first['n']:,} test examples {what} ({measure}: {band(first)}) the {name} is {words.number(far.value)}"
    )
    if first is last:
        return f"{text}; the other bands hold too few test examples to be scored."
    text += f", on {last['n']:,} more similar ones ({band(last)}) {words.number(near.value)}"
    if far.bounds and near.bounds and far.bounds[0] <= near.bounds[1] and near.bounds[0] <= far.bounds[1]:
        return f"{text}; the intervals overlap, so these data do not show that similarity matters."
    better = (near.value or 0) > (far.value or 0)
    if better == content.higher_is_better:
        return f"{text}: expect the first number for what is new."
    return f"{text}: the model does not live on similarity to training."


def new_gain(content: ReportContent) -> str:
    """What the transfer gains over scratch in the least similar band; empty where scratch did not run."""
    rows = scored_bands(content)
    gain = Score.of(rows[0].get("gain")) if rows else Score(None)
    if gain.bounds is None or gain.bounds == (0.0, 0.0):  # the very same model
        return ""
    low, high = gain.bounds
    end = "helps" if low > 0 else "hurts" if high < 0 else "cannot be told from scratch"
    return (
        f"In the band {band(rows[0])} the transfer {end} (gain {words.number(gain.value, sign=True)}, "
        f"95 % interval {words.interval(gain, sign=True)})."
    )


def probabilities(content: ReportContent) -> str:
    """What temperature scaling did to the probabilities."""
    part = content.detail("calibration")
    before, after = part.get("before"), part.get("after")
    if not before:
        return ""
    gap = sum((row["confidence"] - row["frequency"]) * row["n"] for row in before["bins"] if row["n"])
    tone = "too sure" if gap > 0 else "too modest"
    text = f"As the model states them, its probabilities are off by {words.number(before['ece'])} on average"
    text += f" ({tone})" if before["ece"] > before["ece_if_calibrated"] else ""
    if not after:
        return f"{text}; perfect ones would show {words.number(before['ece_if_calibrated'])} by chance."
    low, high = min(part["temperature"]), max(part["temperature"])
    kind = f"temperature {low:.2f}" + (f" to {high:.2f}" if f"{high:.2f}" != f"{low:.2f}" else "")
    worse = ", so it did not help here" if after["ece"] > before["ece"] else ""
    return (
        f"{text}; after temperature scaling ({kind}, fitted on {part['n_valid']:,} validation examples) by "
        f"{words.number(after['ece'])}{worse}. Perfect ones would show {words.number(after['ece_if_calibrated'])} by "
        "chance."
    )


def unknown(content: ReportContent) -> str:
    """What the threshold for "unknown" does on the test examples."""
    part = content.detail("abstention")
    if not part.get("curve"):
        return ""
    found = [value for value in part.get("threshold") or () if value is not None]
    error, goal = f"{part['error']:.1%}", f"{part['goal']:.0%}"
    if part.get("threshold") is None:
        return f"Answering every test example, {error} of the answers are wrong."
    if not found:
        return (
            f"No threshold keeps the error at {goal} on the {part['n_valid']:,} validation examples, so every answer "
            f"of this model counts as unknown; answering all, {error} are wrong."
        )
    if not any(found):
        return (
            f"All examples can be answered: {error} of the answers on the test data are wrong (wanted: {goal} at most)."
        )
    low, high = f"{100 * min(found):.0f}", f"{100 * max(found):.0f}"
    sure = f"{low} %" if low == high else f"{low} to {high} % (by seed)"
    told, wrong = Score.of(part["coverage"]), Score.of(part["error_answered"])
    return (
        f"If the model answers only where it is at least {sure} sure, it answers {told.value or 0:.0%} of the test "
        f"examples and {_percent(wrong)} of these answers are wrong (wanted: {goal} at most); answering all, {error} "
        "are wrong."
    )


def sets(content: ReportContent) -> str:
    """Whether conformal sets or intervals hold what they promise, and how large they are."""
    part = content.detail("conformal")
    covered = Score.of(part.get("coverage"))
    if covered.value is None:
        return ""
    goal = f"{part['goal']:.0%}"
    if part["method"] == "LAC":
        single = next((row["share"] for row in part["sizes"] if row["size"] == 1), 0.0)
        text = (
            f"The sets hold the true answer of {_percent(covered)} of the test examples (promised: {goal}); "
            f"{single:.0%} of the sets are a single answer, the mean size is {part['size']:.2f}."
        )
    elif part["size"] is None:
        return f"{part['n_valid']} validation examples are too few for intervals that hold {goal} of the values."
    else:
        unit = f" {content.unit}" if content.unit else ""
        text = (
            f"The intervals, the prediction ± {words.number(part['size'] / 2)}{unit}, hold the measured value of "
            f"{_percent(covered)} of the test examples (promised: {goal})."
        )
    if covered.bounds and covered.bounds[1] < part.get("usual", [part["goal"]])[0]:
        text += " That is less than promised: the test examples are not like the validation examples."
    return text


def _percent(score: Score) -> str:
    if score.value is None:
        return "none"
    bounds = f" (95 % interval {score.bounds[0]:.1%} to {score.bounds[1]:.1%})" if score.bounds else ""
    return f"{score.value:.1%}{bounds}"


def remarks(content: ReportContent) -> list[str]:
    """What must be said where there is no figure: what was not computed and why, and warnings of small numbers."""
    found = []
    for part in ("calibration", "abstention", "conformal"):
        detail = content.detail(part)
        found += [str(detail[key]) for key in ("why", "note") if detail.get(key)]
    calibrated = content.detail("calibration").get("why", "").startswith("numbers")
    if calibrated:  # a regression has no probabilities: its intervals say all that there is to say
        found = [text for text in found if "probabilit" not in text]
    return [f"{text[:1].upper()}{text[1:]}." for text in dict.fromkeys(found)]


def class_table(content: ReportContent) -> Table | None:
    """Recall, precision and F1 of each class, with the coverage of its sets."""
    rows = (content.scores.get("detail") or {}).get("per_class") or []
    if not rows:
        return None
    covered = {row["class"]: row for row in content.detail("conformal").get("by_class") or ()}
    head = [("Class", ""), ("examples", "true members in the test data"), ("found", "recall")]
    head += [("calls right", "precision"), ("F1", "balance of both")]
    ranked = "auroc" in rows[0]
    if ranked:
        head += [("AUROC", "with its 95 % interval"), ("AUPRC", "with its 95 % interval")]
    if covered:
        head += [("in the set", "coverage of its conformal sets"), ("set size", "mean number of answers")]
    lines = []
    for row in rows:
        cells = [
            row["class"],
            f"{row['support']:,}",
            *(words.number(row[key]) for key in ("recall", "precision", "f1")),
        ]
        if ranked:
            cells += [_scored(row[key]) for key in ("auroc", "auprc")]
        if covered:
            entry = covered.get(row["class"], {})
            cells += [words.number(entry.get(key), decimals=2) for key in ("coverage", "size")]
        lines.append(cells)
    known = [row for row in rows if row["f1"] is not None and row["support"]]
    if not known:
        return None
    least, most = min(known, key=lambda row: row["f1"]), max(known, key=lambda row: row["f1"])
    few = sum(row["support"] < FEW for row in rows)
    text = f"F1 ranges from {_named(least, 'class', 'f1', 'support')} to {_named(most, 'class', 'f1', 'support')}."
    text += f" {words.count(few, 'class has', 'classes have')} fewer than {FEW} test examples." if few else ""
    return Table("Class by class", text, head, lines)


def _scored(score: Row) -> str:
    """A score and its interval in one cell."""
    found = Score.of(score)
    bounds = words.interval(found)
    return words.number(found.value) + (f" ({bounds})" if bounds else "")


def group_table(content: ReportContent) -> Table | None:
    """The worst and the best groups of the test data."""
    part = content.detail("per_group")
    rows = part.get("rows") or []
    if not rows:
        return None
    name = words.metric(part["metric"])
    text = f"{name[:1].upper()}{name[1:]} ranges from {_named(rows[0], 'group', 'value', 'n')} to "
    text += f"{_named(rows[-1], 'group', 'value', 'n')}; of many groups the extreme ones are so partly by chance."
    hidden = part["n_groups"] - part["too_small"] - len(rows)
    text += (
        f" {words.count(part['too_small'], 'smaller group is', 'smaller groups are')} left out."
        if part["too_small"]
        else ""
    )
    text += f" Shown are the worst and the best; {hidden:,} lie between." if hidden > 0 else ""
    lines = [[row["group"], f"{row['n']:,}", words.number(row["value"])] for row in rows]
    return Table("Group by group", text, [("Group", ""), ("examples", "test examples"), (name, "")], lines)


def _named(row: Row, name: str, value: str, count: str) -> str:
    return f"{words.number(row[value])} (“{words.shorten(str(row[name]), 40)}”, {words.count(row[count], 'example')})"
