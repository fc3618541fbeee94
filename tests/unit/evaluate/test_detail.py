"""The detail of scores.json: what it holds, what it says where something is missing, and that it counts right."""

import json

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from exapt.core.errors import DataError
from exapt.evaluate.abstention import apply
from exapt.evaluate.detail import details

CLASSES = ["a", "b", "c"]


def model(rng, truth, *, skill=2.0, sharp=2.0, classes=3):
    """Probabilities of one seed; with skill 2 they are calibrated where `sharp` is 2."""
    logits = sharp * (rng.normal(size=(len(truth), classes)) + skill * np.eye(classes)[truth])
    return np.exp(logits) / np.exp(logits).sum(1, keepdims=True)


@pytest.fixture(scope="module")
def problem():
    rng = np.random.default_rng(0)
    truth, valid = rng.integers(0, 3, 600), rng.integers(0, 3, 300)
    truth[:5] = -1
    near = rng.random(600) * 0.69
    near[5:105] = 1.0
    near[105:110] = np.nan
    return {
        "truth": truth,
        "transfer": [model(rng, np.maximum(truth, 0), sharp=6.0) for _ in range(2)],
        "scratch": [model(rng, np.maximum(truth, 0), skill=1.0) for _ in range(2)],
        "valid": (valid, [model(rng, valid, sharp=6.0) for _ in range(2)]),
        "groups": np.array([f"g{i % 60}" for i in range(600)], dtype=object),
        "similarity": near,
    }


@pytest.fixture(scope="module")
def found(problem):
    arms = {name: problem[name] for name in ("transfer", "scratch")}
    rest = {name: problem[name] for name in ("groups", "similarity", "valid")}
    return details(problem["truth"], arms, kind="class", classes=CLASSES, metric="accuracy", replicates=1000, **rest)


def test_it_is_json_without_nan(found):
    assert json.loads(json.dumps(found, allow_nan=False)) == found
    assert list(found) == ["bands", "calibration", "abstention", "conformal", "per_group", "per_class", "rules"]


def test_bands_count_every_known_row_once(problem, found):
    rows = found["bands"]["rows"]
    assert [row["n"] for row in rows[-3:]] == [0, 0, 100]
    assert sum(row["n"] for row in rows) + found["bands"]["unknown"] == 595
    assert found["bands"]["unknown"] == 5
    inside = np.flatnonzero((problem["similarity"] < 0.3) & (problem["truth"] >= 0))
    right = np.mean([(one[inside].argmax(1) == problem["truth"][inside]).mean() for one in problem["transfer"]])
    assert rows[0]["arms"]["transfer"]["value"] == pytest.approx(right)
    assert rows[0]["arms"]["transfer"]["low"] < right < rows[0]["arms"]["transfer"]["high"]
    scratch = rows[0]["arms"]["scratch"]["value"]
    assert rows[0]["gain"]["value"] == pytest.approx(right - scratch)
    assert rows[0]["gain"]["low"] > 0
    assert rows[3] | {"low": 0, "high": 0} == {
        "low": 0, "high": 0, "n": 0, "n_groups": 0, "arms": {}, "gain": None, "note": "no test rows"
    }  # fmt: skip


def test_a_band_of_one_class_is_scored_only_by_what_needs_no_other(problem):
    """Macro-F1 of a band of one class is the mean with a class that is not there: half of the recall, or less."""
    truth = np.where(np.arange(600) < 300, 0, problem["truth"])
    near = np.where(np.arange(600) < 300, 1.0, 0.1)
    for metric, scored in (("macro_f1", False), ("accuracy", True)):
        found = details(
            truth, problem["transfer"], kind="class", classes=CLASSES, metric=metric, groups=None, similarity=near
        )["bands"]["rows"]  # fmt: skip
        assert bool(found[-1]["arms"]) is scored
        assert ("one class" in (found[-1]["note"] or "")) is not scored
        assert found[0]["arms"]


