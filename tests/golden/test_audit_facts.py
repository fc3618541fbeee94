"""The leaks that the audit must find by itself in public files, as they are.

Provenance: the quality notes of the catalogue that came with the files, measured there with other code; the numbers by
the neutral form of a molecule, of near duplicates, and of shortcuts were first measured here. A split without a
validation part is audited with ``valid: 0``, as published; by default a tenth of the training rows becomes one.
"""

from functools import cache

import pandas as pd
import pytest

from exapt import api
from exapt.api import inspection
from exapt.core.config import DataConfig, Piece
from exapt.core.errors import DataError

pytestmark = pytest.mark.mirror
PUBLISHED = (("name", "predefined"), ("valid", 0))
RANDOM = (("name", "random"),)
corpora = cache(inspection._corpora)


@cache
def audited(name, by=None, against=(), **options):
    split = Piece.model_validate(dict(by)) if by else None
    data = DataConfig(name=name, options={key: list(v) if isinstance(v, tuple) else v for key, v in options.items()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inspection, "_corpora", corpora)  # the same sketch for all test sets
        return api.audit(data, split, against=against)


def shortcut(found, name):
    return next(one for one in found["shortcuts"] if one["name"] == name)


def test_nrc13_copies_and_families():
    found = audited("nrc13", PUBLISHED)
    assert found["n_test"] == 2600
    assert found["exact_duplicates"] == 347
    assert len(found["exact_duplicates_examples"]) == 5
    assert found["group_overlap_rows"] == 2536
    assert found["verdict"] == "leaky"
    assert found["reasons"][0].startswith("347 of the 2,600 test sequences are copies of training ones")


def test_no_copy_is_lost_where_a_validation_part_is_cut_from_training():
    found = audited("ienhancer_layer2")
    assert found["exact_duplicates"] + found["exact_duplicates_in_valid"] == 100


def test_all_strong_test_enhancers_are_copies(tmp_path):
    found = audited("ienhancer_layer2", PUBLISHED)
    assert (found["exact_duplicates"], found["n_test"]) == (100, 200)
    split = Piece.model_validate(dict(PUBLISHED))
    message = "the test part has no row of label = strong left"
    with pytest.raises(DataError, match=message):  # without them there is nothing to test on; so they leave training
        api.audit(DataConfig(name="ienhancer_layer2"), split, fix=tmp_path / "fixed.tsv", leaks=["copies"])
    done = api.audit(
        DataConfig(name="ienhancer_layer2"), split, fix=tmp_path / "fixed.tsv", leaks=["copies"], drop="train"
    )
    assert done["fixed"]["dropped"] == {"copies": 100}
    parts = pd.read_csv(tmp_path / "fixed.tsv", sep="\t")["split"].value_counts().to_dict()
    assert parts == {"train": 1384, "test": 200, "dropped": 100}


def test_enhancers_of_layer_1():
    found = audited("ienhancer_layer1", PUBLISHED)
    assert (found["exact_duplicates"], found["n_test"]) == (100, 400)


def test_promoters_of_gue_on_either_strand():
    found = audited("gue_prom_core_tata")
    assert (found["exact_duplicates"], found["n_test"]) == (16, 613)
    assert found["near_duplicates"] == 20
    assert found["near_measure"] == "identity over 80% of the sequence, MMseqs2"


def test_repeated_splice_junctions():
    assert audited("uci_splice")["repeated_rows"] == 185
    assert audited("uci_splice")["exact_duplicates"] == 0, "the card's split keeps copies together"
    loose = audited("uci_splice", (("name", "stratified"), ("column", "label")))
    assert loose["exact_duplicates"] == 45


@pytest.mark.parametrize(("tool", "words"), [("mmseqs", "MMseqs2"), ("kmers", "shared k-mers and alignment")])
def test_native_promoters_have_near_duplicates_under_a_random_split(monkeypatch, tool, words):
    if tool == "kmers":
        monkeypatch.setenv("MMSEQS2_PATH", "/nonexistent")  # then our own search is used, and says so
    found = api.audit(DataConfig(name="yeast_promoter_gpra", options={"sets": ["native"]}), Piece(name="random"))
    assert (found["near_duplicates"], found["n_test"]) == (747, 747)
    assert found["exact_duplicates"] == 0
    assert found["near_measure"] == f"identity over 80% of the sequence, {words}"


def test_native_and_random_promoters_have_nothing_in_common():
    found = audited("yeast_promoter_gpra", PUBLISHED)
    assert (found["exact_duplicates"], found["near_duplicates"]) == (0, 0)


def test_the_header_of_coding_transcripts():
    found = audited("lnc_vs_pct_human")
    assert found["identifier_leaks"] == 1
    assert "Field 'CDS' speaks for class 'pct'" in found["identifier_leaks_examples"][0]
    assert any("No model may read column 'id'" in warning for warning in found["warnings"])
    assert shortcut(found, "identifier")["value"] > 0.99


@pytest.mark.parametrize(("name", "least"), [("cnnprom_ecoli", 0.89), ("cnnprom_bsubtilis", 0.85)])
def test_composition_of_bacterial_promoters(name, least):
    found = audited(name)
    one = shortcut(found, "composition")
    assert one["suspicious"]
    assert one["value"] > least
    assert one["low"] > 0.8
    assert found["near_duplicates"] == 0


def test_copies_and_contradictions_of_bbbp():
    found = audited("bbbp")
    assert found["by_spelling"]["as drawn"] == {"repeated_rows": 64, "contradicting_inputs": 10}
    assert found["by_spelling"]["neutral"] == {"repeated_rows": 97, "contradicting_inputs": 14}
    assert len(found["contradicting_labels_examples"]) == 5
    assert not shortcut(found, "smiles_writing")["suspicious"]


def test_all_copies_in_clintox_contradict():
    assert audited("clintox")["by_spelling"]["as drawn"] == {"repeated_rows": 19, "contradicting_inputs": 19}


def test_clintox_is_solved_by_the_way_its_smiles_are_written():
    found = audited("clintox")
    one = shortcut(found, "smiles_writing")
    assert one["suspicious"]
    assert one["value"] >= 0.95
    assert one["left"]["value"] < 0.7, "after neutralising and canonicalising"
    assert one["left"]["low"] < 0.5
    assert found["verdict"] == "leaky"
    (reason,) = (reason for reason in found["reasons"] if "SMILES" in reason)
    assert f"{one['left']['value']:.3f} is left" in reason


@pytest.mark.parametrize(
    ("name", "without_stereo", "neutral", "of"),
    [
        pytest.param("bbbp", 41, 44, 204, marks=pytest.mark.slow),
        pytest.param("sider", 16, 19, 143, marks=pytest.mark.slow),
        ("bace", 2, 7, 152),  # five of them with another charge, and with their labels of BACE1 (test_molecule_facts)
        pytest.param("tox21", 81, 88, 783, marks=pytest.mark.slow),
        pytest.param("lipo", 47, 47, 420, marks=pytest.mark.slow),
    ],
)
def test_test_molecules_in_the_chembl_file(name, without_stereo, neutral, of):
    found = audited(name, against=("chembl_5thresh",))
    assert found["n_test"] == of
    assert found["pretraining_by_spelling"]["without stereo"] == without_stereo
    assert found["pretraining_by_spelling"]["neutral"] == neutral == found["pretraining_overlap"]
    assert found["checks"]["pretraining_overlap"].startswith("computed: sketch of 23,871 rows, which finds 100.0%")
    assert any("are in a corpus that the model has seen" in reason for reason in found["reasons"])


def test_names_of_kinases_in_davis_and_what_kiba_has_of_them():
    found = audited("davis", against=("kiba",))
    assert found["names"]["protein"] == {"names": 442, "values": 379}
    assert found["several_names"] == 18
    assert "ABL1(T315I)" in found["several_names_examples"][0]["protein"]
    assert found["repeated_rows"] == (442 - 379) * 68, "each name more of a sequence repeats it with all 68 molecules"
    assert (found["exact_duplicates"], found["n_test"]) == (877, 5010)
    assert found["pretraining_values"]["sequence"] == {"test": 379, "in_corpus": 179}


def test_proteins_of_the_random_split_of_guo():
    found = audited("ppi_guo_leakage_splits", PUBLISHED, split_name="random")
    (by_name,) = found["entity_overlap_by_name"].values()
    assert by_name == {"test": 2092, "in_training": 2089}
    assert (found["entities"], found["entity_overlap"]) == (2087, 2084), "five have the sequence of another one"
    assert found["pair_classes"]["C1"] / found["n_test"] > 0.99
    assert any("by name" in reason and "2,089 of 2,092" in reason for reason in found["reasons"])


def test_proteins_of_the_honest_split_of_guo():
    found = audited("ppi_guo_leakage_splits", PUBLISHED)
    assert found["entity_overlap"] == 2, "under another accession"
    assert found["pair_classes"]["C3"] / found["n_test"] > 0.99
