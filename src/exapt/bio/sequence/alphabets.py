"""Letters of DNA, RNA and proteins, their IUPAC ambiguity codes, and the other strand.

Lower case is allowed everywhere: it is a soft mask, not another letter.

References
----------
Cornish-Bowden (1985) Nomenclature for incompletely specified bases. doi:10.1093/nar/13.9.3021
IUPAC-IUB (1984) Nomenclature and symbolism for amino acids. doi:10.1111/j.1432-1033.1984.tb07877.x
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from exapt.core.errors import ConfigError, nearest


@dataclass(frozen=True)
class Alphabet:
    """A set of letters.

    Attributes
    ----------
    name
        As it stands in messages: ``DNA``, ``RNA``, ``protein``.
    letters
        The unambiguous letters, in their usual order.
    ambiguous
        Ambiguity code -> the letters that it stands for; a rare residue stands for itself.
    unknown
        The code for "any letter".
    """

    name: str
    letters: str
    ambiguous: Mapping[str, str] = field(hash=False)
    unknown: str

    @cached_property
    def all_letters(self) -> str:
        """Unambiguous letters, then ambiguity codes, upper case.

        Examples
        --------
        >>> DNA.all_letters
        'ACGTRYSWKMBDHVN'
        """
        return self.letters + "".join(self.ambiguous)

    @cached_property
    def _allowed(self) -> bytes:
        return (self.all_letters + self.all_letters.lower()).encode()

    def foreign(self, sequence: str) -> str:
        """Distinct characters of a sequence that are not in this alphabet, in order of appearance.

        Examples
        --------
        >>> DNA.foreign("ACGTnrJ-J")
        'J-'
        """
        rest = sequence.encode().translate(None, self._allowed)
        return "".join(dict.fromkeys(rest.decode())) if rest else ""

    def accepts(self, sequences: Sequence[str]) -> bool:
        """Whether every letter of every sequence is in this alphabet; one pass over all of them.

        Examples
        --------
        >>> PROTEIN.accepts(["MKV", "uxb"]), DNA.accepts(["ACGT", "ACGU"])
        (True, False)
        """
        return not "".join(sequences).encode().translate(None, self._allowed)


DNA = Alphabet(
    "DNA",
    "ACGT",
    {
        "R": "AG", "Y": "CT", "S": "CG", "W": "AT", "K": "GT", "M": "AC",
        "B": "CGT", "D": "AGT", "H": "ACT", "V": "ACG", "N": "ACGT",
    },
    unknown="N",
)  # fmt: skip
RNA = Alphabet("RNA", "ACGU", {k: v.replace("T", "U") for k, v in DNA.ambiguous.items()}, unknown="N")
PROTEIN = Alphabet(
    "protein",
    "ACDEFGHIKLMNPQRSTVWY",
    {"B": "DN", "J": "IL", "Z": "EQ", "U": "U", "O": "O", "X": "ACDEFGHIKLMNPQRSTVWY"},
    unknown="X",
)
ALPHABETS: Mapping[str, Alphabet] = {"dna": DNA, "rna": RNA, "protein": PROTEIN}

_CODES = "ACGTURYSWKMBDHVNacgturyswkmbdhvn"
_COMPLEMENT = str.maketrans(_CODES, "TGCAAYRSWMKVHDBNtgcaayrswmkvhdbn")
_RNA_COMPLEMENT = str.maketrans(_CODES, "UGCAAYRSWMKVHDBNugcaayrswmkvhdbn")


def alphabet(modality: str) -> Alphabet:
    """The alphabet of a modality.

    Raises
    ------
    ConfigError
        Where the modality has no alphabet.

    Examples
    --------
    >>> alphabet("rna").letters
    'ACGU'
    """
    if modality not in ALPHABETS:
        raise ConfigError(f"Modality {modality!r} has no alphabet. {nearest(modality, ALPHABETS)}")
    return ALPHABETS[modality]


def reverse_complement(sequence: str, *, rna: bool = False) -> str:
    """The other strand, read 5' to 3'; ambiguity codes and lower case are kept.

    Parameters
    ----------
    sequence
        DNA or RNA letters; anything else (a gap, say) stays as it is.
    rna
        Write U, not T, opposite A.

    Examples
    --------
    >>> reverse_complement("ACGTRn")
    'nYACGT'
    >>> reverse_complement("ACGU", rna=True)
    'ACGU'
    """
    return sequence.translate(_RNA_COMPLEMENT if rna else _COMPLEMENT)[::-1]


def reverse_complements(sequences: Sequence[str], *, rna: bool = False) -> list[str]:
    """`reverse_complement` of many sequences in one pass.

    Examples
    --------
    >>> reverse_complements(["AACG", "", "T"])
    ['CGTT', '', 'A']
    """
    if not sequences:
        return []
    return reverse_complement("\n".join(sequences), rna=rna).split("\n")[::-1]


def canonical(sequences: Sequence[str], *, rna: bool = False) -> list[str]:
    """One spelling for both strands: the alphabetically first of each sequence and its reverse complement, upper case.

    Examples
    --------
    >>> canonical(["TTTT", "aaaa", "ACCA"])
    ['AAAA', 'AAAA', 'ACCA']
    """
    upper = [sequence.upper() for sequence in sequences]
    return [min(pair) for pair in zip(upper, reverse_complements(upper, rna=rna), strict=True)]
