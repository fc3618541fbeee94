"""Entities of pairs, their degrees, and the classes of Park and Marcotte."""

import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Fold, Table
from exapt.core.errors import DataError
from exapt.data.pairs import are_pairs, degrees, entities, one_pool, pair_classes

NONE = np.empty(0, dtype=np.int64)


def pairs(first, second, kinds=("protein", "protein")):
    frame = pd.DataFrame({"a": first, "b": second})
    return Table(frame, {n: Column("input", kind) for n, kind in zip("ab", kinds, strict=True)}, "toy.tsv")


def test_one_protein_is_one_entity_on_either_side_however_it_is_written():
    first, second = entities(pairs(["MKV", "MAA", "mkv*"], ["MAA", "MKV", "MCC"]))
    assert first.tolist() == [0, 1, 0]
    assert second.tolist() == [1, 0, 2]


def test_both_strands_of_dna_are_one_entity_and_other_modalities_share_nothing():
    table = pairs(["AACC", "GGTT", "AACT"], ["AACC", "MKV", "AACC"], ("dna", "protein"))
    first, second = entities(table)
    assert first.tolist() == [0, 0, 1]
    assert second.tolist() == [2, 3, 2]
    assert not one_pool(table)


def test_degrees_count_pairs_and_a_pair_with_itself_once():
    table = pairs(["A", "A", "A", "C"], ["C", "D", "A", "E"])
    first, second = degrees(table)
    assert first.tolist() == [3, 3, 3, 2]
    assert second.tolist() == [2, 1, 3, 1]
    first, second = degrees(table, np.array([0, 3]))
    assert first.tolist() == [1, 1, 1, 2]
    assert second.tolist() == [2, 0, 1, 1]


def test_classes_of_test_pairs_in_their_order():
    table = pairs(["A", "C", "A", "A", "F", "G"], ["C", "D", "D", "F", "G", "A"])
    fold = Fold(np.array([0, 1]), np.array([5]), np.array([2, 3, 4]))
    assert pair_classes(table, fold).tolist() == ["C1", "C2", "C3"]


def test_what_is_no_pair_is_refused():
    single = Table(pd.DataFrame({"a": ["MKV"]}), {"a": Column("input", "protein")}, "toy.tsv")
    with pytest.raises(DataError, match=r"toy.tsv: pairs need two inputs.*found a .protein.*entities"):
        entities(single)
    assert not are_pairs(single)
    with pytest.raises(DataError, match=r"found a .number., b .protein."):
        pair_classes(pairs([1.0], ["MKV"], ("number", "protein")), Fold(NONE, NONE, NONE))
