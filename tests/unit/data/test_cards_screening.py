"""Cards of virtual screening and docking: what stands in their lists."""

import gzip

import numpy as np
import pytest

from exapt.core.config import DataConfig
from exapt.core.contracts import Column
from exapt.core.errors import DataError
from exapt.core.registry import SPLITS
from exapt.data import cards
from exapt.data.loading import load


def lists(folder, actives, decoys):
    found = {}
    for ending, text in (("actives", actives), ("decoys", decoys)):
        path = folder / f"x_{ending}.dat.gz"
        path.write_bytes(gzip.compress(text.encode()))
        found[f"deep/x_{ending}.dat.gz"] = path
    return found


def test_actives_come_first_and_the_file_says_who_is_active(tmp_path):
    files = lists(tmp_path, "# Mol_Title\tID\tSMILES\nZ1\tA_1\tCCO\n", "# head\nZ2\tD_1\tCC\n\nZ3 D_2 c1ccccc1\n")
    frame = cards.PARSERS.build("actives_decoys")(files).frame
    assert frame["id"].tolist() == ["A_1", "D_1", "D_2"]
    assert frame["smiles"].tolist() == ["CCO", "CC", "c1ccccc1"]
    assert frame["active"].tolist() == [1, 0, 0]
    assert frame["source_id"].tolist() == ["Z1", "Z2", "Z3"]


def test_a_line_of_another_width_is_named(tmp_path):
    files = lists(tmp_path, "# head\nZ1\tA_1\tCCO\nZ9\tA_2\n", "# head\n")
    with pytest.raises(DataError, match=r"x_actives.dat.gz:3: 2 fields; expected source_id, id, smiles"):
        cards.PARSERS.build("actives_decoys")(files)


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("name", "actives", "decoys"),
    [("vs_dud_vegfr2", 48, 2712), ("vs_dud_ache", 99, 3859), ("vs_muv_548", 30, 15000)],
)
def test_screening_sets(name, actives, decoys):
    result = load(DataConfig(name=name))
    table = result.table
    assert table.frame["active"].value_counts().to_dict() == {1: actives, 0: decoys}
    assert table.columns["active"] == Column("target", "label")
    assert table.columns["smiles"] == Column("input", "molecule")
    assert not any(line.startswith("readable_smiles") for line in result.report.lines())
    fold = SPLITS.build(result.split.name, **result.split.options)(table)[0]
    shares = [table.frame["active"].to_numpy()[rows].mean() for rows in (fold.train, fold.valid, fold.test)]
    np.testing.assert_allclose(shares, actives / len(table), rtol=0.15)


@pytest.mark.mirror
def test_docking_scores_are_sorted_and_have_a_unit():
    table = load(DataConfig(name="dock_enamine10k")).table
    scores = table.frame["score"].to_numpy()
    assert table.columns["score"] == Column("target", "number", "kcal/mol")
    assert len(table) == 10449
    assert (scores.min(), scores.max()) == (-9.9, -4.5)
    assert scores.mean() == pytest.approx(-7.63, abs=0.005)
    assert (np.diff(scores) >= 0).all()


ROWS = {
    "zinc250k": 249455, "chembl_5thresh": 23871, "bbbp": 2039, "bace": 1513, "clintox": 1478, "sider": 1427,
    "tox21": 7823, "esol": 1128, "freesolv": 642, "lipo": 4200, "davis": 30056, "kiba": 118254,
    "vs_dud_vegfr2": 2760, "vs_dud_ache": 3958, "vs_muv_548": 15030, "dock_enamine10k": 10449,
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_every_set_of_molecules_has_a_card(name):
    assert cards.read(name).modality == "molecule"
    assert cards.read(name).rows == ROWS[name]
