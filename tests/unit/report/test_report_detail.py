"""Sentences, tables and figures of the detail of the scores, and the table of the audit."""

import json

import pandas as pd
import pytest

from exapt.report import ReportContent, detail, words, write_report
from exapt.report.audit import audit_lines
from exapt.report.verdict import answer
from unit.report import synthetic_run_folders as synthetic


def content_with(folder, **parts):
    """A bare run with parts of a detail, as a newer or older exapt may have written them."""
    synthetic.bare(folder)
    scores = json.loads((folder / "scores.json").read_text())
    (folder / "scores.json").write_text(json.dumps({**scores, "detail": parts}))
    return ReportContent.read(folder)


def row(low, high, value, half=0.02, n=50):
    return {"low": low, "high": high, "n": n, "n_groups": n, "gain": None, "note": None,
            "arms": {"transfer": {"value": value, "low": value - half, "high": value + half}}}  # fmt: skip


def test_a_lower_score_on_the_new_is_said_with_its_numbers(tmp_path):
    bands = {
        "measure": "sequence identity",
        "rows": [row(0.0, 0.3, 0.61), row(0.5, 0.7, 0.8), row(1.0, 1.0, 0.9, n=12)],
    }
    said = detail.similarity(content_with(tmp_path / "run", bands=bands))
    assert said == (
        "On the 50 test examples unlike anything in training (sequence identity: below 0.3) the macro-F1 is 0.610, on "
        "50 more similar ones (0.5 to 0.7) 0.800: expect the first number for what is new."
    )


@pytest.mark.parametrize(
    ("values", "half", "end"),
    [
        ((0.6, 0.62), 0.1, "the intervals overlap, so these data do not show that similarity matters."),
        ((0.9, 0.6), 0.02, "the model does not live on similarity to training."),
        ((0.6,), 0.02, "the other bands hold too few test examples to be scored."),
    ],
)
def test_other_ends_of_the_sentence(tmp_path, values, half, end):
    places = [(0.0, 0.3), (0.9, 1.0)]
    rows = [row(*place, value, half) for place, value in zip(places, values, strict=False)]
    assert detail.similarity(content_with(tmp_path / "run", bands={"rows": rows})).endswith(end)


def test_the_gain_on_the_new_has_its_own_verdict(tmp_path):
    twins = row(0.3, 0.5, 0.7) | {"gain": {"value": 0.0, "low": 0.0, "high": 0.0}}
    assert detail.new_gain(content_with(tmp_path / "twins", bands={"rows": [twins]})) == ""
    first = row(0.3, 0.5, 0.7) | {"gain": {"value": -0.1, "low": -0.2, "high": -0.05}}
    said = detail.new_gain(content_with(tmp_path / "run", bands={"rows": [first]}))
    assert said == "In the band 0.3 to 0.5 the transfer hurts (gain −0.100, 95 % interval −0.200 to −0.050)."


def abstention(**changes):
    score = {"value": 0.5, "low": 0.4, "high": 0.6}
    return {"curve": [{"coverage": 1.0, "risk": 0.2}], "aurc": 0.1, "error": 0.2, "goal": 0.05, "n_valid": 80,
            "threshold": [0.8, 0.8], "coverage": score, "error_answered": {"value": 0.04, "low": 0.01, "high": 0.09},
            **changes}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "words_of"),
    [
        ({}, "at least 80 % sure, it answers 50% of the test examples and 4.0% (95 % interval 1.0% to 9.0%)"),
        ({"threshold": [None, None]}, "No threshold keeps the error at 5% on the 80 validation examples"),
        ({"threshold": [0.0, 0.0]}, "All examples can be answered: 20.0%"),
        ({"threshold": None}, "Answering every test example, 20.0% of the answers are wrong."),
        ({"threshold": [None, 0.9]}, "at least 90 % sure"),
    ],
)
def test_what_the_threshold_does_is_said(tmp_path, changes, words_of):
    assert words_of in detail.unknown(content_with(tmp_path / "run", abstention=abstention(**changes)))


