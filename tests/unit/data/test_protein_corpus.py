"""The corpus of proteins: what is read, and what is left out because it tests somewhere."""

import gzip
import json
import zipfile

import numpy as np
import pytest

from exapt.data.cards.parsers.protein_corpus import ProteinCorpus, relatives

RNG = np.random.default_rng(0)


def protein(length=60):
    return "".join(RNG.choice(list("ACDEFGHIKLMNPQRSTVWY"), length))


def mutant(sequence, changes):
    letters = list(sequence)
    for place in RNG.choice(len(letters), changes, replace=False):
        letters[place] = "A" if letters[place] != "A" else "G"
    return "".join(letters)


def test_relatives_share_words():
    one = protein(200)
    found = relatives([one, mutant(one, 10), one[50:120], protein(200), mutant(one, 120)], [one], 0.25)
    assert found.tolist() == [True, True, True, False, False]


def test_blocks_change_nothing(monkeypatch):
    sequences = [protein() for _ in range(30)]
    others = [mutant(sequence, 5) for sequence in sequences[::3]]
    whole = relatives(sequences, others, 0.25)
    monkeypatch.setattr("exapt.data.cards.parsers.protein_corpus.BLOCK", 7)
    np.testing.assert_array_equal(relatives(sequences, others, 0.25), whole)
    assert np.flatnonzero(whole).tolist() == list(range(0, 30, 3))


def test_short_sequences_have_no_words_but_copies():
    assert relatives(["MKV", "MKA"], ["MKV"], 0.25).tolist() == [True, False]


@pytest.fixture
def files(tmp_path):
    """Every file of the card, small; one protein of each source is held out by another file."""
    known = {name: protein() for name in ("chain", "domain", "kinase", "partner", "bind", "test", "ts50")}
    fresh = [protein() for _ in range(5)]

    def text(name, content):
        path = tmp_path / name.replace("/", "_")
        path.write_text(content)
        return name, path

    def fasta(records):
        return "".join(f">{name}\n{sequence}\n" for name, sequence in records)

    def archive(name, members):
        path = tmp_path / name.replace("/", "_")
        with zipfile.ZipFile(path, "w") as out:
            for member, content in members.items():
                out.writestr(f"splits/{member}", content)
        return name, path

    swissprot = [(f"sp|P{i}|ACP_SPEC{i}", protein()) for i in range(3)] + [("sp|Q1|KIN_X", known["kinase"])]
    swissprot += [("sp|Q2|LONG_X", protein(300)), ("sp|Q3|COPY_X", fresh[0])]
    head = tmp_path / "head.gz"
    head.write_bytes(gzip.compress(fasta(swissprot).encode()))
    secondary = {
        "sequences.fasta": fasta([("1abc-A", fresh[1]), ("1xyz-A", known["chain"])]),
        "sampled.fasta": f">1abc-A SET=train\n{'C' * 60}\n>1xyz-A SET=test\n{'H' * 60}\n",
    }
    binding = {
        "sequences.fasta": fasta([("B1", known["bind"])]),
        "from_publication.fasta": f">B1 SET=test VALIDATION=False\n{'0' * 60}\n",
    }
    return dict(
        [
            ("x/uniprot_1mb_test.fasta.gz", head),
            text("x/yeast.fasta", fasta([("4932.Y1", fresh[0]), ("4932.Y2", mutant(known["partner"], 3))])),
            text("x/remote_homology.train.csv", f"seq,label\n{fresh[2]},1\n{mutant(known['domain'], 2)},2\n"),
            text("x/remote_homology.valid.csv", f"seq,label\n{protein()},1\n"),
            text("x/remote_homology.test.csv", f"seq,label\n{known['domain']},1\n"),
            archive("x/secondary_structure/splits.zip", secondary),
            text("x/secondary_structure.test.csv", f"seq,label\n{known['test']},1\n"),
            text("x/ts50.json", json.dumps([{"name": "1a", "seq": known["ts50"], "coords": []}])),
            archive("x/bind/splits.zip", binding),
            text("x/davis/proteins.txt", json.dumps({"KIN": known["kinase"]})),
            text("x/kiba/proteins.txt", json.dumps({"KIN": known["kinase"]})),
            text("x/protein.dictionary.tsv", f"P1\t{known['partner']}\nP2\t{protein()}\n"),
            text("x/guo_partition_1_pos.txt", "P1 P9\n"),
            text("x/guo_partition_1_neg.txt", "P1 P1\n"),
        ]
    ), fresh


def test_what_tests_and_its_relatives_are_left_out(files):
    paths, fresh = files
    frame = ProteinCorpus(longest=100, per_family=2)(paths).frame
    assert frame.groupby("source")["id"].apply(list).to_dict() == {
        "Swiss-Prot": ["sp|P0|ACP_SPEC0", "sp|P1|ACP_SPEC1", "sp|Q3|COPY_X"],
        "PDB chains": ["1abc-A"],
        "SCOP domains": ["x_remote_homology.train:0"],
    }
    assert frame["family"].tolist()[:3] == ["ACP", "ACP", "COPY"]
    assert frame["sequence"].tolist()[2:] == [fresh[0], fresh[2], fresh[1]], "the yeast copy stands once"
