"""How many labels scratch needs: by hand, with intervals that agree with the verdicts, and in words."""

import numpy as np
import pytest

from exapt.evaluate.compare import ArmResult, compare
from exapt.evaluate.learning_curve import ArmCurve, catch_up, headline, labels_needed, resampled, sentence, table

NO_GAIN = [None, None, None]


@pytest.mark.parametrize(
    ("scores", "target", "needed"),
    [
        ([0.4, 0.6, 0.8], 0.5, 10 * 10**0.5),  # half of the way, on a logarithmic axis
        ([0.4, 0.6, 0.8], 0.75, 100 * 10**0.75),
        ([0.4, 0.6, 0.8], 0.4, 10),
        ([0.4, 0.6, 0.8], 0.8, 1000),
        ([0.4, 0.6, 0.8], 0.81, None),
        ([0.4, 0.6, 0.8], 0.39, None),
        ([0.5, 0.3, 0.7], 0.6, 100 * 10**0.5),  # the dip does not count: from the best so far, 0.5
        ([0.5, 0.7, 0.6], 0.65, 10 * 10**0.75),  # reached before it fell
        ([0.5, None, 0.7], 0.6, 100 * 10**0.5),
        ([None, 0.5, 0.7], 0.4, None),
        ([None, 0.5, 0.7], 0.5, 100),
        ([0.5, 0.5, 0.5], 0.5, 10),
        ([None, None, None], 0.5, None),
        ([0.5, 0.6, 0.7], float("nan"), None),
    ],
)
@pytest.mark.parametrize("sign", [1, -1])
def test_labels_needed_by_hand(scores, target, needed, sign):
    signed = [None if score is None else sign * score for score in scores]
    found = labels_needed([10, 100, 1000], signed, sign * target, higher_is_better=sign > 0)
    assert found == (None if needed is None else pytest.approx(needed))


def test_sizes_may_come_in_any_order():
    assert labels_needed([1000, 10], [0.8, 0.4], 0.6, higher_is_better=True) == pytest.approx(100)


def test_saved_and_factor_are_against_the_labels_of_the_strategy():
    strategy, scratch = ArmCurve(np.array([0.6, 0.9, 0.3])), ArmCurve(np.array([0.4, 0.6, 0.8]))
    few, more, most = catch_up([10, 100, 1000], strategy, scratch, NO_GAIN, higher_is_better=True)
    assert few["reached"] == "within"
    assert [few[key]["value"] for key in ("needs", "saved", "factor")] == [100, 90, 10]
    assert (more["reached"], more["saved"]["value"]) == ("never", None)
    assert (most["reached"], most["needs"]["value"]) == ("fewer", None)
    assert few["needs"]["low"] is few["needs"]["high"] is None


def test_a_strategy_that_is_worse_costs_labels():
    strategy, scratch = ArmCurve(np.array([0.5, 0.5, 0.5])), ArmCurve(np.array([0.4, 0.6, 0.8]))
    found = catch_up([10, 100, 1000], strategy, scratch, NO_GAIN, higher_is_better=True)
    assert [round(one["saved"]["value"]) for one in found] == [22, -68, -968]


@pytest.fixture(scope="module")
def measured():
    """Strategy and scratch with 20, 80 and 320 labels: predictions of three seeds, gains as a run has them."""
    rng = np.random.default_rng(0)
    truth, groups = np.arange(400) % 2, np.arange(400) // 2

    def guess(skill):
        right = rng.random(len(truth)) < skill
        return np.eye(2)[np.where(right, truth, 1 - truth)]

    skills = {"transfer": [0.8, 0.9, 0.9], "scratch": [0.6, 0.75, 0.9]}
    predictions = [{arm: [guess(skill[k]) for _ in range(3)] for arm, skill in skills.items()} for k in range(3)]
    options = {"task": "t", "kind": "class", "seeds": [0, 1, 2], "metrics": ["accuracy"], "groups": groups}
    scores = [compare({arm: ArmResult(p, 1.0, 1) for arm, p in size.items()}, truth, **options) for size in predictions]
    drawn = [resampled(size, truth, groups, metric="accuracy", kind="class") for size in predictions]
    curves = {
        arm: ArmCurve(
            np.array([one["arms"][arm]["accuracy"]["value"] for one in scores]), np.stack([one[arm] for one in drawn])
        )
        for arm in skills
    }
    return curves, [one["gain"]["vs_scratch"] for one in scores]


def test_the_interval_agrees_with_the_verdict(measured):
    curves, gains = measured
    found = catch_up([20, 80, 320], curves["transfer"], curves["scratch"], gains, higher_is_better=True)
    assert [gain["verdict"] for gain in gains] == ["helped", "helped", "no evidence"]
    assert found[0]["needs"]["low"] > 20
    assert found[1]["needs"]["low"] > 80
    assert found[2]["needs"]["low"] < 320
    for one in found:
        value, low, high = (one["needs"][key] for key in ("value", "low", "high"))
        assert value is None or (low or 0) <= value <= (high or np.inf)


