"""Cards: every YAML is whole, and every data set is what its card and the papers say."""

import re
import sys
from functools import cache

import numpy as np
import pytest
from pydantic import ValidationError

from exapt.core.config import DataConfig
from exapt.core.contracts import Column
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import SPLITS
from exapt.data import cards
from exapt.data.loading import Loaded, load, stream

EMBEDDED = ("pbmc68k_reduced", "sklearn_digits")
FROM_REPOSITORIES = sorted(set(cards.names()) - set(EMBEDDED))
CORPORA = ("zinc_chembl", "protein_corpus")  # hundreds of thousands of rows, cleaned as they are read


def loaded(name, **stated) -> Loaded:
    return load(DataConfig.model_validate({"name": name, **stated})) if stated else as_it_is(name)


@cache
def as_it_is(name) -> Loaded:
    return load(DataConfig(name=name))


def counts(table, column):
    return table.frame[column].value_counts().to_dict()


@pytest.mark.parametrize("name", cards.names())
def test_a_card_is_whole(name):
    card = cards.read(name)
    assert card.name == name
    assert card.licence
    assert card.citation
    assert card.warnings
    for file in card.files:
        assert re.fullmatch("[0-9a-f]{64}", file.sha256)
        assert file.package or re.fullmatch("[0-9a-f]{40}", str(file.commit))
    assert card.parser.name in cards.PARSERS.names()
    cards.PARSERS.build(card.parser.name, **card.parser.options)
    if card.split is not None:
        SPLITS.build(card.split.name, **card.split.options)
    assert [column.role for column in card.columns.values()].count("input") >= 1
    assert all(entry.source for entry in card.published)


def test_an_unknown_card_offers_the_nearest():
    with pytest.raises(DataError, match="Did you mean 'golub_leukaemia'"):
        cards.read("golub_leukemia")


def test_an_unknown_key_or_a_missing_checksum_is_refused():
    whole = cards.read("golub_leukaemia").model_dump()
    with pytest.raises(ValidationError, match="licenze"):
        cards.Card.model_validate({**whole, "licenze": "MIT"})
    file = {key: value for key, value in whole["files"][0].items() if key != "sha256"}
    with pytest.raises(ValidationError, match="sha256"):
        cards.Card.model_validate({**whole, "files": [file]})
    with pytest.raises(ValidationError, match="repo and commit, or package"):
        cards.CardFile(path="x", sha256="0" * 64, bytes=1, repo="a/b")


def test_unknown_parser_options_offer_the_nearest():
    with pytest.raises(ConfigError, match="no option 'shap'"):
        loaded("sklearn_digits", options={"shap": [8, 8]})


@pytest.mark.parametrize("name", EMBEDDED)
def test_embedded_sets_need_no_network_and_do_not_import_their_package(name, monkeypatch):
    monkeypatch.delenv("EXAPT_MIRROR", raising=False)
    monkeypatch.setenv("EXAPT_CACHE", "/nowhere")
    for module in [module for module in sys.modules if module.partition(".")[0] in ("scanpy", "sklearn")]:
        monkeypatch.delitem(sys.modules, module)
    result = load(DataConfig(name=name))
    assert len(result.table) == cards.read(name).rows
    assert not {"scanpy", "sklearn"} & set(sys.modules)


def test_pbmc68k_reduced():
    table = loaded("pbmc68k_reduced").table
    matrix = table.matrices["expression"]
    assert matrix.values.shape == (700, 765)
    assert matrix.values.format == "csr"
    assert table.columns["expression"] == Column("input", "expression", "log1p CP10k")
    types = counts(table, "bulk_labels")
    assert (len(types), types["Dendritic"], types["CD4+/CD45RA+/CD25- Naive T"]) == (10, 240, 8)
    assert matrix.values.min() == 0  # adata.raw, not the scaled X
    # One count in a cell of n_counts counts is ln(1 + 10,000 / n_counts): the totals are those of all genes.
    smallest = np.array([row.data.min() for row in matrix.values])
    np.testing.assert_allclose(np.expm1(smallest), 1e4 / table.frame["n_counts"], rtol=0.01)


def test_sklearn_digits():
    table = loaded("sklearn_digits").table
    images = table.matrices["image"].values
    assert images.shape == (1797, 8, 8, 1)
    assert (images.min(), images.max()) == (0, 16)
    assert images[0, :2, :, 0].tolist() == [[0, 0, 5, 13, 9, 1, 0, 0], [0, 0, 13, 15, 10, 15, 5, 0]]
    assert counts(table, "label")[0] == 178


