"""Letters, ambiguity codes and the other strand."""

import pytest

from exapt.bio.sequence.alphabets import (
    ALPHABETS,
    DNA,
    PROTEIN,
    RNA,
    alphabet,
    canonical,
    reverse_complement,
    reverse_complements,
)
from exapt.core.errors import ConfigError


def test_iupac_complements_pair_the_sets_of_bases():
    pair = {"A": "T", "C": "G", "G": "C", "T": "A"}
    for code, bases in DNA.ambiguous.items():
        complement = "".join(sorted(pair[base] for base in bases))
        assert DNA.ambiguous[reverse_complement(code)] == complement


def test_case_is_kept_on_the_other_strand():
    assert reverse_complement("aCgTn") == "nAcGt"


def test_rna_writes_u():
    assert reverse_complement("AUGCa", rna=True) == "uGCAU"
    assert reverse_complement("AUGC") == "GCAT"


def test_many_at_once_equal_one_by_one():
    sequences = ["ACGT", "", "NNRY", "a", "TTTTTTTTTT"]
    assert reverse_complements(sequences) == [reverse_complement(s) for s in sequences]
    assert reverse_complements([]) == []


def test_canonical_is_the_same_for_both_strands():
    sequences = ["GATTACA", "TGTAATC", "ggg"]
    assert canonical(sequences) == canonical(reverse_complements(sequences))
    assert canonical(["ggg"]) == ["CCC"]


@pytest.mark.parametrize(
    ("letters", "sequence", "foreign"),
    [(DNA, "ACGTRYKMN-*-", "-*"), (RNA, "ACGUT", "T"), (PROTEIN, "MKVXUOBJZ*é", "*é"), (DNA, "", "")],
)
def test_foreign_letters(letters, sequence, foreign):
    assert letters.foreign(sequence) == foreign
    assert letters.accepts([sequence]) == (not foreign)


def test_alphabets_by_modality():
    assert alphabet("protein") is PROTEIN
    assert set(ALPHABETS) == {"dna", "rna", "protein"}
    with pytest.raises(ConfigError, match="Did you mean 'dna'"):
        alphabet("dnaa")
