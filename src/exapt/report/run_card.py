"""The model card of a run: README.md with front matter that model hubs read."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from exapt.core.paths import write_text
from exapt.report import detail, sections, words
from exapt.report.audit import NOT_CHECKED, audit_lines
from exapt.report.content import ReportContent
from exapt.report.verdict import answer


def write_run_card(run: Path) -> Path:
    """Write `README.md` into a run folder, from its own files and nothing else.

    Parameters
    ----------
    run
        The folder that a training left.

    Returns
    -------
    Path
        The card. The same folder gives the same bytes.

    Raises
    ------
    DataError
        Where the folder is no run, or one of its files cannot be read.
    """
    card = run / "README.md"
    write_text(card, text(ReportContent.read(run)))
    return card


def text(content: ReportContent) -> str:
    """The card as Markdown."""
    parts = [_front_matter(content), f"# {content.name}", _what(content), _answer(content), _scores(content)]
    parts += [_data(content), _training(content), _limits(content), _use(content), _repeat(content)]
    return "\n\n".join(part for part in parts if part) + "\n"


def _front_matter(content: ReportContent) -> str:
    transfer = content.arm("transfer")
    backbone = words.names(content.config.get("backbone"))
    tags = ["exapt", "biology", "transfer-learning", *backbone, *words.names(content.config.get("strategy"))]
    values: dict[str, Any] = {
        "license": "other",
        "license_name": "unspecified",
        "library_name": "exapt",
        "tags": list(dict.fromkeys(tag for tag in tags if tag)),
        "metrics": list(transfer.scores) if transfer else [content.primary],
    }
    if content.transfer.get("weights"):
        values["base_model"] = str(content.transfer["weights"])
    found = content.primary_score(transfer).value if transfer else None
    if found is not None:
        data = content.config.get("data")
        name = str(data.get("name", "data")) if isinstance(data, Mapping) else str(data)
        values["model-index"] = [
            {
                "name": content.name,
                "results": [
                    {
                        "task": {"type": str(content.scores.get("task", "other"))},
                        "dataset": {"name": name, "type": name},
                        "metrics": [{"type": content.primary, "value": round(found, 4)}],
                    }
                ],
            }
        ]
    return f"---\n{yaml.safe_dump(values, sort_keys=False, allow_unicode=True)}---"


def _what(content: ReportContent) -> str:
    facts = dict(sections.facts(content))
    predicted = facts.get("To be predicted", "the target")
    return (
        f"A model that predicts {_cell(predicted)}, made by exapt. "
        f"Starting weights: {_cell(facts.get('Starting weights', 'none'))}. "
        "The whole report, with figures, is [report.html](report.html)."
    )


def _answer(content: ReportContent) -> str:
    said = answer(content)
    lines = [f"**{said.headline}** ({said.verdict})", said.reason, said.baseline, f"What to do: {said.advice}"]
    if said.warning:
        lines.append(f"> **Warning.** {said.warning}")
    return "## Did the transfer help?\n\n" + "\n\n".join(line for line in lines if line)


def _scores(content: ReportContent) -> str:
    metrics = sections.metric_columns(content)
    rows = [["model", *(label for _, label, _ in metrics), "time"], ["---", *["---:"] * (len(metrics) + 1)]]
    for row in sections.arm_rows(content):
        cells = [f"{cell.value} ({cell.bounds})" if cell.bounds else cell.value for cell in row.cells]
        label = _cell(row.label + (" (baseline)" if row.kind == "baseline" else ""))
        rows.append([f"**{label}**" if row.kind == "transfer" else label, *cells, row.time])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    n = int(content.scores.get("n_test", 0))
    return f"## Scores\n\nOn {n:,} test examples; in brackets 95 % intervals.\n\n{table}"


def _data(content: ReportContent) -> str:
    facts = dict(sections.facts(content))
    labels = ("Data", "To be predicted", "Examples", "How they were divided")
    lines = [f"- {label}: {_cell(facts[label])}" for label in labels if label in facts]
    lines += [f"- {_cell(note)}" for note in content.notes]
    for name, digest in (content.provenance.get("data") or {}).items():
        lines.append(f"- `{name}`: SHA-256 `{digest}`")
    return "## Data\n\n" + "\n".join(lines)


def _training(content: ReportContent) -> str:
    facts = dict(sections.facts(content))
    lines = [f"- {label}: {_cell(facts[label])}" for label in ("Strategy", "Repeats") if label in facts]
    found = sections.transferred(content)
    if found["share"] is not None:
        lines.append(f"- Parameters trained: {found['trainable']:,} of {found['total']:,} ({found['share']:.1%})")
    options = content.config.get("training")
    if isinstance(options, Mapping) and options:
        lines.append("- Options: " + ", ".join(f"{key} {value}" for key, value in options.items()))
    return "## Training\n\n" + "\n".join(lines) if lines else ""


def _limits(content: ReportContent) -> str:
    lines = ["- Valid for data like the test data; nothing is known about other instruments, species or laboratories."]
    for line in audit_lines(content):
        if line.found or line.count == NOT_CHECKED:
            lines.append(
                f"- {_cell(line.label)}: {_cell(line.count)}" + (f" ({_cell(line.method)})" if line.method else "")
            )
    if content.audit:
        lines.insert(0, f"- Leakage audit: **{content.audit.get('verdict', 'not done')}**.")
    else:
        lines.insert(0, "- No leakage audit was made.")
    said = (detail.similarity(content), detail.probabilities(content), detail.unknown(content), detail.sets(content))
    lines += [f"- {_cell(text)}" for text in said if text]
    lines.append(
        "- The licence of the data and of the starting weights holds for this model too; look it up before use."
    )
    return "## Limits\n\n" + "\n".join(lines)


def _use(content: ReportContent) -> str:
    command = sections.commands(content)[-1][1]
    return f"## Use\n\n```\n{command}\n```"


def _repeat(content: ReportContent) -> str:
    commands = "\n".join(command for _, command in sections.commands(content)[:-1])
    versions = content.provenance.get("versions") or {}
    made = f"exapt {content.provenance.get('exapt', '')}".strip()
    line = ", ".join([made, *(f"{name} {version}" for name, version in versions.items())])
    return f"## Repeat\n\n```\n{commands}\n```\n\nMade with {line}."


def _cell(value: str) -> str:
    """Text that Markdown leaves as it is."""
    for letter in "\\`*_<>|[]":
        value = value.replace(letter, "\\" + letter)
    return value
