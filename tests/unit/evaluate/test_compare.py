"""The object of scores.json, its verdicts and its sentence."""

import json

import numpy as np
import pytest

from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import METRICS
from exapt.evaluate.compare import ArmResult, compare, sentence, table

N = 150
TOP = {
    "format_version", "task", "primary_metric", "higher_is_better", "n_test", "n_groups", "seeds", "arms", "gain",
    "audit",
}  # fmt: skip
AUDIT = {"exact_duplicates", "near_duplicates", "pretraining_overlap", "verdict"}
SCORE = {"value", "low", "high"}


def arm(truth, share, seeds=3, classes=3, start=0):
    """Predictions that are right for a share of the rows."""
    results = []
    for seed in range(start, start + seeds):
        rng = np.random.default_rng(seed)
        guess = np.where(rng.random(len(truth)) < share, truth, rng.integers(0, classes, len(truth)))
        results.append(0.8 * np.eye(classes)[guess] + 0.2 * rng.dirichlet(np.ones(classes), len(truth)))
    return ArmResult(results, 1.5, 200)


@pytest.fixture
def truth():
    return np.random.default_rng(0).integers(0, 3, N)


def arms_of(truth, transfer=0.9, scratch=0.6, linear=0.5):
    return {
        "transfer": arm(truth, transfer),
        "scratch": arm(truth, scratch, start=10),
        "frozen": arm(truth, 0.7, start=20),
        "baseline:majority": ArmResult([np.tile([0.4, 0.3, 0.3], (N, 1))], 0.0, 0),
        "baseline:linear": arm(truth, linear, seeds=1, start=30),
    }


def run(truth, arms=None, **changes):
    options = {"task": "sequence_property", "kind": "class", "metrics": ["macro_f1", "accuracy", "auroc"]}
    options |= {"seeds": [0, 1, 2], "replicates": 1000, **changes}
    return compare(arms or arms_of(truth), truth, **options)


def assert_documented(scores):
    """The keys that DESIGN.md gives, and no others."""
    assert set(scores) == TOP
    assert scores["format_version"] == 1
    metrics = None
    for entry in scores["arms"].values():
        names = set(entry) - {"fit_seconds", "steps"}
        assert len(entry) == len(names) + 2
        assert metrics in (None, names)
        metrics = names
        assert all(set(entry[name]) == SCORE for name in names)
        assert isinstance(entry["fit_seconds"], float)
        assert isinstance(entry["steps"], int)
    assert scores["primary_metric"] in metrics
    assert set(scores["gain"]) == {"vs_scratch", "vs_best_baseline"}
    for name, gain in scores["gain"].items():
        if gain is not None:
            extra = {"arm"} if name == "vs_best_baseline" else set()
            assert set(gain) - {"note"} == SCORE | {"verdict", "groups", "groups_needed"} | extra
            assert gain["verdict"] in {"helped", "no evidence", "hurt"}
    assert set(scores["audit"]) == AUDIT
    json.dumps(scores, allow_nan=False)


def test_keys_and_values(truth):
    audit = {"exact_duplicates": 0, "near_duplicates": 3, "pretraining_overlap": 0, "verdict": "leaky", "more": [1]}
    scores = run(truth, audit=audit)
    assert_documented(scores)
    assert scores["n_test"] == N
    assert scores["seeds"] == [0, 1, 2]
    assert scores["higher_is_better"] is True
    assert scores["audit"]["near_duplicates"] == 3
    transfer = scores["arms"]["transfer"]
    assert transfer["fit_seconds"] == 1.5
    assert transfer["steps"] == 200
    expected = np.mean([METRICS.get("macro_f1").value(truth, p) for p in arm(truth, 0.9).predictions])
    assert transfer["macro_f1"]["value"] == pytest.approx(expected)
    assert transfer["macro_f1"]["low"] < expected < transfer["macro_f1"]["high"]
    gain = scores["gain"]["vs_scratch"]
    assert gain["value"] == pytest.approx(expected - scores["arms"]["scratch"]["macro_f1"]["value"])


def test_three_verdicts(truth):
    verdicts = {
        "helped": arms_of(truth, transfer=0.95, scratch=0.5),
        "hurt": arms_of(truth, transfer=0.4, scratch=0.9),
        "no evidence": arms_of(truth, transfer=0.7, scratch=0.7),
    }
    for expected, arms in verdicts.items():
        assert run(truth, arms)["gain"]["vs_scratch"]["verdict"] == expected


