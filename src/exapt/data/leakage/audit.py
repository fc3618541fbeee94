"""The leakage audit of a split as the JSON object that every run keeps in `audit.json`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exapt.core.contracts import Fold, Rows, Table
from exapt.data.leakage.evidence import Evidence, contradictions, gather

SHOWN = 5  # examples beside each number


def audit(
    table: Table, folds: Sequence[Fold], corpora: Sequence[Mapping[str, Any]] = (), *, threshold: float | None = None
) -> dict[str, Any]:
    """Compare the test parts with training, and with whatever else the model has seen; see `describe`.

    Parameters
    ----------
    table
        The cleaned table.
    folds
        Of a split.
    corpora
        Sketches: the one that came with the weights, those of source rows.
    threshold
        Similarity of a near duplicate, in (0, 1]; None = the modality's own.
    """
    return describe(gather(table, folds, corpora, threshold=threshold))


def describe(folds: Sequence[Evidence]) -> dict[str, Any]:
    """Count what was found, with up to five examples in a list beside each number (`..._examples`).

    Parameters
    ----------
    folds
        The evidence of each fold of a split; their numbers are added up.

    Returns
    -------
    dict
        ========================== =======================================================================
        exact_duplicates           test rows whose input has a copy in training
        exact_duplicates_in_valid  test rows whose input has a copy in the validation part
        near_duplicates            test rows that are similar to a training row beyond `near_threshold`,
                                   and no copies; `near_measure` says what the similarity is
        repeated_rows              rows of the whole table that repeat the input of an earlier row
        contradicting_labels       rows whose input also occurs with another label, of the
                                   `contradicting_inputs` inputs that do so
        by_spelling                for molecules, repeated rows and contradicting inputs by stricter ideas
                                   of what is the same: as drawn, without stereo, neutral
        group_overlap              groups that stand in the test part and in training or validation, with
                                   the `group_overlap_rows` test rows in them
        pair_classes               test pairs of which both (C1), one (C2) or no entity (C3) is in training
        entity_overlap             test entities of pairs that are in training too, of `entities` in the test
                                   part; counted for each side, and by name where a column holds names
        several_names              entities of pairs with more than one name; `names` counts both
        pretraining_overlap        test rows with an input that is in one of the corpora
        pretraining_by_spelling    test rows in a corpus by stricter ideas of what is the same
        pretraining_values         different values of each input in the test part, and in a corpus
        pretraining_near           test rows with an input similar to something in a corpus, and no copies
        ========================== =======================================================================

        `checks` says of each number whether it was computed and how, `reasons` what leaks, in sentences; `verdict` is
        "leaky" if there are reasons, else "clean".
    """
    first = folds[0]
    result: dict[str, Any] = {
        "folds": len(folds),
        "n_train": int(np.mean([len(evidence.fold.train) for evidence in folds])),
        "n_test": sum(len(evidence.fold.test) for evidence in folds),
        "checks": {},
    }
    for part in (_duplicates, _near, _groups, _pairs, _corpora):
        found = [part(evidence) for evidence in folds]
        result |= _added([numbers for numbers, _ in found])
        result["checks"] |= found[0][1]
    numbers, checks = _repeats(first)  # of the whole table
    result |= numbers
    result["checks"] |= checks
    result["reasons"] = _reasons(result, _noun(first.table))
    result["verdict"] = "leaky" if result["reasons"] else "clean"
    return result


def _added(folds: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Counts added up, the first examples of all, and what is the same in every fold."""
    total = dict(folds[0])
    for key, value in total.items():
        others = [fold[key] for fold in folds[1:]]
        if isinstance(value, Mapping):
            total[key] = _added([value, *others])
        elif isinstance(value, list):
            total[key] = [example for fold in (value, *others) for example in fold][:SHOWN]
        elif isinstance(value, int):
            total[key] = value + sum(others)
    return total


Part = tuple[dict[str, Any], dict[str, str]]


