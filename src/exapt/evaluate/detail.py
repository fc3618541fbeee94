"""The `detail` of scores.json: by similarity, calibration, abstention, conformal sets, by group and by class.

What is fitted (temperature, threshold, conformal bound) is fitted on the validation rows of each seed and judged on the
test rows of the same seed; numbers are means over the seeds. The validation rows have also chosen the epoch that is
kept, so they are a little too easy for the model; what the rules are worth is what they do on the test rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exapt.core.errors import DataError
from exapt.evaluate import calibration, conformal
from exapt.evaluate.abstention import COVERAGE, ERROR_RATE, aurc, decisions, fit_rules, risk_coverage
from exapt.evaluate.bands import by_group, by_similarity, plain
from exapt.evaluate.classes import per_class_rows, ranked_labels
from exapt.evaluate.intervals import REPLICATES
from exapt.evaluate.metrics._metric import Floats, Kind, find
from exapt.evaluate.shares import share

NO_VALIDATION = "no validation rows, so no temperature, threshold or sets: training and test rows may not decide them"
UNBOUNDED = "the validation rows do not bound the temperature of every seed (no wrong answers), so 1 was kept there"
FEW_VALID = 50  # below, what was fitted on validation comes with a warning
POINTS = 100  # of the risk-coverage curve
Rules = list[dict[str, Any]]  # one a seed
Valid = tuple[NDArray[Any] | Sequence[NDArray[Any]], Sequence[NDArray[Any]]]  # truth, predictions by seed


def details(  # noqa: PLR0913 - two arguments, the rest by keyword
    truth: ArrayLike,
    predictions: Sequence[ArrayLike] | Mapping[str, Sequence[ArrayLike]],
    *,
    kind: Kind,
    classes: Sequence[str],
    metric: str,
    groups: Sequence[Any] | NDArray[Any] | None,
    similarity: ArrayLike | None = None,
    measure: str = "similarity",
    valid: Valid | None = None,
    error_rate: float = ERROR_RATE,
    coverage: float = COVERAGE,
    replicates: int = REPLICATES,
) -> dict[str, Any]:
    """Say where the transfer arm works, and how far its answers can be trusted.

    Parameters
    ----------
    truth
        (n,) classes or numbers, or (n, T), of the test rows; missing = NaN or a negative class.
    predictions
        One array a seed of the transfer arm, as `ArmResult.predictions` has them; or arm -> such a list, with
        "transfer", of which the similarity bands show all.
    kind
        What the target is.
    classes
        Names of the C classes or T labels (of the columns, where several numbers are predicted; else empty).
    metric
        Name of the metric that decides.
    groups
        (n,) group of each test row; None = rows are independent.
    similarity
        (n,) in [0, 1]: similarity of each test row to its nearest training row, NaN = unknown; None = not computed.
    measure
        What that similarity is, in a word or two, such as "sequence identity" or "Tanimoto similarity".
    valid
        Truth and predictions by seed of the validation rows; the truth is an array that all seeds share, or a list of
        one a seed. None = there are none.
    error_rate
        Wanted share of wrong answers of a model that may say "unknown".
    coverage
        Wanted share of rows whose truth is in the prediction set.
    replicates
        Of the bootstrap, at least 1,000.

    Returns
    -------
    dict
        JSON: bands, calibration, abstention, conformal, per_group, per_class, and rules (what `abstention.apply` takes:
        one a seed; None without validation). A part that was not computed has a "why".

    Raises
    ------
    DataError
        Where shapes do not fit together or the transfer arm is missing.
    """
    arms = dict(predictions) if isinstance(predictions, Mapping) else {"transfer": predictions}
    if not len(arms.get("transfer", ())):
        raise DataError(f"No predictions of the arm 'transfer' to look into; found {', '.join(arms) or 'nothing'}.")
    known = _known(np.asarray(truth), kind)
    true = np.asarray(truth)[known]
    tested = {name: [np.asarray(one, dtype=np.float64)[known] for one in given] for name, given in arms.items()}
    units = None if groups is None else np.asarray(groups, dtype=object)[known]
    seeds = tested["transfer"]
    rules = _rules(valid, len(seeds), kind, error_rate, coverage)
    scaled = _calibrated(seeds, rules, kind)
    near = None if similarity is None else np.asarray(similarity, dtype=np.float64)[known]
    chosen = find(metric)
    bands: dict[str, Any] = {"why": "the similarity to training was not computed"}
    if near is not None:
        rows = by_similarity(true, tested, near, metric=chosen, groups=units, replicates=replicates)
        bands = {"measure": measure, "metric": metric, "unknown": int(np.isnan(near).sum()), "rows": rows}
    return {
        "bands": bands,
        "calibration": _calibration(true, seeds, scaled, kind, rules),
        "abstention": _abstention(true, scaled, kind, rules, units, error_rate),
        "conformal": _conformal(true, scaled, kind, rules, units, classes),
        "per_group": by_group(true, seeds, units, metric=chosen),
        "per_class": _per_class(true, seeds, kind, classes, units, replicates),
        "rules": rules,
    }


def _per_class(
    truth: NDArray[Any],
    seeds: Sequence[Floats],
    kind: Kind,
    classes: Sequence[str],
    units: NDArray[Any] | None,
    replicates: int,
) -> list[dict[str, Any]]:
    """Scores of each class; labels, which are ranked each by itself, have AUROC and AUPRC with intervals, too."""
    if kind == "number":
        return []
    rows = per_class_rows(truth, seeds, classes)
    if kind == "class":
        return rows
    groups = np.arange(len(truth)) if units is None else units
    ranked = ranked_labels(truth, seeds, groups, replicates=replicates)
    return [row | one for row, one in zip(rows, ranked, strict=True)]


def _known(truth: NDArray[Any], kind: Kind) -> NDArray[np.bool_]:
    present = np.isfinite(truth)
    if truth.ndim == 2:
        return np.asarray(present.any(1), dtype=np.bool_)
    return np.asarray(present if kind == "number" else present & (truth >= 0), dtype=np.bool_)


def _rules(valid: Valid | None, seeds: int, kind: Kind, error_rate: float, coverage: float) -> Rules | None:
    """What each seed's model learns from its validation rows; None where there are none."""
    if valid is None or not len(valid[1]):
        return None
    shared, predictions = valid
    truths = [shared] * len(predictions) if isinstance(shared, np.ndarray) else list(shared)
    if not len(truths) == len(predictions) == seeds:
        raise DataError(
            f"Validation has {len(truths)} truths and {len(predictions)} predictions for {seeds} seeds; each seed "
            "needs an array of its own, because each is another model."
        )
    if any(not _known(np.asarray(truth), kind).any() for truth in truths):
        return None
    pairs = zip(truths, predictions, strict=True)
    return [fit_rules(true, guess, kind, error_rate=error_rate, coverage=coverage) for true, guess in pairs]