def test_sentences(truth):
    helped = sentence(run(truth, validation={"baseline:linear": 0.5, "baseline:majority": 0.2}))
    assert helped.startswith("Transfer helped: macro-F1 0.9")
    assert ", from scratch 0." in helped
    assert "; best baseline linear 0." in helped
    assert helped.endswith(", better).")
    assert helped.count("\n") == 0
    hurt = sentence(run(truth, arms_of(truth, transfer=0.3, scratch=0.9, linear=0.9)))
    assert hurt.startswith("TRANSFER HURT: macro-F1 0.")
    assert "WORSE THAN THE BASELINE" in hurt
    assert "(-0." in hurt
    nothing = sentence(run(truth, arms_of(truth, transfer=0.7, scratch=0.7, linear=0.7)))
    assert nothing.startswith("No evidence that the transfer helped: ")
    assert "no evidence" in nothing.split("best baseline")[1]


def test_the_best_baseline_is_chosen_on_validation(truth):
    by_validation = run(truth, validation={"baseline:linear": 0.2, "baseline:majority": 0.4, "transfer": 0.9})
    assert by_validation["gain"]["vs_best_baseline"]["arm"] == "baseline:majority"
    assert "note" not in by_validation["gain"]["vs_best_baseline"]
    on_test = run(truth, validation={"baseline:linear": float("nan")})
    assert on_test["gain"]["vs_best_baseline"]["arm"] == "baseline:linear"
    assert "chosen on the test rows" in on_test["gain"]["vs_best_baseline"]["note"]
    assert_documented(on_test)


def test_without_controls(truth):
    scores = run(truth, {"transfer": arm(truth, 0.9)})
    assert scores["gain"] == {"vs_scratch": None, "vs_best_baseline": None}
    assert_documented(scores)
    assert sentence(scores).startswith("Transfer without a control from scratch: macro-F1 0.")
    assert run(truth, {"scratch": arm(truth, 0.9)})["gain"]["vs_scratch"] is None


def test_errors_are_turned_round():
    rng = np.random.default_rng(0)
    truth = rng.normal(size=N)
    arms = {
        name: ArmResult([truth + noise * rng.normal(size=N) for _ in range(2)], 0.0, 1)
        for name, noise in {"transfer": 0.2, "scratch": 1.0, "baseline:mean": 2.0}.items()
    }
    scores = run(truth, arms, kind="number", metrics=["rmse", "spearman"], seeds=[0, 1])
    assert_documented(scores)
    assert scores["higher_is_better"] is False
    gain = scores["gain"]["vs_scratch"]
    values = {name: entry["rmse"]["value"] for name, entry in scores["arms"].items()}
    assert gain["value"] == pytest.approx(values["scratch"] - values["transfer"])
    assert gain["verdict"] == "helped"
    assert "(a gain of + means a lower error)" in sentence(scores)


def test_rows_without_truth_are_left_out(truth):
    holes = truth.copy()
    holes[:20] = -1
    arms = arms_of(truth)
    kept = {name: ArmResult([p[20:] for p in a.predictions], a.fit_seconds, a.steps) for name, a in arms.items()}
    assert run(holes, arms)["n_test"] == N - 20
    assert run(holes, arms) == run(truth[20:], kept)


def test_undefined_is_null_and_said(truth):
    one_class = np.zeros(N, dtype=int)
    scores = run(one_class, metrics=["auroc", "accuracy"])
    assert scores["arms"]["transfer"]["auroc"] == {"value": None, "low": None, "high": None}
    assert scores["gain"]["vs_scratch"]["verdict"] == "no evidence"
    assert "1000 of 1000 replicates" in scores["gain"]["vs_scratch"]["note"]
    assert "undefined" in sentence(scores)
    assert_documented(scores)


