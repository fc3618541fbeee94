"""Homology transfer: the label or value of the best hit, in proportion to its identity; the prior without a hit."""

import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Table
from exapt.core.registry import BASELINES

RNG = np.random.default_rng(0)
GENES = ["".join(row) for row in RNG.choice(list("ACGT"), (4, 100))]
STRANGER = "".join(RNG.choice(list("ACGT"), 100))
HALF = GENES[1][:50]


def table(sequences):
    return Table(pd.DataFrame({"x": sequences}), {"x": Column("input", "dna")}, "toy")


def fitted(targets, kind, tool="kmers", **options):
    return BASELINES.build("best_hit", tool=tool).fit(table(GENES), targets, kind, **options)


@pytest.mark.parametrize("tool", ["kmers", "mmseqs"])
def test_classes(tool):
    model = fitted([0, 1, 1, 1], "class", tool, classes=3)
    found = model.predict(table([GENES[0], HALF, STRANGER]))
    np.testing.assert_allclose(found[0], [1, 0, 0], atol=1e-6)
    np.testing.assert_allclose(found[1], [0, 1, 0], atol=1e-6)
    np.testing.assert_allclose(found[2], [0.25, 0.75, 0], atol=1e-6)


def test_the_identity_weighs_the_answer_against_the_prior():
    close = "".join("ACGT"["CGTA".index(c)] if i % 10 == 0 else c for i, c in enumerate(GENES[0]))
    found = fitted([0, 1, 1, 1], "class").predict(table([close]))[0]
    assert 0.85 < found[0] < 0.95
    assert found.sum() == pytest.approx(1)


def test_several_labels_with_holes():
    targets = [[1, 0, np.nan], [0, np.nan, np.nan], [1, 1, np.nan], [0, 0, np.nan]]
    found = fitted(targets, "multilabel").predict(table([GENES[0], GENES[1], STRANGER]))
    np.testing.assert_allclose(found[0], [1, 0, 0.5], atol=1e-6)
    np.testing.assert_allclose(found[1], [0, 1 / 3, 0.5], atol=1e-6)
    np.testing.assert_allclose(found[2], [0.5, 1 / 3, 0.5], atol=1e-6)


def test_values():
    found = fitted([1.0, 2.0, 3.0, np.nan], "number").predict(table([HALF, GENES[3], STRANGER]))
    np.testing.assert_allclose(found, [2, 2, 2], atol=1e-6)
    assert fitted([1.0, 5.0, 3.0, 3.0], "number").predict(table([HALF]))[0] == pytest.approx(5)


def test_it_reads_one_input_and_runs_unasked_for_sequences():
    piece = BASELINES.get("best_hit")
    assert piece.applies("class", ["protein"])
    assert not piece.applies("class", ["protein", "protein"])
    assert not piece.applies("class", ["molecule"])
    assert piece.default == {"dna", "rna", "protein"}
