"""AnnData, 10x folders and NumPy arrays."""

import gzip

import anndata
import numpy as np
import pandas as pd
import pytest
from scipy.io import mmwrite
from scipy.sparse import csc_matrix, csr_matrix, issparse

from exapt.core.config import DataConfig
from exapt.core.contracts import Column
from exapt.core.errors import ConfigError, DataError
from exapt.data.formats import format_of, unique_names
from exapt.data.loading import load, stream

COUNTS = np.array([[0, 3, 1], [2, 0, 0], [1, 1, 1], [0, 0, 5]])


def config(path, **stated):
    return DataConfig.model_validate({"name": str(path), **stated})


@pytest.fixture
def adata():
    obs = pd.DataFrame({"cell_type": pd.Categorical(["B", "T", "B", "T"]), "donor": ["d1", "d1", "d2", "d2"]})
    obs.index = ["c1", "c2", "c3", "c4"]
    var = pd.DataFrame({"symbol": ["CD3E", "LYZ", "LYZ"]}, index=["ENSG1", "ENSG2", "ENSG3"])
    data = anndata.AnnData(csr_matrix(np.log1p(COUNTS).astype(np.float32)), obs=obs, var=var)
    data.layers["counts"] = csr_matrix(COUNTS.astype(np.float32))
    data.layers["by_gene"] = csc_matrix(COUNTS.astype(np.float32))
    data.raw = data.copy()
    data.X = data.X.toarray() - 1
    return data


@pytest.fixture
def h5ad(adata, tmp_path):
    path = tmp_path / "cells.h5ad"
    adata.write_h5ad(path)
    return path


@pytest.mark.parametrize(
    ("layer", "expected", "unit", "sparse"),
    [
        ("X", np.log1p(COUNTS) - 1, None, False),
        ("raw", np.log1p(COUNTS), "log1p CP10k", True),
        ("counts", COUNTS, "UMI count", True),
        ("by_gene", COUNTS, "UMI count", True),
    ],
)
def test_h5ad_layers(h5ad, layer, expected, unit, sparse):
    table = load(config(h5ad, target="cell_type", group="donor", options={"layer": layer})).table
    values = table.matrices["expression"].values
    assert issparse(values) == sparse
    np.testing.assert_allclose(values.toarray() if sparse else values, expected, atol=1e-6)
    assert table.matrices["expression"].features == ("ENSG1", "ENSG2", "ENSG3")
    assert table.columns == {
        "cell": Column("id", "label"),
        "expression": Column("input", "expression", unit),
        "cell_type": Column("target", "label"),
        "donor": Column("group", "label"),
    }
    assert table.ids() == ["c1", "c2", "c3", "c4"]
    assert table.frame["cell_type"].tolist() == ["B", "T", "B", "T"]


def test_h5ad_genes_by_another_column(h5ad):
    table = load(config(h5ad, target="cell_type", options={"features": "symbol"})).table
    assert table.matrices["expression"].features == ("CD3E", "LYZ", "LYZ-1")
    with pytest.raises(DataError, match="no gene column 'symbols'. Did you mean 'symbol'"):
        load(config(h5ad, options={"features": "symbols"}))


def test_h5ad_unknown_layer(h5ad):
    with pytest.raises(DataError, match="no layer 'count'. Did you mean 'counts'"):
        load(config(h5ad, options={"layer": "count"}))


@pytest.mark.parametrize("layer", ["X", "counts", "by_gene"])
def test_h5ad_is_streamed_in_pieces(h5ad, layer):
    pieces = list(stream(str(h5ad), inputs={"expression": "expression"}, options={"layer": layer}, chunk_rows=3))
    assert [len(piece) for piece in pieces] == [3, 1]
    assert [name for piece in pieces for name in piece.ids()] == ["c1", "c2", "c3", "c4"]
    whole = load(config(h5ad, target="cell_type", options={"layer": layer})).table.matrices["expression"].values
    parts = [piece.matrices["expression"].values for piece in pieces]
    dense = [part.toarray() if issparse(part) else part for part in parts]
    np.testing.assert_array_equal(np.vstack(dense), whole.toarray() if issparse(whole) else whole)


def test_damaged_h5ad(h5ad):
    h5ad.write_bytes(h5ad.read_bytes()[:2000])
    with pytest.raises(DataError, match="not a readable HDF5 file, or cut short"):
        load(config(h5ad))


def test_hdf5_that_is_no_anndata(tmp_path):
    import h5py

    with h5py.File(tmp_path / "x.h5ad", "w") as file:
        file["a"] = 1
    with pytest.raises(DataError, match="not an AnnData file"):
        load(config(tmp_path / "x.h5ad"))