def test_temperature_makes_sure_probabilities_modest(found):
    part = found["calibration"]
    assert all(2 < temperature < 4 for temperature in part["temperature"])
    assert part["after"]["ece"] < part["before"]["ece"] / 2
    assert part["after"]["ece"] < 3 * part["after"]["ece_if_calibrated"]
    assert sum(row["n"] for row in part["before"]["bins"]) == pytest.approx(595)


def test_the_threshold_keeps_about_the_chosen_error(found):
    part = found["abstention"]
    assert part["curve"][-1] == {"coverage": 1.0, "risk": pytest.approx(part["error"])}
    assert part["aurc"] < part["error"] / 2
    assert part["error"] > 0.1
    assert part["error_answered"]["value"] < 0.08
    assert 0.3 < part["coverage"]["value"] < 0.95
    assert part["coverage"]["low"] < part["coverage"]["value"] < part["coverage"]["high"]


def test_sets_cover_what_they_promise(found):
    part = found["conformal"]
    assert part["coverage"]["value"] == pytest.approx(0.9, abs=0.05)
    assert sum(row["share"] for row in part["sizes"]) == pytest.approx(1)
    assert part["size"] == pytest.approx(sum(row["size"] * row["share"] for row in part["sizes"]))
    assert sum(row["n"] for row in part["by_class"]) == 595
    whole = sum(row["n"] * row["coverage"] for row in part["by_class"]) / 595
    assert whole == pytest.approx(part["coverage"]["value"])


def test_applying_the_rules_gives_what_was_counted(problem, found):
    """The numbers of the report are those that `predict` would give."""
    known = problem["truth"] >= 0
    truth = problem["truth"][known]
    pairs = zip(found["rules"], problem["transfer"], strict=True)
    applied = [apply(rules, one[known], CLASSES) for rules, one in pairs]
    told = np.mean([(~one.unknown).mean() for one in applied])
    assert told == pytest.approx(found["abstention"]["coverage"]["value"])
    wrong = np.mean([(one.prediction.argmax(1) != truth)[~one.unknown].mean() for one in applied])
    assert wrong == pytest.approx(found["abstention"]["error_answered"]["value"])
    sets = [[text.split(" | ") for text in one.sets] for one in applied]
    held = np.mean([[CLASSES[k] in names for k, names in zip(truth, one, strict=True)] for one in sets])
    assert held == pytest.approx(found["conformal"]["coverage"]["value"])


def test_groups_and_classes(found):
    table = found["per_group"]
    assert table["n_groups"] == 60
    assert len(table["rows"]) == 50
    values = [row["value"] for row in table["rows"]]
    assert values == sorted(values)
    assert [row["class"] for row in found["per_class"]] == CLASSES
    assert sum(row["support"] for row in found["per_class"]) == 595


def test_without_validation_nothing_is_fitted(problem):
    found = details(
        problem["truth"], problem["transfer"], kind="class", classes=CLASSES, metric="macro_f1", groups=None
    )
    assert found["rules"] is None
    assert found["calibration"]["after"] is None
    assert found["calibration"]["before"]["ece"] > 0
    assert found["abstention"]["threshold"] is None
    assert found["abstention"]["aurc"] > 0
    for part in ("calibration", "abstention", "conformal"):
        assert "no validation rows" in found[part]["why"]
    assert "not computed" in found["bands"]["why"]
    assert found["per_group"]["note"] == "the data have no groups"


def test_validation_rows_may_differ_from_seed_to_seed(problem):
    truth, predictions = problem["valid"]
    rows = [np.arange(40), np.arange(60, 90)]
    valid = ([truth[part] for part in rows], [one[part] for one, part in zip(predictions, rows, strict=True)])
    found = details(
        problem["truth"], problem["transfer"], kind="class", classes=CLASSES, metric="accuracy", groups=None,
        valid=valid,
    )  # fmt: skip
    assert [rules["conformal"]["n_valid"] for rules in found["rules"]] == [40, 30]
    assert "35 validation rows: these rules are rough" in found["conformal"]["note"]


