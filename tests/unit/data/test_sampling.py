import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Fold, Table
from exapt.core.errors import ConfigError
from exapt.core.registry import SPLITS
from exapt.data.sampling import column, subsample, write
from exapt.data.splits.predefined import PredefinedSplit

LABELS = np.repeat(["a", "b", "c"], [60, 30, 3])


def test_a_whole_number_is_labels_a_class_and_all_where_there_are_fewer():
    rows = subsample(LABELS, 5, seed=0)
    assert dict(zip(*np.unique(LABELS[rows], return_counts=True), strict=True)) == {"a": 5, "b": 5, "c": 3}
    assert (np.diff(rows) > 0).all()


def test_a_share_is_stratified_and_keeps_every_class():
    rows = subsample(LABELS, 0.1, seed=0)
    assert dict(zip(*np.unique(LABELS[rows], return_counts=True), strict=True)) == {"a": 6, "b": 3, "c": 1}
    assert subsample(LABELS, 1.0, seed=0).tolist() == list(range(93))


def test_seeds_draw_anew_and_repeat():
    assert subsample(LABELS, 5, seed=0).tolist() == subsample(LABELS, 5, seed=0).tolist()
    assert subsample(LABELS, 5, seed=0).tolist() != subsample(LABELS, 5, seed=1).tolist()


def test_missing_labels_are_never_drawn():
    labels = pd.Series(["a", None, "b", None, "a"])
    assert subsample(labels, 9, seed=0).tolist() == [0, 2, 4]


def test_of_numbers_as_many_rows_in_total_spread_over_the_range():
    values = np.random.default_rng(0).permutation(1000) / 7
    rows = subsample(values, 20, seed=3)
    assert len(set(rows)) == 20
    counts = np.histogram(values[rows], bins=np.quantile(values, np.linspace(0, 1, 11)))[0]
    assert set(counts) == {2}
    assert len(subsample(values[:5], 20, seed=0)) == 5


def test_whole_floats_are_labels_where_few_differ():
    labels = np.array([0.0, 1.0, 1.0, 0.0, np.nan, 1.0, 0.0, 1.0])
    assert len(subsample(labels, 2, seed=0)) == 4
    assert len(subsample(labels, 2, seed=0, label=False)) == 2


@pytest.mark.parametrize("size", [0, -1, 0.0, 1.5])
def test_other_sizes_are_refused(size):
    with pytest.raises(ConfigError, match="share in .0, 1. or a whole number"):
        subsample(LABELS, size, seed=0)


def test_a_split_written_as_a_file_reads_back(tmp_path):
    ids = ["a", "b\tc", "d", "e"]
    rows = Table(pd.DataFrame({"id": ids}), {"id": Column("id", "label")}, "toy")
    fold = Fold(np.array([0]), np.array([3]), np.array([1]), np.array([2]))
    write([fold], rows, tmp_path / "split.tsv")
    frame = pd.read_csv(tmp_path / "split.tsv", sep="\t")
    assert frame.to_dict("list") == {"id": ids, "split": ["train", "test", "dropped", "valid"]}
    (again,) = PredefinedSplit()(Table(frame, rows.columns, "split.tsv"))
    assert column(again, 4).tolist() == column(fold, 4).tolist()


def test_folds_are_columns(tmp_path):
    rows = Table(pd.DataFrame({"x": [1, 2]}), {"x": Column("input", "number")}, "toy")
    nothing = np.empty(0, dtype=np.int64)
    folds = [Fold(np.array([i]), nothing, np.array([1 - i])) for i in range(2)]
    write(folds, rows, tmp_path / "split.tsv")
    assert (tmp_path / "split.tsv").read_text() == "id\tsplit_1\tsplit_2\n0\ttrain\ttest\n1\ttest\ttrain\n"


def test_pairs_are_written_with_their_classes(tmp_path):
    frame = pd.DataFrame({"a": ["MKV", "MAA", "MAA", "MCC", "MKV"], "b": ["MLL", "MLL", "MTT", "MTT", "MTT"]})
    protein = Column("input", "protein")
    rows = Table(frame, {"a": protein, "b": protein}, "toy")
    nothing = np.empty(0, dtype=np.int64)
    fold = Fold(np.array([0, 1]), nothing, np.array([2, 3, 4]), nothing)
    write([fold], rows, tmp_path / "split.tsv")
    written = pd.read_csv(tmp_path / "split.tsv", sep="\t", keep_default_na=False)
    assert written["pair_class"].tolist() == ["", "", "C2", "C3", "C2"]
    write([fold, fold], rows, tmp_path / "split.tsv")
    written = pd.read_csv(tmp_path / "split.tsv", sep="\t")
    assert list(written) == ["id", "split_1", "pair_class_1", "split_2", "pair_class_2"]


def test_each_fold_of_a_nested_split_reads_back(tmp_path):
    rows = Table(pd.DataFrame({"x": range(40)}), {"x": Column("input", "number")}, "toy")
    folds = SPLITS.build("random", folds=2, inner=2, repeats=2)(rows)
    write(folds, rows, tmp_path / "split.tsv")
    frame = pd.read_csv(tmp_path / "split.tsv", sep="\t").assign(x=range(40))
    for number, fold in enumerate(folds, start=1):
        (again,) = PredefinedSplit(column=f"split_{number}")(Table(frame, rows.columns, "split.tsv"))
        assert column(again, 40).tolist() == column(fold, 40).tolist()