def test_a_wider_gain_makes_a_wider_interval(measured):
    curves, gains = measured
    wider = [{**gain, "low": gain["value"] - 1, "high": gain["value"] + 1} for gain in gains]
    found = catch_up([20, 80, 320], curves["transfer"], curves["scratch"], wider, higher_is_better=True)
    assert (found[0]["needs"]["low"], found[0]["needs"]["high"]) == (None, None)


def test_errors_give_the_same_labels_as_scores(measured):
    curves, gains = measured
    turned = {arm: ArmCurve(1 - curve.scores, 1 - curve.replicates) for arm, curve in curves.items()}
    plain = catch_up([20, 80, 320], curves["transfer"], curves["scratch"], gains, higher_is_better=True)
    errors = catch_up([20, 80, 320], turned["transfer"], turned["scratch"], gains, higher_is_better=False)
    for one, other in zip(plain, errors, strict=True):
        assert one["reached"] == other["reached"]
        assert one["needs"] == pytest.approx(other["needs"])


def example(**changes):
    """A curve.json of one strategy at two sizes."""
    point = {"value": 0.703, "low": 0.6, "high": 0.8}
    gain = {"value": 0.1, "low": 0.05, "high": 0.15, "verdict": "helped"}
    caught = {
        "reached": "within",
        "needs": {"value": 104.0, "low": 60.0, "high": None},
        "saved": {"value": 64.0, "low": 20.0, "high": None},
        "factor": {"value": 2.6, "low": 1.5, "high": None},
    }
    cost = {"fit_seconds": 1.0, "steps": 10, "trainable": 7}
    curve = {
        "metric": "macro_f1",
        "sizes": [5, 1.0],
        "size_names": ["5 labels a class", "100 % of the labels"],
        "labels": [40.0, 533.0],
        "arms": {"full": [point, point], "scratch": [point, point]},
        "verdicts": {"full": [gain, {**gain, "verdict": "no evidence"}]},
        "catch_up": {"full": [caught, {**caught, "reached": "never"}]},
        "cost": {"full": [cost, cost], "scratch": [cost, {**cost, "fit_seconds": 2.0}]},
        "best": [None, "full"],
        **changes,
    }
    return {**curve, "headline": headline(curve)}


def test_the_sentence_says_what_was_saved():
    assert sentence(example()) == (
        "With 5 labels a class (40), full reaches macro-F1 0.703; from scratch that takes about 104 labels: "
        "64 saved (62 %), 95 % interval: 20 or more."
    )


def test_the_sentence_where_scratch_never_gets_there():
    found = example()
    found["catch_up"]["full"][0]["reached"] = "never"
    assert sentence(found).endswith("scratch never catches up within 100 % of the labels (533).")


def test_the_sentence_where_nothing_helped_or_hurt():
    none = {"value": 0.0, "low": -0.1, "high": 0.1, "verdict": "no evidence"}
    assert sentence(example(verdicts={"full": [none, none]})) == "No strategy was better than scratch at any size."
    hurt = sentence(example(verdicts={"full": [none, {**none, "verdict": "hurt"}]}))
    assert hurt == "No strategy was better than scratch at any size. full HURT with 100 % of the labels."
    assert "no arm from scratch" in sentence(example(arms={"full": []}))


def test_validation_chooses_what_is_told_first_and_the_smallest_size_counts():
    helped = {"value": 0.1, "low": 0.05, "high": 0.15, "verdict": "helped"}
    none = {**helped, "verdict": "no evidence"}
    curve = {"sizes": [5, 20], "verdicts": {"a": [none, helped], "b": [none, {**helped, "value": 0.9}]}}
    assert headline({**curve, "best": [None, "b"]}) == {"strategy": "b", "position": 1}
    assert headline({**curve, "best": [None, None]}) == {"strategy": "a", "position": 1}
    assert headline({**curve, "best": ["b", "c"]}) == {"strategy": "a", "position": 1}


def test_the_table_has_a_row_for_each_strategy_and_size():
    rows = table(example())
    assert [(row["strategy"], row["size"], row["labels"]) for row in rows] == [("full", 5, 40.0), ("full", 1.0, 533.0)]
    assert (rows[0]["scratch_needs"], rows[0]["saved"], rows[0]["saved_low"], rows[0]["saved_high"]) == (
        104,
        64,
        20,
        None,
    )
    assert (rows[1]["seconds"], rows[1]["seconds_scratch"], rows[1]["trainable"]) == (1.0, 2.0, 7)
    assert [row["best_on_validation"] for row in rows] == [False, True]


def test_the_table_without_scratch_has_no_gain():
    curve = example()
    del curve["arms"]["scratch"]
    row = table({**curve, "catch_up": {}, "verdicts": {"full": [None, None]}})[0]
    assert (row["score"], row["scratch"], row["gain"], row["verdict"], row["saved"]) == (0.703, None, None, None, None)