@pytest.fixture(params=["plain", "gzip"])
def tenx(request, tmp_path):
    folder = tmp_path / "filtered"
    folder.mkdir()
    mmwrite(folder / "matrix.mtx", csr_matrix(COUNTS.T))
    old = request.param == "plain"
    kinds = [] if old else ["Gene Expression", "Gene Expression", "Antibody Capture"]
    genes = [("ENSG1", "CD3E"), ("ENSG2", "LYZ"), ("ENSG3", "LYZ")]
    lines = ["\t".join([*gene, *kinds[i : i + 1]]) for i, gene in enumerate(genes)]
    (folder / ("genes.tsv" if old else "features.tsv")).write_text("\n".join(lines) + "\n")
    (folder / "barcodes.tsv").write_text("AAAC-1\nAAAG-1\nAACC-1\nNA\n")
    if not old:
        for file in list(folder.iterdir()):
            (folder / f"{file.name}.gz").write_bytes(gzip.compress(file.read_bytes()))
            file.unlink()
    return folder


def test_tenx_folder(tenx):
    loaded = load(config(tenx))
    genes = ("CD3E", "LYZ", "LYZ-1") if (tenx / "genes.tsv").exists() else ("CD3E", "LYZ")
    matrix = loaded.table.matrices["expression"]
    assert matrix.features == genes
    assert matrix.values.format == "csr"
    np.testing.assert_array_equal(matrix.values.toarray(), COUNTS[:, : len(genes)])
    assert loaded.table.ids() == ["AAAC-1", "AAAG-1", "AACC-1", "NA"]
    assert loaded.table.columns["expression"] == Column("input", "expression", "UMI count")
    assert len(loaded.files) == 3
    empty = [step.found for step in loaded.report.steps if step.rule == "empty"]
    assert empty == ([] if len(genes) == 3 else [1])  # a cell without counts is reported, not refused
    by_id = load(config(tenx, options={"features": "id"})).table.matrices["expression"].features
    assert by_id[:2] == ("ENSG1", "ENSG2")


def test_tenx_folder_with_a_missing_or_wrong_part(tenx):
    barcodes = next(tenx.glob("barcodes*"))
    text = b"AAAC-1\n"
    barcodes.write_bytes(gzip.compress(text) if barcodes.suffix == ".gz" else text)
    with pytest.raises(DataError, match=r"the matrix has 3 genes and 4 cells, .* 3 genes, barcodes\S+ 1 cells"):
        load(config(tenx))
    barcodes.unlink()
    with pytest.raises(DataError, match="the barcodes file is missing"):
        load(config(tenx))


def test_images_with_labels(tmp_path):
    images = np.arange(4 * 5 * 6, dtype=np.uint8).reshape(4, 5, 6)
    np.savez(tmp_path / "a.npz", images=images, labels=np.array([0, 1, 1, 0]))
    table = load(config(tmp_path / "a.npz")).table
    assert table.columns == {"images": Column("input", "image"), "labels": Column("target", "label")}
    np.testing.assert_array_equal(table.matrices["images"].values, images[..., None])


def test_profiles_with_names(tmp_path):
    features = np.array(["g1", "g2", "g3"])
    np.savez(tmp_path / "a.npz", profiles=COUNTS, features=features, y=np.array([0.1, 0.2, 0.3, 0.4]))
    table = load(config(tmp_path / "a.npz")).table
    assert table.matrices["profiles"].features == ("g1", "g2", "g3")
    assert table.columns["y"] == Column("target", "number")


def test_colour_images_are_mapped_not_read(tmp_path):
    images = np.ones((3, 4, 4, 3), dtype=np.float32)
    np.save(tmp_path / "a.npy", images)
    values = load(config(tmp_path / "a.npy")).table.matrices["image"].values
    assert isinstance(values, np.memmap)
    assert values.shape == (3, 4, 4, 3)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": np.ones((3, 2, 2)), "labels": np.ones(2)}, "same number of rows; found images 3, labels 2"),
        ({"images": np.ones((3, 2, 2, 1, 1))}, r"has shape \(3, 2, 2, 1, 1\)"),
        ({"profiles": np.ones((3, 2)), "features": np.array(["a"])}, "1 features for the 2 columns"),
        ({"labels": np.array([{"a": 1}], dtype=object)}, "not a readable NumPy file: Object arrays cannot be loaded"),
        ({}, "no array"),
    ],
)
def test_arrays_that_cannot_be_used(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    with pytest.raises(DataError, match=message):
        load(config(tmp_path / "a.npz"))


@pytest.mark.parametrize("name", ["a.npz", "a.npy", "a.parquet"])
def test_damaged_binary_files(tmp_path, name):
    (tmp_path / name).write_bytes(b"PK\x03\x04 this is none")
    with pytest.raises(DataError, match="not a readable"):
        load(config(tmp_path / name))


def test_unique_names_never_collide():
    assert unique_names(["a", "a", "a-1", "a"]) == ("a", "a-2", "a-1", "a-3")


def test_options_of_another_format_are_refused(h5ad):
    with pytest.raises(ConfigError, match="no option 'matrix'"):
        load(config(h5ad, options={"matrix": "x"}))


@pytest.mark.parametrize(("name", "expected"), [("a.FASTA", "fasta"), ("a.fa.gz", "fasta"), ("a.txt.gz", "delimited")])
def test_format_by_name(tmp_path, name, expected):
    (tmp_path / name).touch()
    assert format_of(tmp_path / name) == expected