@pytest.mark.parametrize("valid", [(np.zeros(5, int), []), (np.full(5, -1), [np.ones((5, 3)) / 3] * 2)])
def test_validation_without_rows_is_no_validation(problem, valid):
    found = details(
        problem["truth"], problem["transfer"], kind="class", classes=CLASSES, metric="accuracy", groups=None,
        valid=valid,
    )  # fmt: skip
    assert found["rules"] is None


def test_labels_are_counted_cell_by_cell():
    rng = np.random.default_rng(1)
    truth = (rng.random((300, 2)) < 0.3).astype(float)
    truth[0, 0], truth[1] = np.nan, np.nan
    seeds = [np.clip(np.nan_to_num(truth) * 0.5 + rng.random((300, 2)) * 0.5, 0, 1) for _ in range(2)]
    found = details(
        truth, seeds, kind="multilabel", classes=["x", "y"], metric="auroc", groups=None,
        valid=(truth[200:], [one[200:] for one in seeds]),
    )  # fmt: skip
    json.dumps(found, allow_nan=False)
    assert sum(row["n"] for row in found["calibration"]["before"]["bins"]) == pytest.approx(597)
    assert found["abstention"]["n_valid"] == 200
    assert [row["class"] for row in found["per_class"]] == ["x", "y"]
    known = np.isfinite(truth[:, 0])
    expected = np.mean([roc_auc_score(truth[known, 0], one[known, 0]) for one in seeds])
    first = found["per_class"][0]
    assert first["auroc"]["value"] == pytest.approx(expected)
    assert 0.9 < first["auprc"]["low"] < first["auprc"]["high"] <= 1
    assert found["conformal"]["coverage"]["value"] > 0.85
    assert {row["n"] for row in found["conformal"]["by_class"]} == {int((truth[:, k] == 1).sum()) for k in (0, 1)}


def test_numbers_get_intervals_and_no_probabilities():
    rng = np.random.default_rng(2)
    truth = rng.normal(size=400)
    seeds = [truth + rng.normal(size=400) for _ in range(2)]
    valid = (truth[:150], [one[:150] for one in seeds])
    found = details(
        truth[150:], [one[150:] for one in seeds], kind="number", classes=[], metric="spearman", groups=None,
        valid=valid,
    )  # fmt: skip
    assert "why" in found["calibration"]
    assert "why" in found["abstention"]
    assert found["conformal"]["coverage"]["value"] == pytest.approx(0.9, abs=0.05)
    assert found["conformal"]["size"] == pytest.approx(2 * 1.645, rel=0.15), "plus and minus 1.645 of a normal"
    assert found["per_class"] == []
    few = details(truth[150:], [seeds[0][150:]], kind="number", classes=[], metric="mae", groups=None,
                  valid=(truth[:5], [seeds[0][:5]]))  # fmt: skip
    assert few["conformal"]["bounds"] == [[None]]
    assert few["conformal"]["size"] is None


def test_several_numbers_are_covered_column_by_column():
    rng = np.random.default_rng(3)
    truth = rng.normal(size=(200, 2))
    guess = truth + rng.normal(size=(200, 2)) * [1.0, 10.0]
    found = details(truth[100:], [guess[100:]], kind="number", classes=["x", "y"], metric="mae", groups=None,
                    valid=(truth[:100], [guess[:100]]))  # fmt: skip
    x, y = found["conformal"]["by_class"]
    assert (x["class"], y["class"]) == ("x", "y")
    assert y["size"] > 5 * x["size"]
    assert x["coverage"] > 0.8


def test_wrong_shapes_are_named(problem):
    same = {"kind": "class", "classes": CLASSES, "metric": "accuracy", "groups": None}
    with pytest.raises(DataError, match="2 seeds; each seed needs"):
        details(problem["truth"], problem["transfer"], valid=(problem["valid"][0], problem["valid"][1][:1]), **same)
    with pytest.raises(DataError, match="'transfer'"):
        details(problem["truth"], {"scratch": problem["scratch"]}, **same)
    with pytest.raises(DataError, match="between 0 and 1; found 55"):
        details(problem["truth"], problem["transfer"], similarity=np.full(600, 55.0), **same)