@pytest.mark.mirror
@pytest.mark.parametrize(
    "name", [pytest.param(one, marks=pytest.mark.slow) if one in CORPORA else one for one in FROM_REPOSITORIES]
)
def test_rows_and_checksums(name):
    result = loaded(name)
    assert len(result.table) == cards.read(name).rows
    assert list(result.files.values()) == [file.sha256 for file in cards.read(name).files]
    assert len(set(result.table.ids())) == len(result.table)
    assert result.licence


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("name", "parts", "length"),
    [("gue_mouse2", (2620, 328, 328), 101), ("gue_mouse3", (1904, 239, 239), 101),
     ("gue_prom_core_tata", (4904, 613, 613), 70)],
)  # fmt: skip
def test_gue(name, parts, length):
    result = loaded(name)
    table = result.table
    assert counts(table, "split") == dict(zip(("train", "valid", "test"), parts, strict=True))
    assert set(table.frame["sequence"].str.len()) == {length}
    assert counts(table, "label") == {0: len(table) // 2, 1: len(table) // 2}
    assert table.columns["sequence"].modality == "dna"
    fold = SPLITS.build(result.split.name, **result.split.options)(table)[0]
    assert (len(fold.train), len(fold.valid), len(fold.test)) == parts


@pytest.mark.mirror
def test_uci_splice_groups_equal_sequences():
    result = loaded("uci_splice")
    table = result.table
    assert counts(table, "label") == {"EI": 767, "IE": 768, "N": 1655}
    assert table.frame["sequence"].nunique() == 3005
    assert set(table.frame["sequence"].str.len()) == {60}
    assert table.frame.groupby("sequence")["copies"].nunique().max() == 1
    assert table.names("group") == ["copies"]
    letters = "".join(table.frame["sequence"])
    assert sum(letters.count(letter) for letter in "NDRS") == 60
    assert [step.found for step in result.report.steps if step.rule == "contradicting"] == [2]


@pytest.mark.mirror
def test_pbmc_facs():
    table = loaded("pbmc_facs").table
    matrix = table.matrices["expression"]
    assert matrix.values.shape == (3774, 16791)
    assert matrix.values.nnz == 2_702_861
    assert (matrix.values.data == np.rint(matrix.values.data)).all()
    assert len(set(matrix.features)) == 16791
    assert table.columns["expression"].unit == "UMI count"
    types = counts(table, "cell_type")
    assert (len(types), types["CD19+ B"], types["CD14+ Monocyte"]) == (10, 767, 163)
    gene = matrix.features.index("CD79A")
    b_cells = (table.frame["cell_type"] == "CD19+ B").to_numpy()
    assert matrix.values[b_cells, gene].mean() > 10 * matrix.values[~b_cells, gene].mean()


@pytest.mark.mirror
def test_pbmc_facs_by_ensembl():
    features = loaded("pbmc_facs", options={"genes": "ensembl"}).table.matrices["expression"].features
    assert all(name.startswith("ENSG") for name in features)


@pytest.mark.mirror
def test_pbmc3k_logarithms_and_counts():
    table = loaded("pbmc3k_small").table
    matrix = table.matrices["expression"]
    assert matrix.values.shape == (2638, 2000)
    assert table.columns["expression"].unit == "log1p CP10k"
    assert counts(table, "cell_type")["Naive CD4 T"] == 697
    assert "cell_type5" not in table.columns
    again = loaded("pbmc3k_small", options={"values": "counts"}).table
    values = again.matrices["expression"].values
    assert again.columns["expression"].unit == "UMI count"
    assert (values.data == np.rint(values.data)).all()
    assert (values.data.min(), values.data.max()) == (1, 419)
    totals = table.frame["nCount_RNA"].to_numpy()
    back = np.log1p(values.toarray() / totals[:, None] * 1e4)
    np.testing.assert_allclose(back, matrix.values.toarray(), atol=1e-5)
    gene = matrix.features.index("CD79A")
    b_cells = (table.frame["cell_type"] == "B").to_numpy()
    assert matrix.values[b_cells, gene].mean() > 10 * matrix.values[~b_cells, gene].mean()


@pytest.mark.mirror
def test_five_shared_cell_types_drop_the_others_only_when_asked_for():
    source = loaded("pbmc_facs", target="cell_type5")
    target = loaded("pbmc3k_small", target="cell_type5")
    assert counts(source.table, "cell_type5") == {"B": 767, "CD4": 882, "CD8": 602, "NK": 673, "Mono": 163}
    assert counts(target.table, "cell_type5") == {"B": 344, "CD4": 1180, "CD8": 271, "NK": 155, "Mono": 642}
    assert target.report.steps[0].line().startswith("drop_missing_target: 2,638 -> 2,592 rows")
    assert source.table.names("target") == ["cell_type5"]
    shared = set(source.table.matrices["expression"].features) & set(target.table.matrices["expression"].features)
    assert len(shared) == 1973


@pytest.mark.mirror
def test_golub_split_by_patient():
    table = loaded("golub_leukaemia").table
    assert table.matrices["expression"].values.shape == (72, 7129)
    values = table.matrices["expression"].values
    assert (values.min(), values.max()) == (-28400, 71369)
    assert counts(table, "leukaemia") == {"ALL": 47, "AML": 25}
    frame = table.frame
    train = frame["patient"].astype(int) <= 38
    assert (frame["split"] == "train").equals(train)
    assert frame[train]["leukaemia"].value_counts().to_dict() == {"ALL": 27, "AML": 11}


@pytest.mark.mirror
def test_swissprot():
    table = loaded("swissprot_a_prefix").table
    frame = table.frame
    assert frame["sequence"].str.len().sum() == 4_877_836
    assert frame["sequence"].nunique() == 10_739
    assert frame["OX"].nunique() == 2000
    assert frame["mnemonic"].nunique() == 2958
    assert frame.iloc[0][["id", "mnemonic", "species", "OX"]].tolist() == ["Q6GZX4", "001R", "FRG3G", 654924]
    assert frame["sequence"].str.len().max() == 7763


@pytest.mark.mirror
def test_yeast_proteome():
    frame = loaded("yeast_proteome").table.frame
    assert frame["sequence"].str.len().sum() == 1_934_430
    assert frame["sequence"].str.len().max() <= 800
    assert frame["orf"].tolist()[0] == "Q0010"


@pytest.mark.mirror
def test_tape_remote_homology():
    table = loaded("tape_remote_homology").table
    frame = table.frame
    assert counts(table, "split") == {"train": 12312, "valid": 736, "test": 718}
    assert frame.groupby("split")["label"].nunique().to_dict() == {"train": 1195, "valid": 319, "test": 136}
    assert set(frame[frame["split"] == "test"]["label"]) <= set(frame[frame["split"] == "train"]["label"])
    assert table.columns["label"].modality == "label"


@pytest.mark.mirror
@pytest.mark.parametrize(
    ("split_name", "parts"),
    [("one_vs_rest", (25, 3, 8705)), ("two_vs_rest", (381, 43, 8309)), ("three_vs_rest", (2691, 299, 5743)),
     ("low_vs_high", (4580, 509, 3644)), ("sampled", (6289, 699, 1745))],
)  # fmt: skip
def test_flip_gb1_splits(split_name, parts):
    result = loaded("flip_gb1", options={"split_name": split_name})
    fold = SPLITS.build(result.split.name, **result.split.options)(result.table)[0]
    assert (len(fold.train), len(fold.valid), len(fold.test)) == parts
    assert result.table.ids()[0] == "VDGV"
    assert result.table.frame["target"].iloc[0] == 1.0


@pytest.mark.mirror
def test_flip_gb1_unknown_split():
    with pytest.raises(ConfigError, match="Did you mean 'sampled'"):
        loaded("flip_gb1", options={"split_name": "sample"})


@pytest.mark.mirror
def test_a_card_is_streamed():
    pieces = list(stream("pbmc3k_small", inputs={"expression": "expression"}, chunk_rows=1000))
    assert [len(piece) for piece in pieces] == [1000, 1000, 638]
    assert pieces[0].names("target") == []


@pytest.mark.mirror
def test_a_damaged_mirror_is_refused(tmp_path, monkeypatch):
    file = cards.read("golub_leukaemia").files[0]
    place = tmp_path / file.repo / file.commit / file.path
    place.parent.mkdir(parents=True)
    place.write_bytes(b"not these")
    monkeypatch.setenv("EXAPT_MIRROR", str(tmp_path))
    with pytest.raises(DataError, match="refused"):
        load(DataConfig(name="golub_leukaemia"))
