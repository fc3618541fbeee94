"""The answer in words."""

import json

import pytest
import yaml

from exapt.report import ReportContent, sections
from exapt.report.audit import audit_lines
from exapt.report.verdict import answer
from unit.report import synthetic_run_folders as synthetic


def test_helped(run_folder):
    said = answer(ReportContent.read(run_folder("helped")))
    assert (said.verdict, said.tone) == ("helped", "helped")
    assert "with transfer and" in said.reason
    assert "transfer is better (gain +0." in said.reason
    assert said.warning == ""


def test_hurt_says_what_to_do_instead(run_folder):
    said = answer(ReportContent.read(run_folder("hurt")))
    assert said.headline == "No, the transfer hurt."
    assert "transfer is worse (gain −0." in said.reason
    assert "it beats the transfer" in said.baseline
    assert said.advice.startswith("Use the baseline instead: linear model.")
    assert "7 copies of training examples" in said.warning


def test_no_evidence_does_not_claim_equality(run_folder):
    said = answer(ReportContent.read(run_folder("no_evidence")))
    assert (said.verdict, said.tone) == ("no evidence", "neutral")
    assert "these data cannot tell the two apart" in said.reason


def test_without_a_control_nothing_is_claimed(run_folder):
    said = answer(ReportContent.read(run_folder("bare")))
    assert (said.verdict, said.tone) == ("not compared", "neutral")
    assert "--controls all" in said.advice


@pytest.mark.parametrize(
    ("scratch", "baseline", "advice"),
    [
        ("helped", "helped", "Use the transferred model."),
        ("helped", "no evidence", "Consider the simple baseline"),
        ("helped", "hurt", "Use the baseline instead"),
        ("hurt", "helped", "Train from scratch instead"),
        ("hurt", "hurt", "Use the baseline instead"),
        ("no evidence", "helped", "may tell more"),
        ("no evidence", "no evidence", "Consider the simple baseline"),
    ],
)
def test_advice_weighs_both_comparisons(tmp_path, scratch, baseline, advice):
    folder = synthetic.bare(tmp_path / "run")
    scores = json.loads((folder / "scores.json").read_text())
    for name in ("transfer", "scratch"):
        scores["arms"][name] = scores["arms"]["baseline:linear"]
    for key, verdict in (("vs_scratch", scratch), ("vs_best_baseline", baseline)):
        scores["gain"][key] = {"value": 0.0, "low": -1.0, "high": 1.0, "verdict": verdict}
    scores["gain"]["vs_best_baseline"]["arm"] = "baseline:linear"
    (folder / "scores.json").write_text(json.dumps(scores))
    assert advice in answer(ReportContent.read(folder)).advice


def test_a_run_without_weights_does_not_speak_of_transfer(tmp_path):
    folder = synthetic.no_evidence(tmp_path / "run")
    (folder / "transfer.json").write_text(json.dumps({"weights": None, "loaded": [], "parameters": 5, "trainable": 5}))
    said = answer(ReportContent.read(folder))
    assert (said.headline, said.verdict, said.tone) == ("Nothing was transferred.", "no evidence", "neutral")
    config = (folder / "run.yaml").read_text()
    (folder / "run.yaml").write_text(config + "source: {name: gue_mouse3}\n")  # joint training needs no weights
    assert answer(ReportContent.read(folder)).headline.startswith("There is no evidence")


def test_a_default_split_is_named_too(tmp_path):
    folder = synthetic.no_evidence(tmp_path / "run")
    config = yaml.safe_load((folder / "run.yaml").read_text())
    del config["split"]
    (folder / "run.yaml").write_text(yaml.safe_dump(config))
    (folder / "notes.json").write_text(json.dumps(["split: predefined, 34 training, 4 validation, 34 test rows"]))
    facts = dict(sections.facts(ReportContent.read(folder)))
    assert facts["How they were divided"] == "predefined: as fixed in the data"


def test_the_baseline_to_beat_is_the_one_that_was_compared(tmp_path):
    """It was chosen on validation, so another one may look better on the test data."""
    folder = synthetic.no_evidence(tmp_path / "run")
    scores = json.loads((folder / "scores.json").read_text())
    scores["arms"]["baseline:nearest"] = json.loads(json.dumps(scores["arms"]["baseline:linear"]))
    scores["arms"]["baseline:nearest"]["macro_f1"]["value"] = 0.99
    (folder / "scores.json").write_text(json.dumps(scores))
    content = ReportContent.read(folder)
    assert content.best_baseline.name == "baseline:linear"
    assert "The simple baseline to beat (linear model)" in answer(content).baseline


def test_a_gain_without_an_interval_says_why(tmp_path):
    folder = synthetic.no_evidence(tmp_path / "run")
    scores = json.loads((folder / "scores.json").read_text())
    scores["gain"]["vs_scratch"] = {
        "value": 0.1, "low": None, "high": None, "verdict": "no evidence", "note": "too few groups"
    }  # fmt: skip
    scores["gain"]["vs_best_baseline"] = None
    (folder / "scores.json").write_text(json.dumps(scores))
    said = answer(ReportContent.read(folder))
    assert said.reason.endswith("(gain +0.100, no interval). Note: too few groups.")
    assert said.baseline == ""


def test_what_was_not_checked_is_not_called_zero(run_folder):
    lines = {line.label: line for line in audit_lines(ReportContent.read(run_folder("hurt")))}
    near = lines["Test examples with a near copy in training"]
    assert (near.count, near.found) == ("not checked", False)
    copies = lines["Test examples with an exact copy in training"]
    assert (copies.count, copies.found) == ("7", True)
    assert copies.examples[0] == "cell_0000 = cell_0400"
    assert lines["Groups (donors, families) that are on both sides"].method == "no group column"


def test_columns_that_say_the_same_are_shown_once(run_folder):
    content = ReportContent.read(run_folder("helped"))
    assert sections.same_metrics(content) == {"micro_f1": "accuracy", "recall": "balanced_accuracy"}
    shown = [name for name, _, _ in sections.metric_columns(content)]
    assert shown[0] == "macro_f1"
    assert "micro_f1" not in shown


def test_the_best_value_of_an_error_is_the_smallest(run_folder):
    rows = sections.arm_rows(ReportContent.read(run_folder("few_labels")))
    metrics = [name for name, _, _ in sections.metric_columns(ReportContent.read(run_folder("few_labels")))]
    column = metrics.index("mae")
    best = [row for row in rows if row.cells[column].best]
    assert [row.name for row in best] == ["transfer"]


def test_few_labels_are_mentioned(run_folder):
    facts = dict(sections.facts(ReportContent.read(run_folder("few_labels"))))
    assert facts["To be predicted"] == "fitness: a number, in log enrichment"
    assert "only 5 training labels were used" in facts["Examples"]