def test_sets_that_hold_too_little_are_called_so(tmp_path):
    part = {"method": "LAC", "goal": 0.9, "coverage": {"value": 0.7, "low": 0.6, "high": 0.8}, "size": 1.4,
            "sizes": [{"size": 1, "share": 0.6}, {"size": 2, "share": 0.4}]}  # fmt: skip
    said = detail.sets(content_with(tmp_path / "run", conformal=part))
    assert "70.0% (95 % interval 60.0% to 80.0%) of the test examples (promised: 90%); 60% of the sets" in said
    assert said.endswith("less than promised: the test examples are not like the validation examples.")
    luck = {**part, "usual": [0.78, 0.98]}
    assert "less than promised" not in detail.sets(content_with(tmp_path / "luck", conformal=luck))
    few = {"method": "absolute error", "goal": 0.9, "coverage": {"value": 1.0}, "size": None, "n_valid": 5, "sizes": []}
    assert detail.sets(content_with(tmp_path / "few", conformal=few)).startswith("5 validation examples are too few")


def test_the_figures_show_the_numbers_of_the_scores(run_folder):
    folder = run_folder("detailed")
    found = json.loads((folder / "scores.json").read_text())["detail"]
    bands = pd.read_csv(folder / "figures" / "bands.tsv", sep="\t")
    transfer = bands[bands["arm"] == "transfer"]
    assert transfer["n"].tolist() == [one["n"] for one in found["bands"]["rows"]]
    values = [(one["arms"].get("transfer") or {}).get("value") for one in found["bands"]["rows"]]
    assert transfer["value"].tolist() == pytest.approx([float("nan") if v is None else v for v in values], nan_ok=True)
    assert {"scratch", "transfer - scratch"} <= set(bands["arm"])
    curve = pd.read_csv(folder / "figures" / "abstention.tsv", sep="\t")
    assert curve["risk"].iloc[-1] == pytest.approx(found["abstention"]["error"], abs=1e-6)
    sets = pd.read_csv(folder / "figures" / "conformal.tsv", sep="\t")
    assert sets["n"].sum() == 200
    before = pd.read_csv(folder / "figures" / "reliability.tsv", sep="\t")
    assert before.groupby("when")["n"].sum().to_dict() == pytest.approx({"before": 200, "after": 200})


def test_each_part_has_one_sentence_on_the_page_and_the_card(run_folder):
    folder = run_folder("detailed")
    content = ReportContent.read(folder)
    page = (folder / "report.html").read_text(encoding="utf-8").replace("\N{NO-BREAK SPACE}", " ")
    card = (folder / "README.md").read_text(encoding="utf-8")
    for sentence in (detail.similarity, detail.probabilities, detail.unknown, detail.sets):
        said = sentence(content)
        assert said.startswith(("On the", "As the model", "If the model", "The sets"))
        assert said[:60] in page
        assert said[:60] in card
    for name in ("similarity", "trust", "tables", "audit"):
        assert f'<section id="{name}">' in page
        assert f'<a href="#{name}">' in page


def test_tables_hold_classes_and_groups(run_folder):
    content = ReportContent.read(run_folder("detailed"))
    classes, groups = detail.class_table(content), detail.group_table(content)
    assert len(classes.rows) == 10
    assert all(len(line) == len(classes.head) == 7 for line in classes.rows)
    assert "4 classes have fewer than 10 test examples" in classes.sentence
    assert len(groups.rows) == 12
    assert groups.sentence.startswith("Accuracy ranges from")


def test_labels_show_how_well_each_is_ranked(run_folder):
    content = ReportContent.read(run_folder("detailed"))
    for line in content.scores["detail"]["per_class"]:
        line |= {"auroc": {"value": 0.8, "low": 0.7, "high": 0.9}, "auprc": {"value": None, "low": None, "high": None}}
    table = detail.class_table(content)
    assert [name for name, _ in table.head][5:7] == ["AUROC", "AUPRC"]
    assert list(table.rows[0][5:7]) == ["0.800 (0.700 to 0.900)", "–"]


def test_without_validation_the_page_says_what_is_missing(run_folder):
    folder = run_folder("undecided")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "No validation rows, so no temperature" in page
    assert 'id="figure-conformal"' not in page
    assert 'id="similarity"' not in page
    assert "was set on the validation data" not in page


def test_numbers_have_intervals_in_words(run_folder):
    page = (run_folder("detailed_numbers") / "report.html").read_text(encoding="utf-8")
    assert "The intervals, the prediction ± " in page
    assert "<h2>Group by group</h2>" in page
    assert "log enrichment, hold the measured value" in page


