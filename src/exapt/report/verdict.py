"""The answer in words: did the transfer help, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from exapt.report import words
from exapt.report.content import Gain, ReportContent

Tone = Literal["helped", "neutral", "hurt"]
HEADLINES = {
    "helped": "Yes, the transfer helped.",
    "hurt": "No, the transfer hurt.",
    "no evidence": "There is no evidence that the transfer helped.",
}
CONTROLS = {"scratch": "from scratch", "random": "with the same training on random weights"}


@dataclass(frozen=True)
class Answer:
    """What the banner of the page says.

    Attributes
    ----------
    verdict
        helped, hurt, no evidence, or not compared.
    tone
        Decides colour and symbol.
    headline
        A few words.
    reason
        The sentence with the numbers, against scratch, or against the same training on random weights.
    baseline
        The sentence against the baseline to beat; empty where none ran.
    advice
        What to do with this result.
    warning
        What makes the scores doubtful; empty where nothing does.
    """

    verdict: str
    tone: Tone
    headline: str
    reason: str
    baseline: str
    advice: str
    warning: str


def answer(content: ReportContent) -> Answer:
    """The verdict of a run in words."""
    scratch, best = content.gain_over("scratch") or content.gain_over("random"), content.gain_over("baseline")
    warning = _warning(content)
    if scratch is None:
        reason = "No model from random weights was trained beside it, so it is not known whether the transfer helped."
        advice = "Run again with --controls all."
        return Answer("not compared", "neutral", "Not compared.", reason, _against(content, best), advice, warning)
    if nothing_transferred(content):
        reason = "No pre-trained weights were given, so transfer and scratch are the same thing here."
        advice = "Name weights, as in --backbone ARCH.TAG; exapt list weights shows what there is."
        baseline = _against(content, best)
        return Answer(scratch.verdict, "neutral", "Nothing was transferred.", reason, baseline, advice, warning)
    tone: Tone = "neutral" if scratch.verdict == "no evidence" else scratch.verdict
    return Answer(
        scratch.verdict,
        tone,
        HEADLINES[scratch.verdict],
        _against(content, scratch),
        _against(content, best),
        _advice(content, scratch, best),
        warning,
    )


def nothing_transferred(content: ReportContent) -> bool:
    """Neither weights nor source data were given to the transfer arm."""
    return bool(content.transfer) and not content.transfer.get("weights") and not content.config.get("source")


def _against(content: ReportContent, gain: Gain | None) -> str:
    transfer, other = content.arm("transfer"), content.arm(gain.against) if gain else None
    if gain is None or transfer is None or other is None:
        return ""
    metric = words.metric(content.primary)
    ours, theirs = (words.number(content.primary_score(arm).value) for arm in (transfer, other))
    between = words.interval(gain.score, sign=True)
    change = words.number(gain.score.value, sign=True) + (f", 95 % interval {between}" if between else ", no interval")
    control = other.name in CONTROLS
    if control:
        start = f"{metric[:1].upper()}{metric[1:]} on the test data is {ours} with transfer and {theirs} "
        start += CONTROLS[other.name]
    else:
        start = f"The simple baseline to beat ({words.against(other.name)}) reaches {theirs}"
    if gain.verdict == "helped":
        end = "transfer is better" if control else "transfer beats it"
    elif gain.verdict == "hurt":
        end = "transfer is worse" if control else "it beats the transfer"
    else:
        end = "these data cannot tell the two apart"
    return f"{start}: {end} (gain {change})." + (f" Note: {gain.note}." if gain.note else "")


def _advice(content: ReportContent, scratch: Gain, best: Gain | None) -> str:
    if best is not None and best.verdict == "hurt":
        return f"Use the baseline instead: {words.against(best.against)}. It is better, and cheaper."
    if scratch.verdict == "hurt":
        return "Train from scratch instead, or try another strategy or other weights (exapt compare)."
    if best is not None and best.verdict == "no evidence":
        return f"Consider the simple baseline ({words.against(best.against)}): it is cheaper, and may be as good."
    if scratch.verdict == "no evidence":
        return "More test examples, or another strategy (exapt compare), may tell more."
    return "Use the transferred model."


def _warning(content: ReportContent) -> str:
    audit = content.audit
    if audit.get("verdict") != "leaky":
        return ""
    found = []
    for key, text in (
        ("exact_duplicates", "copies of training examples"),
        ("near_duplicates", "near copies of training examples"),
        ("pretraining_overlap", "examples that the weights or the source data have seen"),
        ("pretraining_near", "examples similar to what the weights have seen"),
    ):
        if audit.get(key):
            found.append(f"{audit[key]:,} {text}")
    if audit.get("group_overlap"):
        found.append(f"examples of {words.count(int(audit['group_overlap']), 'group')} that training has too")
    what = words.listed(found)
    if not what:  # a shortcut, or a check that is younger than this report
        reasons = audit.get("reasons") or ["the test data contain examples that training has seen"]
        return f"Leakage: {str(reasons[0]).rstrip('.')}. The scores may be too good; see the audit."
    return f"Leakage: the test data contain {what}. The scores may be too good; see the audit."