def _calibrated(seeds: Sequence[Floats], rules: Rules | None, kind: Kind) -> list[Floats]:
    if rules is None or kind == "number":
        return list(seeds)
    many = kind == "multilabel"
    return [
        calibration.scale(one, rule["temperature"], multilabel=many) for one, rule in zip(seeds, rules, strict=True)
    ]


def _from_validation(rules: Rules | None) -> dict[str, Any]:
    """How many validation rows stand behind a fit, and a warning where they are few."""
    if rules is None:
        return {"why": NO_VALIDATION}
    n_valid = round(float(np.mean([rule["conformal"]["n_valid"] for rule in rules])))
    few = f"fitted on {n_valid} validation rows: these rules are rough" if n_valid < FEW_VALID else None
    return {"n_valid": n_valid, "note": few}


def _calibration(
    truth: NDArray[Any],
    seeds: Sequence[Floats],
    scaled: Sequence[Floats],
    kind: Kind,
    rules: Rules | None,
) -> dict[str, Any]:
    if kind == "number":
        return {"why": "numbers have no probabilities; how often the intervals hold the truth stands under conformal"}
    found: dict[str, Any] = {"before": _reliability(truth, seeds), "after": None, "temperature": None}
    if rules is not None:
        temperatures = [rule["temperature"] for rule in rules]
        found |= {"after": _reliability(truth, scaled), "temperature": temperatures}
    found |= _from_validation(rules)
    if found["temperature"] and 1.0 in found["temperature"]:
        found["note"] = "; ".join(filter(None, [found["note"], UNBOUNDED]))
    return found


def _reliability(truth: NDArray[Any], seeds: Sequence[Floats]) -> dict[str, Any]:
    bins = calibration.reliability(np.concatenate([truth] * len(seeds)), np.concatenate(seeds))
    bins["n"] = bins["n"] / len(seeds)
    rows = bins.astype(object).where(bins.notna(), None).to_dict("records")
    error = np.mean([calibration.expected_calibration_error(truth, one) for one in seeds])
    chance = np.mean([calibration.error_if_calibrated(one, truth) for one in seeds])
    return {"ece": float(error), "ece_if_calibrated": float(chance), "bins": rows}


def _abstention(
    truth: NDArray[Any],
    scaled: Sequence[Floats],
    kind: Kind,
    rules: Rules | None,
    units: NDArray[Any] | None,
    error_rate: float,
) -> dict[str, Any]:
    if kind == "number":
        return {"why": "a number comes without a probability of being right"}
    decided = [decisions(truth, one, kind) for one in scaled]
    curves = [risk_coverage(*one) for one in decided]
    coverage, risks = curves[0][0], np.mean([risk for _, risk in curves], axis=0)
    places = np.unique(np.ceil(np.linspace(1 / POINTS, 1, POINTS) * len(risks)).astype(np.int64)) - 1
    found: dict[str, Any] = {
        "curve": [{"coverage": float(coverage[i]), "risk": float(risks[i])} for i in places],
        "aurc": float(np.mean([aurc(*one) for one in decided])),
        "error": float(risks[-1]),
        "goal": error_rate,
        "threshold": None,
        **_from_validation(rules),
    }
    if rules is None:
        return found
    bounds = [np.inf if rule["threshold"] is None else rule["threshold"] for rule in rules]
    asked = [np.isfinite(right) for _, right in decided]
    told = [known & (sure >= bound) for (sure, _), known, bound in zip(decided, asked, bounds, strict=True)]
    wrong = [one & (right == 0) for (_, right), one in zip(decided, told, strict=True)]
    told, wrong, asked = ([_per_row(one) for one in part] for part in (told, wrong, asked))
    return found | {
        "threshold": [rule["threshold"] for rule in rules],
        "coverage": plain(share(told, asked, units)),
        "error_answered": plain(share(wrong, told, units)),
        "seeds_without_threshold": sum(rule["threshold"] is None for rule in rules),
    }


