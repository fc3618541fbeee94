"""The audit section of the page: what was checked, what was found, and how."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from exapt.report import words
from exapt.report.content import ReportContent, Score

NOT_CHECKED = "not checked"
NAMES = "identifier_leaks"  # where the shortcuts hold the identifier, its line says more
SAME = "the same input in its standard form (either strand of DNA, capital letters, canonical SMILES)"
# key, label, whether a number above 0 is a leak (else it is told only), how, where the audit does not say it
LINES: Sequence[tuple[str, str, bool, str]] = (
    ("exact_duplicates", "Test examples with an exact copy in training", True, SAME),
    ("exact_duplicates_in_valid", "Test examples with an exact copy in the validation data", True, SAME),
    ("near_duplicates", "Test examples with a near copy in training", True, ""),
    ("group_overlap", "Groups (donors, families) that are on both sides", True, "names in the group column"),
    ("entity_overlap", "Partners in the test pairs that training knows", True, "each side of a pair by itself"),
    ("pretraining_overlap", "Test examples that were in the data behind the pre-trained weights", True, ""),
    ("pretraining_near", "Test examples similar to something in the data behind the pre-trained weights", True, ""),
    (NAMES, "Names or headers that give the answer away", True, "a small model that reads nothing else"),
    ("contradicting_labels", "Examples whose input also occurs with another label", False, "as for exact copies"),
    ("several_names", "Inputs that stand under several names", False, "as for exact copies"),
    ("repeated_rows", "Rows that repeat the input of an earlier row", False, "as for exact copies"),
)


@dataclass(frozen=True)
class AuditLine:
    """One check of the audit: what was counted, how, and examples."""

    label: str
    count: str
    found: bool
    method: str
    examples: Sequence[str]


def audit_lines(content: ReportContent) -> list[AuditLine]:
    """The checks of the audit; one that was not computed says so instead of claiming zero."""
    audit = content.audit
    found = {entry.get("name") for entry in content.shortcuts}
    lines = [
        _line(audit, *line) for line in LINES if line[0] in audit and not (line[0] == NAMES and "identifier" in found)
    ]
    if audit.get("pair_classes"):
        lines.append(_pairs(audit["pair_classes"]))
    return lines + _shortcuts(content)


def _line(audit: Mapping[str, Any], key: str, label: str, leak: bool, how: str) -> AuditLine:
    value = audit[key]
    listed = value if isinstance(value, list) else audit.get(f"{key}_examples") or ()
    number = len(value) if isinstance(value, list) else value
    method = str((audit.get("checks") or {}).get(key, ""))
    checked = number is not None and not method.startswith("not computed")
    reason = method.partition(":")[2].strip() or (how if checked else "")
    if key == "near_duplicates" and checked:
        reason = _near(audit, reason)
    rows = audit.get(f"{key}_rows")
    count = f"{number:,}" + (f" (with {rows:,} test examples)" if rows else "") if checked else NOT_CHECKED
    examples = [_example(item) for item in listed]
    return AuditLine(label, count, checked and bool(number) and leak, reason, examples)


def _near(audit: Mapping[str, Any], reason: str) -> str:
    """Measure, threshold and tool of the near duplicates, as far as the audit names them."""
    threshold, tool = audit.get("near_threshold"), audit.get("near_tool")
    if not reason and threshold is not None:
        reason = f"{audit.get('near_measure') or 'similarity'} of {threshold:g} or more"
    return ", ".join(filter(None, [reason, f"found with {tool}" if tool else ""]))


def _example(item: Any) -> str:
    if isinstance(item, Mapping) and set(item) == {"test", "copy"}:
        return f"{item['test']} = {item['copy']}"
    if isinstance(item, Mapping) and {"test", "like"} <= set(item):
        near = item.get("similarity")
        return f"{item['test']} ≈ {item['like']}" + (f" ({near:.2f})" if isinstance(near, float) else "")
    return ", ".join(f"{key} {value}" for key, value in item.items()) if isinstance(item, Mapping) else str(item)


def _pairs(classes: Mapping[str, Any]) -> AuditLine:
    count = " · ".join(f"{name} {int(number or 0):,}" for name, number in classes.items())
    how = "C1: training knows both partners, C2: one of them, C3: none"
    return AuditLine("Test pairs by what training knows of them", count, False, how, [])


def _shortcuts(content: ReportContent) -> list[AuditLine]:
    """A line for each suspicious shortcut and each that is for information, and one for all others."""
    lines, harmless = [], []
    for entry in content.shortcuts:
        suspicious = bool(entry.get("suspicious", _above_chance(entry)))
        told = entry.get("level") == "information" and _above_chance(entry)
        if not suspicious and not told:
            harmless.append(f"{_title(entry)}: {_value(entry)}")
            continue
        said = [str(entry["rule"])] if entry.get("rule") else []
        if left := entry.get("left"):
            said.append(f"{left.get('after', 'afterwards')}: {words.number(left.get('value'))} is left")
        leak = suspicious and entry.get("level") != "warning"
        start = "For information" if told else "Shortcut"
        lines.append(AuditLine(f"{start}: {_title(entry)}", _value(entry), leak, _sentence("; ".join(said)), []))
    method = str((content.audit.get("checks") or {}).get("shortcuts", ""))
    if harmless:
        start = "Other shortcuts tried" if lines else "Shortcuts tried (length, composition, missing values, names)"
        how = "no more than chance, or what the input truly holds, explains"
        lines.append(AuditLine(start, f"{len(harmless)} not suspicious", False, how, harmless))
    elif not lines and method.startswith("not computed"):
        lines.append(AuditLine("Shortcuts", NOT_CHECKED, False, method.partition(":")[2].strip(), []))
    return lines


def _above_chance(entry: Mapping[str, Any]) -> bool:
    chance = entry.get("chance", entry.get("baseline"))
    return isinstance(chance, int | float) and (Score.of(entry).low or 0.0) > chance + 0.1


def _title(entry: Mapping[str, Any]) -> str:
    text = str(entry.get("what") or entry.get("name", "")).replace("_", " ")
    column = entry.get("column")
    return f"{text} ({column})" if column and str(column) not in text.split() else text


def _value(entry: Mapping[str, Any]) -> str:
    score, chance = Score.of(entry), entry.get("chance", entry.get("baseline"))
    text = f"{words.metric(str(entry.get('metric', '')))} {words.number(score.value)}".strip()
    text += f" ({words.interval(score)})" if score.bounds else ""
    return text + (f"; chance {chance:g}" if isinstance(chance, int | float) else "")


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}"
