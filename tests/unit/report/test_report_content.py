"""Reading a run folder."""

import json

import pandas as pd
import pytest

from exapt.core.errors import DataError
from exapt.report import ReportContent, words
from exapt.report.content import Score
from unit.report import synthetic_run_folders as synthetic


def test_arms_are_in_the_order_of_the_story(run_folder):
    arms = ReportContent.read(run_folder("helped")).arms
    assert [arm.name for arm in arms[:3]] == ["transfer", "scratch", "frozen"]
    values = [arm.scores["macro_f1"].value for arm in arms[3:]]
    assert values == sorted(values, reverse=True)
    assert {arm.kind for arm in arms[3:]} == {"baseline"}


def test_the_best_baseline_follows_the_direction_of_the_metric(run_folder):
    content = ReportContent.read(run_folder("few_labels"))
    assert content.best_baseline.name == "baseline:linear"  # the smallest error; the mean has the largest
    assert content.higher_is_better is False


def test_a_class_called_na_stays_a_class(run_folder):
    content = ReportContent.read(run_folder("odd"))
    assert (content.predictions["truth"] == "NA").sum() == 15 * 3 * 7
    assert content.predictions["p:NA"].dtype == float
    nearest = content.predictions[content.predictions["arm"] == "baseline:nearest"]
    assert nearest["p:NA"].isna().all()


@pytest.mark.parametrize(
    ("case", "kind"), [("helped", "class"), ("regression", "number"), ("bare", "other"), ("no_evidence", "class")]
)
def test_what_is_predicted_is_recognised(run_folder, case, kind):
    assert ReportContent.read(run_folder(case)).predicts == kind


def test_rows_of_each_part_are_counted(run_folder):
    assert ReportContent.read(run_folder("helped")).parts == {"train": 50, "valid": 30, "test": 200}


def test_a_run_that_is_being_written_has_its_final_name(tmp_path):
    assert ReportContent.read(synthetic.bare(tmp_path / "first.partial")).name == "first"


def test_a_folder_that_is_no_run_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"run\.yaml is missing"):
        ReportContent.read(tmp_path)


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("scores.json", "{", "not a JSON file"),
        ("scores.json", "{}", "needs the keys primary_metric and arms"),
        ("audit.json", '{"verdict": ', "audit.json: not a JSON file"),
        ("history.tsv", "epoch\tloss\n1\t2\n", "column 'arm' is missing"),
        ("history.tsv", "", "cannot be read as a table"),
        ("predictions.tsv", "arm\tseed\tid\ttruth\tpredicted\tp:a\nt\t0\tx\ta\ta\tno\n", "cannot be read as a table"),
    ],
)
def test_a_damaged_file_is_named(tmp_path, name, text, message):
    folder = synthetic.bare(tmp_path / "run")
    (folder / name).write_text(text)
    with pytest.raises(DataError, match=message):
        ReportContent.read(folder)


def test_predictions_in_a_format_of_their_own_are_left_alone(tmp_path):
    folder = synthetic.bare(tmp_path / "run")
    (folder / "predictions.tsv").write_text("arm\tseed\tid\ttruth:a\ta\nx\t0\ty\t1\t2\n")
    assert ReportContent.read(folder).predictions.empty


def test_rows_without_a_truth_are_left_out(tmp_path):
    folder = synthetic.bare(tmp_path / "run")
    rows = [("transfer", 0, "x", "1.5", "2"), ("transfer", 0, "y", "", "3")]
    frame = pd.DataFrame(rows, columns=["arm", "seed", "id", "truth", "predicted"])
    frame.to_csv(folder / "predictions.tsv", sep="\t", index=False)
    assert ReportContent.read(folder).predictions["id"].tolist() == ["x"]


def test_scores_may_be_missing():
    assert Score.of({"value": None, "low": None, "high": None}) == Score(None)
    assert Score.of(0.5).bounds is None
    assert words.interval(Score.of({"value": 1, "low": 0, "high": 2})) == "0.000 to 2.000"


def test_the_columns_of_the_kept_model_name_the_target(tmp_path):
    folder = synthetic.bare(tmp_path / "run")
    columns = {"seq": {"role": "input", "modality": "dna"}, "y": {"role": "target", "modality": "number", "unit": "nM"}}
    (folder / "model.json").write_text(json.dumps({"columns": columns}))
    content = ReportContent.read(folder)
    assert content.names("target") == ["y"]
    assert content.names("input") == ["seq"]