def _per_row(cells: NDArray[Any]) -> NDArray[Any]:
    """Counts of each row, summed over the labels where there are several."""
    return cells if cells.ndim == 1 else np.asarray(cells.sum(1))


def _conformal(
    truth: NDArray[Any],
    scaled: Sequence[Floats],
    kind: Kind,
    rules: Rules | None,
    units: NDArray[Any] | None,
    classes: Sequence[str],
) -> dict[str, Any]:
    """Coverage and size of the sets on the test rows, in all and by class."""
    if rules is None:
        return _from_validation(rules)
    fitted = [rule["conformal"] for rule in rules]
    parts = [_cells(truth, one, kind, fit) for one, fit in zip(scaled, fitted, strict=True)]
    asked = [_per_row(np.isfinite(hit)) for hit, _ in parts]
    held = [_per_row(np.nan_to_num(hit)) for hit, _ in parts]
    sizes = [size[np.isfinite(hit)] for hit, size in parts]
    found: dict[str, Any] = {
        "method": fitted[0]["method"],
        "goal": fitted[0]["goal"],
        "bounds": [fit["bounds"] for fit in fitted],
        "coverage": plain(share(held, asked, units)),
        "size": _mean([float(size.mean()) for size in sizes]),
        "sizes": [],
        "by_class": _by_class(truth, parts, kind, classes),
        **_from_validation(rules),
    }
    found["usual"] = list(conformal.usual(found["n_valid"], found["goal"]))
    if kind != "number":
        each, count = np.unique(np.concatenate(sizes), return_counts=True)
        shares = count / count.sum()
        found["sizes"] = [{"size": int(s), "share": float(p)} for s, p in zip(each, shares, strict=True)]
    return found


def _cells(truth: NDArray[Any], prediction: Floats, kind: Kind, fitted: dict[str, Any]) -> tuple[Floats, Floats]:
    """Whether each true value is in its set (NaN = no truth), and how large the set is: answers, or width in units."""
    strange = conformal.strangeness(truth, prediction, kind)
    if kind == "number":
        half = np.array([conformal.bound_of(fitted, column) for column in range(strange.shape[1])])
        return np.where(np.isfinite(strange), strange <= half, np.nan), np.broadcast_to(2 * half, strange.shape)
    bound = conformal.bound_of(fitted)
    if kind == "multilabel":
        possible = conformal.states(prediction, bound)
        true = np.nan_to_num(truth).astype(np.int64)[..., None]
        hit = np.take_along_axis(possible, true, axis=2)[..., 0]
        return np.where(np.isfinite(strange), hit, np.nan), possible.sum(2).astype(np.float64)
    inside = conformal.members(prediction, bound)
    hit = inside[np.arange(len(inside)), truth.astype(np.int64)]
    return hit.astype(np.float64), inside.sum(1).astype(np.float64)


def _by_class(
    truth: NDArray[Any], parts: Sequence[tuple[Floats, Floats]], kind: Kind, classes: Sequence[str]
) -> list[dict[str, Any]]:
    """Coverage and size for the rows that have each class or label; for numbers, each column."""
    rows = []
    for k in range(max(1, truth.shape[1] if truth.ndim == 2 else len(classes) if kind == "class" else 1)):
        there = truth == k if kind == "class" else truth[:, k] > 0.5 if kind == "multilabel" else None
        if there is None and truth.ndim == 1:
            return []
        column = slice(None) if kind == "class" else (slice(None), k)
        pairs = [(hit[column], size[column]) for hit, size in parts]
        chosen = np.isfinite(pairs[0][0]) if there is None else there
        name = str(classes[k]) if k < len(classes) else str(k)
        if not chosen.any():
            rows.append({"class": name, "n": 0, "coverage": None, "size": None})
            continue
        hits, sizes = (np.mean([pair[i][chosen].mean() for pair in pairs]) for i in (0, 1))
        rows.append({"class": name, "n": int(chosen.sum()), "coverage": float(hits), "size": _mean([float(sizes)])})
    return rows


def _mean(values: Sequence[float]) -> float | None:
    """None where a bound is missing, so that an interval has no end."""
    mean = float(np.mean(values))
    return mean if np.isfinite(mean) else None
