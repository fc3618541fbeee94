"""What is known of the pair sets, found again in the files themselves (Bernett et al. 2024; own counts)."""

from functools import cache

import numpy as np
import pytest

from exapt.core.config import DataConfig
from exapt.core.registry import BASELINES, METRICS, SPLITS
from exapt.data.loading import Loaded, load
from exapt.data.pairs import degrees, entities, pair_classes

pytestmark = pytest.mark.mirror


@cache
def loaded(name, **options) -> Loaded:
    return load(DataConfig(name=name, options=options))


def fold_of(data, **changes):
    options = {**data.split.options, **changes}
    return SPLITS.build(data.split.name, **options)(data.table)[0]


@pytest.mark.parametrize(
    ("name", "names", "sequences", "drugs", "smiles"), [("davis", 442, 379, 68, 68), ("kiba", 229, 229, 2111, 2068)]
)
def test_names_and_what_they_stand_for(name, names, sequences, drugs, smiles):
    frame = loaded(name).table.frame
    assert frame["protein"].nunique() == names
    assert frame["sequence"].nunique() == sequences
    assert frame["drug"].nunique() == drugs
    assert frame["smiles"].nunique() == smiles


def test_davis_and_kiba_share_179_sequences_and_9_ligands():
    davis, kiba = (loaded(name).table.frame for name in ("davis", "kiba"))
    assert len(set(davis["sequence"]) & set(kiba["sequence"])) == 179
    assert len(set(davis["smiles"]) & set(kiba["smiles"])) == 9


@pytest.mark.parametrize(("name", "parts"), [("davis", (20036, 5010, 5010)), ("kiba", (78836, 19709, 19709))])
def test_setting_1_of_deepdta(name, parts):
    data = loaded(name)
    fold = fold_of(data)
    assert (len(fold.train), len(fold.valid), len(fold.test)) == parts
    assert (pair_classes(data.table, fold) == "C1").all(), "no cold start"
    all_five = loaded(name, valid_fold=None)
    assert len(fold_of(all_five, valid=0).train) == parts[0] + parts[1]


def test_values_of_davis_and_kiba():
    pkd, kiba = loaded("davis").table.frame["pkd"], loaded("kiba").table.frame["kiba"]
    assert (pkd == 5.0).mean() == pytest.approx(0.696, abs=0.0005)
    assert pkd.max() == pytest.approx(10.796, abs=0.001)
    assert (kiba > 12.1).mean() == pytest.approx(0.192, abs=0.0005)
    assert (kiba.min(), round(kiba.max(), 1)) == (0.0, 17.2)


def test_one_entity_for_one_sequence():
    drug, protein = entities(loaded("davis").table)
    assert (len(set(drug)), len(set(protein))) == (68, 379)
    assert not set(drug) & set(protein)
    first, second = degrees(loaded("davis").table)
    assert set(first) == {442}
    assert second.max() == 68 * loaded("davis").table.frame.groupby("sequence")["protein"].nunique().max()


def test_cold_splits_of_davis_are_cold():
    table = loaded("davis").table
    for side, classes in (("smiles", {"C2"}), ("sequence", {"C2"}), ("both", {"C3"})):
        (fold,) = SPLITS.build("cold_entity", side=side)(table)
        assert set(pair_classes(table, fold)) == classes
        assert (len(fold.dropped) > 0) == (side == "both")


def test_guo_yeast():
    table = loaded("ppi_guo_yeast").table
    frame = table.frame
    assert frame["label"].value_counts().to_dict() == {0: 5594, 1: 5594}
    assert len(frame[["protein_a", "protein_b"]].drop_duplicates()) == 11_164
    assert len(set(frame["protein_a"]) | set(frame["protein_b"])) == 2_497


@pytest.mark.parametrize(
    ("split_name", "seen", "of"),
    [("random", 2089, 2092), ("intra0_intra1", 0, None)],
)
def test_test_proteins_that_are_in_training(split_name, seen, of):
    frame = loaded("ppi_guo_leakage_splits", split_name=split_name).table.frame
    in_part = {
        part: set(rows["protein_a"]) | set(rows["protein_b"]) for part, rows in frame.groupby("split", sort=False)
    }
    assert len(in_part["test"] & in_part["train"]) == seen
    assert of is None or len(in_part["test"]) == of


def test_classes_of_the_splits_of_bernett():
    found = {}
    for name in ("random", "intra0_intra1", "inter_intra0"):
        data = loaded("ppi_guo_leakage_splits", split_name=name)
        classes = pair_classes(data.table, fold_of(data, valid=0))
        found[name] = {word: round(float((classes == word).mean()), 3) for word in ("C1", "C2", "C3")}
    assert found["random"]["C1"] > 0.99
    assert found["intra0_intra1"] == {"C1": 0.001, "C2": 0.005, "C3": 0.994}  # see the next test
    assert found["inter_intra0"] == {"C1": 0.837, "C2": 0.134, "C3": 0.029}


def test_two_proteins_of_the_honest_split_have_a_copy_in_training():
    frame = loaded("ppi_guo_leakage_splits").table.frame
    named = {part: {} for part in ("train", "test")}
    for side in ("protein_a", "protein_b"):
        for part, name, sequence in zip(frame["split"], frame[side], frame[f"{side}_sequence"], strict=True):
            named[part][name] = sequence
    copies = {one: other for one, s in named["test"].items() for other, t in named["train"].items() if s == t}
    assert copies == {"Q06409": "Q06408", "P43605": "P43603"}


def concordance(truth, guess):
    """Share of pairs of different truth in the right order; ties of the guess count half."""
    order = np.argsort(truth, kind="stable")
    truth, guess = truth[order], guess[order]
    below = np.searchsorted(truth, truth, side="left")
    right = sum((g > guess[:k]).sum() + 0.5 * (g == guess[:k]).sum() for g, k in zip(guess, below, strict=True))
    return right / below.sum()


@pytest.mark.parametrize(("name", "mse", "ci"), [("davis", 0.558, 0.792), ("kiba", 0.349, 0.781)])
def test_additive_explains_most_of_setting_1(name, mse, ci):
    """Measured on these files with names as entities; sequences as entities are as good or better."""
    data = loaded(name)
    table, fold = data.table, fold_of(data)
    train = np.concatenate([fold.train, fold.valid])
    values = table.frame[table.names("target")[0]].to_numpy()
    model = BASELINES.build("additive").fit(table.take(train), values[train], "number")
    guess, truth = model.predict(table.take(fold.test)), values[fold.test]
    assert ((guess - truth) ** 2).mean() == pytest.approx(mse, abs=0.005)
    assert concordance(truth, guess) == pytest.approx(ci, abs=0.004)


def test_degrees_alone_predict_the_random_split_and_not_the_honest_one():
    scores = {}
    for name in ("random", "rewired", "intra0_intra1"):
        data = loaded("ppi_guo_leakage_splits", split_name=name)
        table, fold = data.table, fold_of(data, valid=0)
        labels = table.frame["label"].to_numpy()
        model = BASELINES.build("degree").fit(table.take(fold.train), labels[fold.train], "class")
        scores[name] = METRICS.get("auroc").value(labels[fold.test], model.predict(table.take(fold.test)))
    assert scores == pytest.approx({"random": 0.872, "rewired": 0.828, "intra0_intra1": 0.502}, abs=0.001)