def _duplicates(evidence: Evidence) -> Part:
    ids, test = _ids(evidence.table), evidence.fold.test
    found: dict[str, Any] = {}
    for name, copies in (
        ("exact_duplicates", evidence.in_training),
        ("exact_duplicates_in_valid", evidence.in_validation),
    ):
        rows = np.flatnonzero(copies >= 0)
        found[name] = len(rows)
        pairs = zip(test[rows[:SHOWN]], copies[rows[:SHOWN]], strict=True)
        found[f"{name}_examples"] = [{"test": str(ids[a]), "copy": str(ids[b])} for a, b in pairs]
    return found, {"exact_duplicates": "computed"}


def _near(evidence: Evidence) -> Part:
    ids, test, nearest = _ids(evidence.table), evidence.fold.test, evidence.nearest
    found: dict[str, Any] = {"near_duplicates": int(evidence.near.sum()), "near_duplicates_examples": []}
    if nearest is None:
        return found, {"near_duplicates": "not computed: no measure of similarity for these inputs"}
    rows = np.flatnonzero(evidence.near)
    rows = rows[np.argsort(-nearest.similarity[rows], kind="stable")][:SHOWN]
    found["near_duplicates_examples"] = [
        {
            "test": str(ids[test[row]]),
            "like": str(ids[nearest.rows[row]]),
            "similarity": round(float(nearest.similarity[row]), 3),
        }
        for row in rows
    ]
    found |= {"near_threshold": nearest.threshold, "near_measure": nearest.measure}
    return found, {"near_duplicates": f"computed: {nearest.measure}, from {nearest.threshold:g} on"}


def _repeats(evidence: Evidence) -> Part:
    ids, rows = _ids(evidence.table), evidence.contradicting
    found: dict[str, Any] = {"repeated_rows": len(evidence.keys) - len(np.unique(evidence.keys))}
    rows_found = np.empty(0, dtype=np.int64) if rows is None else rows
    order = rows_found[np.argsort(evidence.keys[rows_found], kind="stable")]  # those of one input side by side
    names = [name for name in evidence.table.names("target") if name in evidence.table.frame]
    found |= {
        "contradicting_labels": len(rows_found),
        "contradicting_inputs": len(np.unique(evidence.keys[rows_found])),
        "contradicting_labels_examples": [
            {"row": str(ids[row]), **{name: str(evidence.table.frame[name].iloc[row]) for name in names}}
            for row in order[:SHOWN]
        ],
    }
    if evidence.spellings:
        found["by_spelling"] = {
            name: {
                "repeated_rows": len(keys) - len(np.unique(keys)),
                "contradicting_inputs": len(np.unique(keys[contradictions(evidence.table, keys)]))
                if rows is not None
                else 0,
            }
            for name, keys in evidence.spellings.items()
        }
    found |= _names(evidence.table)
    return found, {"contradicting_labels": "not computed: no label column" if rows is None else "computed"}


def _names(table: Table) -> dict[str, Any]:
    from exapt.data.leakage.names import names
    from exapt.data.pairs import are_pairs

    if not are_pairs(table):
        return {}
    columns = names(table)
    several = [(column, found) for column, one in columns.items() for found in one.several()]
    return {
        "names": {column: one.counts() for column, one in columns.items()},
        "several_names": len(several),
        "several_names_examples": [{column: ", ".join(found)} for column, found in several[:SHOWN]],
    }


def _groups(evidence: Evidence) -> Part:
    test = evidence.fold.test
    rows = np.zeros(len(test), dtype=bool)
    groups: list[str] = []
    for name, shared in evidence.shared.items():
        rows |= shared
        groups += sorted({str(group) for group in evidence.table.frame[name].iloc[test[shared]]})
    found = {
        "group_overlap": len(groups),
        "group_overlap_rows": int(rows.sum()),
        "group_overlap_examples": groups[:SHOWN],
    }
    return found, {"group_overlap": "computed" if evidence.shared else "not computed: no group column"}


