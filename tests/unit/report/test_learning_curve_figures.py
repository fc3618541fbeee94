"""The figures of a comparison: what is drawn, and what they say without any other text."""

from xml.etree import ElementTree

import pytest

from exapt.report.content import ReportContent
from exapt.report.figures import draw
from unit.report import synthetic_run_folders as synthetic

LABELS = [40.0, 80.0, 240.0, 800.0]


@pytest.fixture
def content(tmp_path):
    """A run with a curve of four sizes; what is given replaces or adds."""
    plain = ReportContent.read(synthetic.no_evidence(tmp_path / "run"))
    cost = {
        name: [{"fit_seconds": 0.4 * n / 40, "steps": 10, "trainable": 1290} for n in LABELS]
        for name in plain.curve["arms"]
    }
    gain = {"value": 0.1, "low": 0.02, "high": 0.18, "verdict": "helped"}
    saved = {"reached": "within", "needs": {"value": 104.0}, "saved": {"value": 64.0}}

    def make(**changes):
        curve = {
            **plain.curve,
            "labels": LABELS,
            "size_names": ["5 % of the labels", "10 % of the labels", "30 % of the labels", "100 % of the labels"],
            "verdicts": {name: [gain] * 4 for name in ("transfer", "l2_sp")},
            "cost": cost,
            "catch_up": {"transfer": [saved] * 4},
            "headline": {"strategy": "transfer", "position": 0},
            "sentence": "With few labels it helped.",
        }
        return ReportContent(**{**vars(plain), "curve": {**curve, **changes}})

    return make


def texts(drawing):
    return [e.text for e in ElementTree.fromstring(drawing.svg).iter() if e.tag.endswith("text") and e.text]


def test_the_curve_counts_labels_and_shows_what_is_saved(content):
    drawing = draw(content())["learning_curve"]
    found = texts(drawing)
    assert {"40", "80", "240", "800", "64 labels saved", "training labels (bands: 95 % intervals)"} <= set(found)
    assert drawing.caption.endswith("With few labels it helped.")
    assert drawing.numbers["labels"].unique().tolist() == LABELS


def test_only_the_baseline_to_beat_is_drawn(content):
    made = content()
    arms = {**made.curve["arms"], "baseline:majority": made.curve["arms"]["frozen"]}
    drawing = draw(content(arms=arms))["learning_curve"]
    assert {name for name in drawing.numbers["arm"] if name.startswith("baseline:")} == {made.best_baseline.name}


def test_a_control_that_is_also_a_strategy_is_one_line(content):
    arms = dict(content().curve["arms"])
    drawing = draw(content(arms={**arms, "linear_probe": arms["frozen"]}))["learning_curve"]
    assert "frozen" not in set(drawing.numbers["arm"])


def test_scratch_that_never_catches_up_is_said(content):
    never = {"reached": "never", "needs": {"value": None}, "saved": {"value": None}}
    assert "scratch never gets there" in texts(draw(content(catch_up={"transfer": [never] * 4}))["learning_curve"])


def test_without_a_result_there_is_no_arrow(content):
    found = texts(draw(content(headline=None))["learning_curve"])
    assert not any("saved" in text or "never" in text for text in found)


def test_numbers_under_the_axis_do_not_run_into_each_other(content):
    made = content(labels=[40.0, 41.0, 42.0, 800.0])
    found = texts(draw(made)["learning_curve"])
    assert {"42", "800"} <= set(found)
    assert not {"40", "41"} & set(found)


def test_the_cost_has_a_point_a_strategy_and_size(content):
    drawing = draw(content())["cost"]
    assert drawing.numbers.groupby("strategy").size().to_dict() == {"l2_sp": 4, "transfer": 4}
    assert drawing.numbers["seconds"].tolist()[:4] == [0.4, 0.8, 2.4, 8.0]
    found = " ".join(texts(drawing))
    assert "gain over scratch (macro-F1)" in found
    assert "1,290 parameters" in found
    assert "numbers at the points: training labels; bars: 95 % intervals" in found


def test_without_scratch_there_is_no_cost(content):
    assert "cost" not in draw(content(verdicts={"transfer": [None] * 4}))
