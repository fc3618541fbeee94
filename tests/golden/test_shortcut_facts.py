"""What shortcut tests must find in public sets by themselves, and in which sets they must not cry wolf.

Provenance: the catalogue that came with the files says of ClinTox that a rule on the text of the SMILES has ROC-AUC .97
on the test part of the Hu split, of the GENCODE transcripts that CDS and UTR fields stand in the headers of coding ones
only, and of CNNProm that composition alone separates a part. The other facts were first measured here.
"""

from collections import Counter
from functools import cache

import numpy as np
import pandas as pd
import pytest

from exapt.core.config import DataConfig
from exapt.core.registry import SPLITS
from exapt.data.loading import load
from exapt.evaluate.shortcuts import shortcuts

pytestmark = pytest.mark.mirror
STRATIFIED = {"name": "stratified", "column": "label"}


@cache
def cut(name, split=None):
    loaded = load(DataConfig(name=name))
    options = loaded.split.options | {"name": loaded.split.name} if split is None else dict(split)
    return loaded.table, SPLITS.build(options.pop("name"), **options)(loaded.table)[0]


@cache
def findings(name, split=None):
    table, fold = cut(name, split)
    targets = table.names("target")
    if len(targets) == 1:
        numbers, names = pd.factorize(table.frame[targets[0]], sort=True)
        kind = "class"
    else:
        numbers, names, kind = table.frame[targets].to_numpy(np.float64), targets, "multilabel"
    parts = {"train": numbers[fold.train], "test": numbers[fold.test]}
    found = shortcuts(table.take(fold.train), table.take(fold.test), parts, kind, names=[str(name) for name in names])
    return {one["name"]: one for one in found}


def test_clintox_is_solved_by_the_way_its_smiles_are_written():
    one = findings("clintox")["smiles_writing"]
    assert one["suspicious"]
    assert one["level"] == "leak"
    assert one["value"] > 0.97
    assert one["low"] > 0.93
    left = one["left"]
    assert left["value"] < 0.7
    assert left["low"] < 0.5 < left["high"]
    assert left["lost"]["low"] > 0.15
    assert "double bonds '='" in one["rule"]  # kekulised rings in one source, lower case in the other


@pytest.mark.parametrize("name", ["bbbp", "bace", "tox21"])
def test_the_writing_of_other_sets_gives_nothing_away(name):
    one = findings(name)["smiles_writing"]
    assert not one["suspicious"]
    assert one["left"]["lost"]["low"] < 0 < one["left"]["lost"]["high"]


def test_gencode_headers_name_the_coding_transcripts():
    one = findings("lnc_vs_pct_human")["identifier"]
    assert one["suspicious"]
    assert one["level"] == "leak"
    assert one["value"] > 0.99
    assert "Field 'CDS' speaks for class 'pct'" in one["rule"]


@pytest.mark.parametrize("name", ["cnnprom_ecoli", "cnnprom_bsubtilis"])
def test_composition_alone_separates_bacterial_promoters(name):
    found = findings(name, tuple(STRATIFIED.items()))
    assert found["composition"]["suspicious"]
    assert found["composition"]["level"] == "warning"
    assert found["composition"]["value"] > 0.87
    assert found["identifier"]["value"] > 0.99


def test_names_of_splice_examples_and_of_sorted_cells_hold_the_label():
    splice = findings("uci_splice")["identifier"]
    assert splice["suspicious"]
    assert splice["value"] > 0.99
    cells = findings("pbmc_facs", (("name", "stratified"), ("column", "cell_type")))["identifier"]
    assert cells["suspicious"]
    assert cells["value"] > 0.99


@pytest.mark.parametrize("name", ["gue_mouse2", "gue_mouse3"])
def test_negatives_of_gue_mouse_are_shuffled_positives_that_the_split_parts(name):
    """Equal composition, opposite label: composition scores far below chance, so it predicts, turned round."""
    one = findings(name)["composition"]
    assert one["suspicious"]
    assert one["high"] < 0.3
    table, fold = cut(name)
    letters = ["".join(f"{k}{n}" for k, n in sorted(Counter(text).items())) for text in table.frame["sequence"]]
    frame = pd.DataFrame({"letters": letters, "label": table.frame["label"].astype(str)})
    known = frame.iloc[fold.train].groupby("letters")["label"].agg(set)
    test = frame.iloc[fold.test]
    opposite = [bool(known.get(row.letters, set()) - {row.label}) for row in test.itertuples()]
    assert np.mean(opposite) > 0.5


def test_variant_names_of_gb1_are_information():
    table, fold = cut("flip_gb1")
    values = table.frame["target"].to_numpy(np.float64)
    parts = {"train": values[fold.train], "test": values[fold.test]}
    found = shortcuts(table.take(fold.train), table.take(fold.test), parts, "number")
    one = next(one for one in found if one["name"] == "identifier")
    assert one["value"] > 0.5
    assert one["level"] == "information"
    assert not one["suspicious"]
