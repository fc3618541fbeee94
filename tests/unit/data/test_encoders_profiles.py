import json
import logging

import numpy as np
import pytest
from scipy import sparse, stats

from exapt.core.contracts import Inputs, Matrix
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import ENCODERS
from exapt.data.encoders import _cells, _columns
from exapt.data.encoders.expression import Expression
from exapt.data.encoders.profile import Profile

GENES = tuple(f"gene{i}" for i in range(30))


@pytest.fixture
def counts():
    rng = np.random.default_rng(1)
    mean = rng.gamma(0.7, 3.0, len(GENES)) * rng.uniform(0.2, 2.0, (80, 1))
    values = rng.poisson(mean).astype(np.float32)
    values[0] += 1  # every gene is expressed
    return values


def rows(encoder, values, names=GENES):
    return np.stack([item["x"] for item in encoder.encode(Matrix(values, names))])


def test_counts_and_their_logarithms_are_the_same_input(counts):
    encoder = Expression().fit(Matrix(counts, GENES))
    logs = np.log1p(counts / counts.sum(1, keepdims=True) * 1e4)
    np.testing.assert_allclose(rows(encoder, counts), rows(encoder, logs), atol=1e-4)


def test_training_rows_are_standardised_to_mean_0_and_deviation_1(counts):
    x = rows(Expression(clip=None).fit(Matrix(counts, GENES)), counts)
    assert x.shape == (80, 1, 30)
    assert x.dtype == np.float32
    np.testing.assert_allclose(x.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(x.std(0), 1, atol=1e-4)


@pytest.mark.parametrize("normalise", _cells.NORMALISE)
def test_sparse_equals_dense(counts, normalise):
    encoder = Expression(normalise=normalise, n_genes=12).fit(Matrix(counts, GENES))
    other = Expression(normalise=normalise, n_genes=12).fit(Matrix(sparse.csr_matrix(counts), GENES))
    assert encoder.genes == other.genes
    np.testing.assert_allclose(rows(encoder, counts), rows(other, sparse.csr_matrix(counts)), atol=2e-5)


def test_more_rows_than_a_chunk_give_the_same_moments(counts, monkeypatch):
    whole = Expression().fit(Matrix(counts, GENES))
    monkeypatch.setattr(_columns, "VALUES_AT_A_TIME", 7 * 30)
    parts = Expression().fit(Matrix(counts, GENES))
    np.testing.assert_allclose(whole.mean, parts.mean, rtol=1e-6)
    np.testing.assert_allclose(whole.std, parts.std, rtol=1e-6)
    np.testing.assert_allclose(rows(whole, counts), rows(parts, counts), atol=1e-5)


@pytest.mark.parametrize("normalise", ["rank", "binary"])
def test_robust_forms_do_not_see_the_depth_of_whole_cells(counts, normalise):
    encoder = Expression(normalise=normalise, unit="UMI count", n_genes=20).fit(Matrix(counts, GENES))
    np.testing.assert_allclose(rows(encoder, counts), rows(encoder, counts * 3), atol=1e-5)


def test_rank_is_the_average_rank_above_the_ties_at_zero():
    x = np.array([[0.0, 0.0, 3.0, 1.0, 3.0], [5.0, 4.0, 3.0, 2.0, 1.0]])
    ranks = _cells.rank(x)
    expected = stats.rankdata(x[0]) - 1.5
    np.testing.assert_allclose(ranks[0], expected / 3.5)
    np.testing.assert_allclose(ranks[1], [1, 0.75, 0.5, 0.25, 0])
    assert _cells.rank(np.zeros((1, 3))).tolist() == [[0, 0, 0]]


def test_genes_are_matched_by_name_in_any_order(counts):
    encoder = Expression().fit(Matrix(counts, GENES))
    order = np.random.default_rng(0).permutation(len(GENES))
    shuffled = rows(encoder, counts[:, order], tuple(GENES[i] for i in order))
    np.testing.assert_allclose(rows(encoder, counts), shuffled, atol=1e-6)


def test_missing_genes_count_as_average_and_are_said(counts, caplog):
    encoder = Expression(normalise="none").fit(Matrix(counts, GENES))
    with caplog.at_level(logging.WARNING):
        x = rows(encoder, counts[:, :15], GENES[:15])
    assert "50.0 % of the 30 genes" in caplog.text
    assert "gene15" in caplog.text
    np.testing.assert_allclose(x[:, 0, :15], rows(encoder, counts)[:, 0, :15])
    assert not x[:, 0, 15:].any()


def test_four_fifths_of_the_genes_are_enough_to_stay_silent(counts, caplog):
    encoder = Expression().fit(Matrix(counts, GENES))
    rows(encoder, counts[:, :24], GENES[:24])
    assert not caplog.text


def test_no_shared_gene_is_refused_with_both_lists(counts):
    encoder = Expression().fit(Matrix(counts, GENES))
    ensembl = tuple(f"ENSG{i:011d}" for i in range(30))
    with pytest.raises(DataError, match=r"gene0, gene1.*ENSG0.*symbols, the second like Ensembl ids"):
        rows(encoder, counts, ensembl)


def test_the_version_of_an_ensembl_id_is_ignored():
    take, put = _columns.align(["ENSG00000000003.15", "TP53"], ["ENSG00000000003"], "genes")
    assert (take.tolist(), put.tolist()) == ([0], [0])


def test_the_first_of_equal_names_counts(counts):
    names = ("gene1", *GENES[1:])
    encoder = Expression().fit(Matrix(counts, names))
    assert encoder.genes == names[:1] + names[2:]


def test_unexpressed_genes_are_left_out(counts):
    counts = counts.copy()
    counts[:, 3] = 0
    assert "gene3" not in Expression().fit(Matrix(counts, GENES)).genes
    with pytest.raises(DataError, match="none of 30 genes"):
        Expression().fit(Matrix(counts * 0, GENES))


def test_variable_genes_are_those_of_scanpy():
    import anndata
    import scanpy

    rng = np.random.default_rng(0)
    mean = rng.gamma(1.0, 1.0, 400)
    spread = rng.gamma(2.0, 0.5, (300, 400)) ** rng.integers(0, 2, 400)
    counts = rng.poisson(mean * spread).astype(np.float32) + (rng.random((300, 400)) < 0.01)
    logs = _cells.log1p_cp10k(counts)
    data = anndata.AnnData(logs)
    scanpy.pp.highly_variable_genes(data, flavor="seurat", n_top_genes=50)
    ours = _columns.most_variable(logs, 50, logarithms=True)
    assert len(set(ours) & set(np.flatnonzero(data.var["highly_variable"]))) >= 48


def test_other_units_are_taken_as_given_and_ranked_by_variance():
    rng = np.random.default_rng(0)
    values = rng.normal(0, np.arange(1, 6), (50, 5))
    encoder = Expression(n_genes=2).fit(Matrix(values, tuple("abcde")))
    assert (encoder.learned_scale, encoder.genes) == ("as given", ("d", "e"))
    np.testing.assert_allclose(rows(encoder, values, tuple("abcde"))[:, 0, 1], stats.zscore(values[:, 4]), rtol=1e-4)


def test_array_intensities_by_their_unit():
    values = np.array([[-50.0, 200.0, 30000.0], [400.0, 100.0, 1600.0]])
    encoder = Expression(unit="average difference", scale=False).fit(Matrix(values, tuple("abc")))
    assert encoder.learned_scale == "log2 intensity"
    logs = np.log2([[100, 200, 16000], [400, 100, 1600]])
    np.testing.assert_allclose(rows(encoder, values, tuple("abc"))[:, 0], logs, rtol=1e-6)
    np.testing.assert_allclose(rows(encoder, logs, tuple("abc"))[:, 0], logs, rtol=1e-6)


def test_values_on_no_known_scale_are_refused(counts):
    encoder = Expression().fit(Matrix(counts, GENES))
    with pytest.raises(DataError, match="go from 0 to 6"):
        rows(encoder, counts / counts.max() * 60.5)
    with pytest.raises(DataError, match="go from -"):
        rows(encoder, counts - 1.5)


def test_counts_that_are_not_whole_pass_with_their_unit(counts):
    encoder = Expression(unit="expected count", scale=False).fit(Matrix(counts * 3.1, GENES))
    np.testing.assert_allclose(rows(encoder, counts * 3.1), rows(encoder, counts), rtol=1e-4)


def test_a_value_that_is_not_finite_is_named(counts):
    bad = counts.copy()
    bad[4, 7] = np.nan
    for values in (bad, sparse.csr_matrix(bad)):
        with pytest.raises(DataError, match="row 4, column 'gene7' is not a finite number"):
            Expression().fit(Matrix(values, GENES))


def test_learned_genes_are_kept_by_a_second_fit(counts):
    encoder = Expression(n_genes=5).fit(Matrix(counts, GENES))
    assert encoder.fit(Matrix(counts[:9, 5:], GENES[5:])) == encoder
    assert encoder.inputs() == Inputs("values", 5)


def test_state_is_json_and_encodes_bitwise_the_same(counts):
    encoder = Expression(normalise="unit").fit(Matrix(counts, GENES))
    again = ENCODERS.build("expression", **json.loads(json.dumps(encoder.state())))
    assert again == encoder
    assert (rows(again, counts) == rows(encoder, counts)).all()


def test_options_are_checked():
    with pytest.raises(ConfigError, match="Did you mean 'rank'"):
        Expression(normalise="ranks")
    with pytest.raises(ConfigError, match="n_genes must be above 0"):
        Expression(n_genes=0)
    with pytest.raises(ConfigError, match="fit it on the training rows"):
        Expression().inputs()
    with pytest.raises(ConfigError, match="fit it on the training rows"):
        Profile().encode([[1.0]])


def test_profile_keeps_the_order_of_positions():
    values = np.random.default_rng(0).normal(size=(20, 6))
    encoder = Profile(n_features=4).fit(Matrix(values))
    items = encoder.encode(Matrix(values))
    assert items[0]["x"].shape == (4, 1)
    assert [int(name) for name in encoder.features] == sorted(int(name) for name in encoder.features)
    assert tuple(encoder.collate(items)["mask"].shape) == (20, 4)
    assert encoder.inputs() == Inputs("values", 1)


def test_profile_reads_lists_and_single_numbers():
    assert Profile(scale=False).fit([[1, 2], [3, 4]]).encode([[5, 6]])[0]["x"].tolist() == [[5.0], [6.0]]
    encoder = Profile().fit([1.0, 2.0, 3.0])
    assert encoder.encode([2.0])[0]["x"].tolist() == [[0.0]]
    with pytest.raises(DataError, match="row 0"):
        Profile().fit([[1, 2], [3]])
    with pytest.raises(DataError, match="no training rows"):
        Profile().fit([])


def test_outliers_are_clipped_and_constant_columns_are_zero():
    values = np.zeros((400, 2))
    values[0, 0] = 1e6
    values[:, 1] = 7.25
    x = np.stack([item["x"] for item in Profile().fit(Matrix(values)).encode(Matrix(values))])
    assert x.max() == 10.0
    assert not x[:, 1].any()
