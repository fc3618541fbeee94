"""The homology split: relatives on one side, and errors that say what to do."""

import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Table
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import SPLITS

AMINO_ACIDS = list("ACDEFGHIKLMNPQRSTVWY")


def families(n=30, members=4, length=90):
    """Members of a family differ in 10 % of their letters; which family each row is of."""
    rng = np.random.default_rng(0)
    founders = rng.choice(AMINO_ACIDS, (n, length))
    rows = np.repeat(founders, members, axis=0)
    hit = rng.random(rows.shape) < 0.1
    rows[hit] = rng.choice(AMINO_ACIDS, int(hit.sum()))
    return ["".join(row) for row in rows], np.repeat(np.arange(n), members)


def table(sequences, modality="protein", **more):
    columns = {name: Column("target" if name == "label" else "input", kind) for name, (kind, _) in more.items()}
    frame = pd.DataFrame({"x": sequences, **{name: values for name, (_, values) in more.items()}})
    return Table(frame, {"x": Column("input", modality), **columns}, "toy.csv")


@pytest.mark.parametrize("tool", ["mmseqs", "kmers"])
def test_families_are_not_parted(tool):
    sequences, family = families()
    split = SPLITS.build("homology", identity=0.6, tool=tool)
    rows = table(sequences)
    groups = split.groups(rows)
    assert len(set(zip(groups, family, strict=True))) == 30 == len(set(groups))
    fold = split(rows)[0]
    assert not set(family[fold.train]) & set(family[fold.test])
    assert not set(family[fold.train]) & set(family[fold.valid])
    assert abs(len(fold.test) - 24) <= 4


def test_a_lower_identity_joins_more():
    sequences, _ = families()
    counts = [
        len(set(SPLITS.build("homology", identity=i, tool="kmers").groups(table(sequences)))) for i in (0.5, 0.95)
    ]
    assert counts[0] == 30 < counts[1]


def test_a_column_of_numbers_beside_the_sequence_does_no_harm():
    sequences, _ = families()
    rows = table(sequences, size=("number", np.arange(len(sequences))))
    assert len(set(SPLITS.build("homology", tool="kmers").groups(rows))) == 30


def test_pairs_are_sent_to_cold_entity():
    sequences, _ = families()
    with pytest.raises(DataError, match=r"found 2 \(x, y\).*cold_entity"):
        SPLITS.build("homology")(table(sequences, y=("protein", sequences)))


def test_no_sequences():
    with pytest.raises(DataError, match=r"needs an input of dna, rna or protein; inputs: x \(molecule\)"):
        SPLITS.build("homology")(table(["CCO"] * 9, "molecule"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"identity": 30}, "Did you mean 0.3"),
        ({"coverage": 1.5}, "coverage is a share"),
        ({"tool": "x"}, "Known: auto"),
    ],
)
def test_impossible_options(options, message):
    with pytest.raises(ConfigError, match=message):
        SPLITS.build("homology", **options)


def test_one_family_only():
    sequences, _ = families(n=1, members=12)
    with pytest.raises(DataError, match=r"has 1 group, and 3 are needed.*raise the identity"):
        SPLITS.build("homology", identity=0.5, tool="kmers")(table(sequences))


def test_a_class_without_training_rows():
    sequences, family = families(n=3, members=8)
    rows = table(sequences, label=("label", [f"c{number}" for number in family]))
    with pytest.raises(
        DataError, match=r"label 'c\d' of column 'label' is in the .* not in training.*raise the identity"
    ):
        SPLITS.build("homology", identity=0.5, tool="kmers")(rows)


def test_a_missing_binary_is_a_stated_fallback(monkeypatch, caplog, tmp_path):
    from exapt.data.splits import homology

    homology._clusters.cache_clear()
    monkeypatch.setenv("MMSEQS2_PATH", str(tmp_path / "none"))
    sequences, family = families(n=6)
    groups = SPLITS.build("homology").groups(table(sequences))
    homology._clusters.cache_clear()
    assert len(set(zip(groups, family, strict=True))) == 6
    assert "MMseqs2 does not work here" in caplog.text