def test_runs_of_before_have_none_of_it(run_folder):
    page = (run_folder("helped") / "report.html").read_text(encoding="utf-8")
    for name in ("similarity", "trust", "tables"):
        assert f'id="{name}"' not in page
    assert '<section id="calibration">' in page


def lines_of(folder, **audit):
    synthetic.bare(folder)
    (folder / "audit.json").write_text(json.dumps(audit))
    return {line.label: line for line in audit_lines(ReportContent.read(folder))}


def test_the_audit_is_one_table_of_what_was_checked(run_folder):
    lines = {line.label: line for line in audit_lines(ReportContent.read(run_folder("detailed")))}
    near = lines["Test examples with a near copy in training"]
    assert (near.count, near.found) == ("21", True)
    assert near.method == "expression correlation, from 0.95 on, found with exact search"
    assert near.examples[0] == "cell_0000 ≈ cell_0300 (0.97)"
    assert lines["Test pairs by what training knows of them"].count == "C1 120 · C2 60 · C3 20"
    assert lines["Groups (donors, families) that are on both sides"].count == "12 (with 200 test examples)"
    name = lines["Shortcut: fields and runs of letters of the identifier (id)"]
    assert name.found
    assert name.count == "AUROC 0.970 (0.950 to 0.980); chance 0.5"
    assert (
        "neutralised and made canonical: 0.620 is left" in lines["Shortcut: how the SMILES is written (smiles)"].method
    )
    order = lines["For information: where the row stands in the file"]
    assert (order.found, order.count) == (False, "AUROC 1.000 (0.990 to 1.000); chance 0.5")
    assert "Names or headers that give the answer away" not in lines, "the shortcut says more"
    other = lines["Other shortcuts tried"]
    assert (other.count, other.found) == ("1 not suspicious", False)
    assert other.examples == ["the number of letters (sequence): AUROC 0.520 (0.450 to 0.590); chance 0.5"]


def test_keys_of_the_audit_may_be_missing_or_of_another_kind(tmp_path):
    assert lines_of(tmp_path / "none", verdict="clean") == {}
    found = lines_of(
        tmp_path / "lists", identifier_leaks=["the header holds the class", "ids are sorted by class"],
        near_duplicates=2, near_threshold=0.9, near_tool="MMseqs2", exact_duplicates=None,
        shortcuts=[{"name": "length", "metric": "auroc", "value": 0.9, "low": 0.8, "high": 1.0, "baseline": 0.5}],
        checks={"contradicting_labels": "not computed: no label column"}, contradicting_labels=0,
    )  # fmt: skip
    names = found["Names or headers that give the answer away"]
    assert (names.count, names.found, len(names.examples)) == ("2", True, 2)
    assert found["Test examples with a near copy in training"].method == "similarity of 0.9 or more, found with MMseqs2"
    assert found["Test examples with an exact copy in training"].count == "not checked"
    assert found["Shortcut: length"].found
    assert found["Examples whose input also occurs with another label"].method == "no label column"


def test_a_leak_by_a_shortcut_alone_is_in_the_warning(tmp_path):
    folder = synthetic.classification(tmp_path / "run")
    audit = json.loads((folder / "audit.json").read_text())
    audit |= {"verdict": "leaky", "reasons": ["The identifier predicts the target: AUROC 0.970 on the test rows."]}
    (folder / "audit.json").write_text(json.dumps(audit))
    assert answer(ReportContent.read(folder)).warning == (
        "Leakage: The identifier predicts the target: AUROC 0.970 on the test rows. The scores may be too good; see "
        "the audit."
    )
    assert "<li>The identifier predicts the target" in write_report(folder).read_text(encoding="utf-8")


def test_every_baseline_and_split_has_plain_words():
    for name in ("tanimoto", "ecfp_forest", "ecfp_linear", "descriptor_forest", "descriptor_linear", "best_hit",
                 "degree", "additive"):  # fmt: skip
        assert words.arm_meaning(f"baseline:{name}")
    assert {"butina", "family", "interval", "time"} <= set(words.SPLITS)
    terms = {term for term, _ in words.GLOSSARY}
    assert {"Near duplicate", "Similarity band", "Conformal set", "Unknown"} <= terms