def test_few_groups_are_said(truth):
    few = run(truth, groups=np.arange(N) % 5)
    gain = few["gain"]["vs_scratch"]
    assert few["n_groups"] == gain["groups"] == 5
    assert gain["verdict"] == "no evidence"
    assert gain["low"] > 0, "the interval stays, the verdict does not"
    assert gain["groups_needed"] >= 6
    assert gain["note"] == f"too little data to tell: 5 groups; about {gain['groups_needed']} would be needed"
    assert_documented(few)
    assert sentence(few).startswith(
        f"Too little data to tell: 5 groups; about {gain['groups_needed']} would be needed."
    )
    assert sentence(few).count("oo little data") == 1
    one = run(truth, groups=["donor"] * N)
    assert one["gain"]["vs_scratch"]["verdict"] == "no evidence"
    assert one["gain"]["vs_scratch"]["low"] is None
    assert one["gain"]["vs_scratch"]["note"] == "too little data to tell: 1 group; at least 6 would be needed"
    enough = run(truth, groups=np.arange(N) % 6)
    assert "note" not in enough["gain"]["vs_scratch"]
    assert enough["gain"]["vs_scratch"]["verdict"] == "helped"
    assert enough["gain"]["vs_scratch"]["groups_needed"] == 6


def test_more_groups_are_needed_for_a_smaller_difference(truth):
    def needed(share):
        arms = {"transfer": arm(truth, 0.9, seeds=1), "scratch": arm(truth, share, seeds=1, start=10)}
        return run(truth, arms, seeds=[0])["gain"]["vs_scratch"]["groups_needed"]

    assert 6 <= needed(0.5) < N < needed(0.86)


def test_an_unknown_spread_is_said():
    truth = np.r_[np.ones(5, dtype=int), np.zeros(N - 5, dtype=int)]
    arms = {"transfer": arm(truth, 0.9, classes=2), "scratch": arm(truth, 0.5, classes=2, start=10)}
    gain = run(truth, arms, metrics=["auroc"], groups=np.arange(N) // 5)["gain"]["vs_scratch"]
    assert gain["low"] is None
    assert gain["verdict"] == "no evidence"
    assert "without one of the groups the metric is undefined" in gain["note"]


def test_same_call_same_object(truth):
    assert run(truth) == run(truth)


def test_table(truth):
    rows = table(run(truth))
    assert [row["arm"] for row in rows][:2] == ["transfer", "scratch"]
    assert list(rows[0]) == ["arm", "macro_f1", "low", "high", "accuracy", "auroc", "fit_seconds", "steps"]
    assert rows[0]["low"] < rows[0]["macro_f1"] < rows[0]["high"]


def test_refusals(truth):
    with pytest.raises(ConfigError, match="'rmse' does not fit a target of kind 'class'"):
        run(truth, metrics=["rmse"])
    with pytest.raises(ConfigError, match="Did you mean"):
        run(truth, metrics=["acuracy"])
    with pytest.raises(ConfigError, match="No metric"):
        run(truth, metrics=[])
    with pytest.raises(DataError, match="'transfer' predicts 150 rows; the test part has 149"):
        run(truth[:-1], {"transfer": arm(truth, 0.9)})
    with pytest.raises(DataError, match="3 groups for 150 test rows"):
        run(truth, groups=[1, 2, 3])
    with pytest.raises(DataError, match="has no predictions"):
        run(truth, {"transfer": ArmResult([], 0.0, 0)})
    with pytest.raises(DataError, match="No test rows"):
        run(np.full(N, -1))


def test_labels_with_holes():
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, (N, 4)).astype(float)
    truth[rng.random((N, 4)) < 0.3] = np.nan
    arms = {
        name: ArmResult([np.clip(share * np.nan_to_num(truth) + (1 - share) * rng.random((N, 4)), 0, 1)], 0.0, 0)
        for name, share in {"transfer": 0.5, "scratch": 0.1, "baseline:nearest": 0.2}.items()
    }
    scores = run(truth, arms, kind="multilabel", metrics=["auroc", "auprc", "macro_f1"], seeds=[0])
    assert_documented(scores)
    assert scores["gain"]["vs_scratch"]["verdict"] == "helped"


def test_a_run_without_weights_says_that_nothing_was_transferred():
    from exapt.evaluate.compare import NOTHING

    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 60)
    arm = ArmResult([np.eye(2)[truth]], 1.0, 5)
    kind = {"task": "t", "kind": "class", "metrics": ["accuracy"], "seeds": [0]}
    scores = compare({"transfer": arm, "scratch": arm}, truth, **kind)
    scores["gain"]["vs_scratch"]["note"] = NOTHING
    text = sentence(scores)
    assert text.startswith("Nothing was transferred, the network was trained from scratch: accuracy 1.000")
    assert "No evidence" not in text
