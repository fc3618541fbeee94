"""Affinities as a matrix: what becomes of files that do not fit each other."""

import json

import numpy as np
import pytest

from exapt.core.errors import DataError
from exapt.data import cards


def files(folder, *, matrix="10 100 nan\n1000 10 1\n", proteins=3, test=(0,), train=((1,), (2,), (3,), (4,), ())):
    texts = {
        "ligands_can.txt": json.dumps({f"d{i}": "C" * (i + 2) for i in range(2)}),
        "proteins.txt": json.dumps({f"p{i}": "MKV" * (i + 1) for i in range(proteins)}),
        "test_fold_setting1.txt": json.dumps(list(test)),
        "train_fold_setting1.txt": json.dumps([list(numbers) for numbers in train]),
        "affinities.txt": matrix,
    }
    for name, text in texts.items():
        (folder / name).write_text(text)
    return {f"data/{name}": folder / name for name in texts}


def parsed(folder, **stated):
    return cards.PARSERS.build("affinity_matrix", measure="kd_nm")(files(folder, **stated)).frame


def test_measured_pairs_row_by_row(tmp_path):
    frame = parsed(tmp_path)
    assert frame["pair"].tolist() == ["d0/p0", "d0/p1", "d1/p0", "d1/p1", "d1/p2"]
    np.testing.assert_allclose(frame["pkd"], [8, 7, 6, 8, 9])
    assert frame["split"].tolist() == ["test", "valid", "train", "train", "train"]


def test_a_matrix_of_another_size(tmp_path):
    with pytest.raises(DataError, match=r"affinities.txt: 2 x 3 values, where the lists have 2 drugs \(rows\) and 4"):
        parsed(tmp_path, proteins=4)


def test_a_ragged_matrix_and_one_of_words(tmp_path):
    with pytest.raises(DataError, match=r"affinities.txt: no matrix of 2 drugs x 3 proteins: .*row 2"):
        parsed(tmp_path, matrix="1 2 3\n4 5\n")
    with pytest.raises(DataError, match=r"affinities.txt: no matrix .*'high'"):
        parsed(tmp_path, matrix="1 2 3\n4 5 high\n")


@pytest.mark.parametrize(
    ("part", "stated"), [("test", {"test": (0, 5)}), ("train", {"train": ((1,), (-1,), (), (), ())})]
)
def test_folds_outside_of_the_matrix(tmp_path, part, stated):
    with pytest.raises(DataError, match=rf"{part}_fold_setting1.txt: position (5|-1) is outside the 5 measured pairs"):
        parsed(tmp_path, **stated)


def test_lists_that_are_no_json(tmp_path):
    paths = files(tmp_path)
    paths["data/proteins.txt"].write_text("p0: MKV")
    with pytest.raises(DataError, match=r"proteins.txt: not JSON"):
        cards.PARSERS.build("affinity_matrix", measure="kd_nm")(paths)
