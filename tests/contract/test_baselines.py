"""Every registered baseline through the same checks, for every kind of target and input it says it can read."""

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from exapt.core.contracts import Column, Matrix, Table
from exapt.core.errors import DataError
from exapt.core.registry import BASELINES
from exapt.evaluate.baselines import defaults
from exapt.evaluate.baselines._baseline import Baseline

KINDS = ("class", "multilabel", "number")
MODALITIES = ("dna", "rna", "protein", "molecule", "expression", "image", "number")
LETTERS = {"dna": "ACGT", "rna": "ACGU", "protein": "ACDEFGHIKLMNPQRSTVWY"}
UNITS = {**LETTERS, "molecule": ["C", "c1ccccc1", "N", "O", "S", "C(=O)", "C(F)", "C1CC1", "C#C"]}
OF_MOLECULES = {"tanimoto", "ecfp_forest", "ecfp_linear", "descriptor_forest", "descriptor_linear"}
N, HELD = 90, 30


def table(modality, seed=0, n=N):
    """Rows of two kinds that every feature can tell apart, and which kind each is."""
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 2, n)
    if modality in UNITS:
        letters = UNITS[modality]
        shares = np.ones((2, len(letters)))
        shares[0, 0] = shares[1, 1] = 2 * len(letters)
        length = 12 if modality == "molecule" else 40
        values = ["".join(rng.choice(list(letters), length, p=shares[k] / shares[k].sum())) for k in kind]
        return Table(pd.DataFrame({"x": values}), {"x": Column("input", modality)}, "toy"), kind
    frame = pd.DataFrame(index=range(n))
    if modality == "number":
        frame["x"] = kind + 0.1 * rng.normal(size=n)
        return Table(frame, {"x": Column("input", "number")}, "toy"), kind
    if modality == "image":
        values = rng.random((n, 6, 6, 1)).astype(np.float32)
        values[kind == 1, :3] += 2
    else:
        rates = np.ones((2, 30))
        rates[0, :5] = rates[1, 5:10] = 20
        values = sparse.csr_matrix(rng.poisson(rates[kind]).astype(np.float32))
    return Table(frame, {"x": Column("input", modality)}, "toy", {"x": Matrix(values)}), kind


def targets(kind, rows):
    rng = np.random.default_rng(5)
    if kind == "class":
        return rows
    if kind == "multilabel":
        labels = np.stack([rows, 1 - rows, rows], axis=1).astype(float)
        labels[rng.random(labels.shape) < 0.2] = np.nan
        return labels
    return 3.0 * rows + 0.1 * rng.normal(size=len(rows))


CASES = [
    (name, kind, modality)
    for name in BASELINES.names()
    for kind in KINDS
    for modality in MODALITIES
    if BASELINES.get(name).applies(kind, [modality])
]
CONSTANT = {"majority", "mean"}
FOREST = {"trees": 20}
FAST = {"random_forest": FOREST, "ecfp_forest": FOREST, "descriptor_forest": FOREST, "best_hit": {"tool": "kmers"}}
OF_PAIRS = {"degree", "additive"}  # they know names only: a sequence by itself tells them nothing


def fitted(name, kind, modality, seed=0, **options):
    rows, truth = table(modality)
    model = BASELINES.build(name, **FAST.get(name, {}))
    train = np.arange(N - HELD)
    return model.fit(rows.take(train), targets(kind, truth)[train], kind, seed, **options), rows, truth


def test_the_baselines_of_the_design_are_there():
    wanted = {"majority", "mean", "nearest", "linear", "linear_onehot", "pca_linear", "random_forest"}
    assert wanted | {"nearest_centroid", "composition"} <= set(BASELINES.names())


@pytest.mark.parametrize("name", BASELINES.names())
def test_declaration(name):
    piece = BASELINES.get(name)
    assert issubclass(piece, Baseline)
    assert piece.__name__.lower() == name.replace("_", "")
    assert piece.default <= piece.modalities
    assert BASELINES.describe()[name]
    assert any(case[0] == name for case in CASES) != (name in OF_PAIRS)
    assert name not in OF_PAIRS or any(piece.applies(kind, ["molecule", "protein"]) for kind in KINDS)
    assert not piece.applies("class", [])


@pytest.mark.parametrize(("name", "kind", "modality"), CASES)
def test_learns_and_keeps_its_shape(name, kind, modality):
    model, rows, truth = fitted(name, kind, modality)
    held = np.arange(N - HELD, N)
    found = model.predict(rows.take(held))
    assert found.dtype == np.float64
    assert np.isfinite(found).all()
    if kind == "class":
        assert found.shape == (HELD, 2)
        np.testing.assert_allclose(found.sum(1), 1, atol=1e-6)
        good = (found.argmax(1) == truth[held]).mean() >= 0.8
    elif kind == "multilabel":
        assert found.shape == (HELD, 3)
        assert ((found >= 0) & (found <= 1)).all()
        good = ((found[:, 0] > 0.5) == truth[held]).mean() >= 0.8
    else:
        assert found.shape == (HELD,)
        good = np.corrcoef(found, truth[held])[0, 1] > 0.7 if found.std() > 0 else False
    assert good or name in CONSTANT