def _pairs(evidence: Evidence) -> Part:
    from exapt.data.leakage.names import names
    from exapt.data.pairs import are_pairs, entities, pair_classes

    table, fold = evidence.table, evidence.fold
    if not are_pairs(table):
        return {}, {"pair_classes": "not computed: no pairs"}
    classes = pair_classes(table, fold)
    both = dict(zip(table.names("input"), entities(table), strict=True))
    seen: Rows = np.unique(np.concatenate([codes[fold.train] for codes in both.values()]))
    overlap = {}
    for name, codes in both.items():
        tested = np.unique(codes[fold.test])
        overlap[name] = {"test": len(tested), "in_training": int(np.isin(tested, seen).sum())}
    tested = np.unique(np.concatenate([codes[fold.test] for codes in both.values()]))
    return {
        "pair_classes": {name: int((classes == name).sum()) for name in ("C1", "C2", "C3")},
        "entities": len(tested),
        "entity_overlap": int(np.isin(tested, seen).sum()),
        "entity_overlap_by_side": overlap,
        "entity_overlap_by_name": {column: one.overlap(fold) for column, one in names(table).items()},
    }, {"pair_classes": "computed"}


def _corpora(evidence: Evidence) -> Part:
    ids, corpora = _ids(evidence.table)[evidence.fold.test], evidence.corpora
    near = np.flatnonzero(corpora.near)
    found = {
        "pretraining_overlap": int(corpora.exact.sum()),
        "pretraining_overlap_examples": [str(i) for i in ids[corpora.exact][:SHOWN]],
        "pretraining_values": {name: {"test": n, "in_corpus": m} for name, (n, m) in corpora.values.items()},
        "pretraining_by_spelling": dict(corpora.by_spelling),
        "pretraining_near": len(near),
        "pretraining_near_examples": [
            {"test": str(ids[row]), "similarity": round(float(corpora.similarity[row]), 3)} for row in near[:SHOWN]
        ],
    }
    return found, {"pretraining_overlap": corpora.how, "pretraining_near": corpora.how}


def _ids(table: Table) -> Any:
    return np.array(table.ids(), dtype=object)


def _noun(table: Table) -> str:
    """What a row of this table is called."""
    names = table.names("input")
    modality = table.columns[names[0]].modality if len(names) == 1 else ""
    nouns = {"dna": "sequence", "rna": "sequence", "protein": "protein", "molecule": "molecule", "expression": "sample"}
    return "pair" if len(names) == 2 else nouns.get(modality, "row")


def _reasons(result: Mapping[str, Any], noun: str) -> list[str]:
    total, said = result["n_test"], []

    def share(count: int, text: str) -> None:
        if count:
            said.append(f"{count:,} of the {total:,} test {noun}s {text} ({count / max(1, total):.1%}).")

    share(result["exact_duplicates"], "are copies of training ones")
    if result["near_duplicates"]:
        share(
            result["near_duplicates"],
            f"are near duplicates of training ones ({result['near_measure']}, from {result['near_threshold']:g} on)",
        )
    share(result["group_overlap_rows"], "belong to a group that is also in training or validation")
    if result.get("entity_overlap"):
        said.append(
            f"{result['entity_overlap']:,} of the {result['entities']:,} entities in the test pairs are also in "
            f"training{_by_name(result)}: the scores hold for known entities, not for new ones. For those, split by "
            f"cold_entity."
        )
    share(result["pretraining_overlap"], "are in a corpus that the model has seen")
    share(result["pretraining_near"], "are similar to something in a corpus that the model has seen")
    if len(result["pretraining_values"]) > 1:
        said += [
            f"{values['in_corpus']:,} of the {values['test']:,} different values of {name!r} in the test part are in a "
            f"corpus that the model has seen."
            for name, values in result["pretraining_values"].items()
            if values["in_corpus"]
        ]
    return said


def _by_name(result: Mapping[str, Any]) -> str:
    """What the numbers are by name, for columns of which some values have several names."""
    told = [
        f"by name in {column} {found['in_training']:,} of {found['test']:,}"
        for column, found in result["entity_overlap_by_name"].items()
        if result["names"][column]["names"] > result["names"][column]["values"]
    ]
    return f" ({'; '.join(told)})" if told else ""