@pytest.mark.parametrize(("name", "kind", "modality"), CASES)
def test_same_seed_same_answer_and_rows_do_not_see_each_other(name, kind, modality):
    model, rows, _ = fitted(name, kind, modality, seed=3)
    again, _, _ = fitted(name, kind, modality, seed=3)
    everything = model.predict(rows)
    np.testing.assert_array_equal(everything, again.predict(rows))
    few = np.array([40, 7])
    np.testing.assert_allclose(model.predict(rows.take(few)), everything[few], atol=1e-5)
    if model.deterministic:
        other, _, _ = fitted(name, kind, modality, seed=4)
        if name in CONSTANT | {"nearest", "nearest_centroid"}:
            np.testing.assert_array_equal(everything, other.predict(rows))


@pytest.mark.parametrize(("name", "kind", "modality"), [case for case in CASES if case[1] != "class"])
def test_several_targets_with_holes(name, kind, modality):
    rows, truth = table(modality)
    values = np.stack([truth, 1 - truth, truth], axis=1).astype(float)
    values[:20, 0] = np.nan
    values[:, 1] = np.nan  # never known
    values[5] = np.nan
    model = BASELINES.build(name, **FAST.get(name, {}))
    found = model.fit(rows, values, kind, 0).predict(rows)
    assert found.shape == values.shape
    assert np.isfinite(found).all()
    if name not in CONSTANT:
        assert np.corrcoef(found[:, 2], truth)[0, 1] > 0.6


@pytest.mark.parametrize(("name", "modality"), [(n, m) for n, k, m in CASES if k == "class"])
def test_classes_that_training_does_not_show(name, modality):
    rows, truth = table(modality)
    model = BASELINES.build(name, **FAST.get(name, {}))
    found = model.fit(rows, np.where(truth == 1, 3, -1 * (np.arange(N) < 10)), "class", 0, classes=5).predict(rows)
    assert found.shape == (N, 5)
    np.testing.assert_allclose(found[:, [1, 2, 4]], 0, atol=1e-12)
    only = model.fit(rows, np.full(N, 1), "class", 0, classes=2).predict(rows)
    assert (only.argmax(1) == 1).all(), "one class only: that one"


@pytest.mark.parametrize("name", BASELINES.names())
def test_nothing_to_learn_is_refused(name):
    piece = BASELINES.get(name)
    kind = sorted(piece.kinds)[0]
    rows, _ = table("expression" if "expression" in piece.modalities else "dna")
    with pytest.raises(DataError, match="no training row has a known target"):
        BASELINES.build(name).fit(rows, np.full(N, np.nan), kind, 0)


@pytest.mark.parametrize(
    ("name", "kind"),
    sorted({(n, k) for n, k, _ in CASES} | {(n, k) for n in OF_PAIRS for k in BASELINES.get(n).kinds}),
)
def test_pairs_of_inputs(name, kind):
    """Two input columns: only together do they tell the answer."""
    piece = BASELINES.get(name)
    readable = (one for one in ("protein", "expression", "molecule") if piece.applies(kind, [one, one]))
    modality = next(readable, None)
    if modality is None:
        pytest.skip("it reads one input")
    first, a = table(modality, seed=1)
    second, _ = table(modality, seed=2)
    matrices = {"a": first.matrices["x"], "b": second.matrices["x"]} if first.matrices else {}
    frame = pd.DataFrame(index=range(N)) if matrices else pd.DataFrame({"a": first.frame["x"], "b": second.frame["x"]})
    pair = Table(frame, {"a": Column("input", modality), "b": Column("input", modality)}, "toy", matrices)
    model = BASELINES.build(name, **FAST.get(name, {}))
    found = model.fit(pair, targets(kind, a), kind, 0).predict(pair)
    assert len(found) == N
    assert np.isfinite(found).all()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("modality", MODALITIES)
def test_defaults(kind, modality):
    names = defaults(kind, [modality])
    assert ("mean" if kind == "number" else "majority") in names
    assert (OF_MOLECULES if modality == "molecule" else {"nearest", "linear"}) <= set(names)
    assert modality != "molecule" or not {"nearest", "linear", "random_forest", "linear_onehot"} & set(names)
    assert all(BASELINES.get(name).applies(kind, [modality]) for name in names)
    assert ("composition" in names) == (modality in UNITS)


def test_defaults_look_at_the_training_rows():
    rows, _ = table("dna")
    assert "linear_onehot" in defaults("class", ["dna"], rows)
    rows.frame.loc[0, "x"] = "ACG"
    assert "linear_onehot" not in defaults("class", ["dna"], rows)
    assert "linear_onehot" not in defaults("class", ["dna"])
    assert defaults("class", ["structure"]) == ["majority"]
