"""Letters of DNA, RNA or protein sequences, or tokens of SMILES, as small integers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from typing import Any, ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.bio.sequence.alphabets import ALPHABETS
from exapt.core.contracts import Encoded, Encoder, Inputs, Matrix, Modality, Stream
from exapt.core.errors import ConfigError, DataError
from exapt.core.examples import stack
from exapt.data.encoders._state import as_json, check_choice, check_positive, check_text, freeze

FIRST = 2  # 0 is padding, 1 the mask letter
ORDER = {name: alphabet.letters + alphabet.unknown for name, alphabet in ALPHABETS.items()}
SAME = {"dna": {"U": "T"}, "rna": {"T": "U"}, "protein": {}}
MOST_TOKENS = 253  # so that every id, with padding, mask and unknown, fits into one byte
SMILES = re.compile(r"\[[^\]\n]*\]|Br|Cl|%\d{2}|.|\n")  # bracket atoms, two-letter atoms, ring numbers, characters


@dataclass(frozen=True)
class Letters(Encoder):
    """One integer a letter; the ids never change, because saved weights rely on them.

    ======== ================================================================================
    modality ids from 2 upwards (0 = padding, 1 = mask letter)
    ======== ================================================================================
    dna      A C G T N = 2 3 4 5 6; the complement of an id i in 2..5 is 7 - i, that of N is N
    rna      A C G U N = 2 3 4 5 6; complement as in dna
    protein  A C D E F G H I K L M N P Q R S T V W Y X = 2 ... 22
    molecule 2 = unknown token, then the tokens of the training rows in alphabetical order
    ======== ================================================================================

    Sequences may be in lower case; U in DNA counts as T and T in RNA as U. Any other letter becomes N or X
    (ambiguity codes, B, Z, U, O, gaps). SMILES are cut into bracket atoms, two-letter atoms, ring numbers
    and single characters, as in [1]_.

    Parameters
    ----------
    modality
        dna, rna, protein or molecule.
    max_length
        Letters kept of each value, from its start; None = all.
    vocabulary
        Tokens of molecules that `fit` learned, at most 253; empty for sequences.

    References
    ----------
    .. [1] Schwaller et al. (2019), Molecular Transformer, doi:10.1021/acscentsci.9b00576

    Examples
    --------
    >>> encoder = Letters("dna")
    >>> encoder.encode(["ACGT", "nu"])[1]["x"].tolist()
    [6, 5]
    >>> encoder.collate(encoder.encode(["ACGT", "nu"]))["x"].tolist()
    [[2, 3, 4, 5], [6, 5, 0, 0]]
    """

    modality: str
    max_length: int | None = None
    vocabulary: tuple[str, ...] = ()

    modalities: ClassVar[tuple[Modality, ...]] = ("dna", "rna", "protein", "molecule")

    def __post_init__(self) -> None:
        freeze(self, "vocabulary")
        check_choice("letters", "modality", self.modality, self.modalities)
        check_positive("letters", "max_length", self.max_length)
        if len(self.vocabulary) > MOST_TOKENS:
            raise ConfigError(
                f"encoder 'letters': a vocabulary holds at most {MOST_TOKENS} tokens; found {len(self.vocabulary)}."
            )

    def fit(self, values: Sequence[Any] | Matrix) -> Self:
        """Learn the tokens of molecules, the most frequent where there are too many; sequences learn nothing."""
        if self.modality != "molecule" or self.vocabulary:
            return self
        counts = Counter(SMILES.findall("\n".join(self._texts(values))))
        del counts["\n"]
        frequent = sorted(counts, key=lambda token: (-counts[token], token))[:MOST_TOKENS]
        return replace(self, vocabulary=tuple(sorted(frequent)))

    def inputs(self) -> Inputs:
        """Letters, `size` ids with padding and mask letter."""
        return Inputs("letters", len(self.tokens()))

    def tokens(self) -> tuple[str, ...]:
        """The text of each id; padding and the mask letter have none.

        Examples
        --------
        >>> Letters("rna").tokens()
        ('', '', 'A', 'C', 'G', 'U', 'N')
        """
        if self.modality != "molecule":
            return ("", "", *ORDER[self.modality])
        if not self.vocabulary:
            raise ConfigError("encoder 'letters' has learned no tokens of molecules yet: fit it on the training rows.")
        return ("", "", "", *self.vocabulary)

    def encode(self, values: Sequence[Any] | Matrix) -> list[Encoded]:
        """One uint8 array "x" (L,) a value."""
        texts = self._texts(values)
        if self.modality == "molecule":
            ids, ends = self._molecules(texts)
        else:
            texts = [text[: self.max_length] for text in texts]
            joined = "".join(texts).encode("latin-1", "replace")
            ids = _lookup(self.modality)[np.frombuffer(joined, dtype=np.uint8)]
            ends = list(accumulate(map(len, texts), initial=0))
        return [{"x": ids[start:end]} for start, end in pairwise(ends)]

    def collate(self, items: Sequence[Encoded]) -> Stream:
        """Padded with 0: "x" (B, L) int64 and "mask" (B, L)."""
        return stack(items)

    def state(self) -> dict[str, Any]:
        """The options and the vocabulary."""
        return as_json(self)

    def _texts(self, values: Sequence[Any] | Matrix) -> list[str]:
        if isinstance(values, Matrix):
            raise DataError(f"encoder 'letters' reads {self.modality} text; the input column holds numbers.")
        check_text("letters", values)
        return [value.replace("\n", " ") for value in values]  # a line end separates molecules below

    def _molecules(self, texts: list[str]) -> tuple[NDArray[np.uint8], list[int]]:
        """Ids of all molecules one after another, and where each ends; the first end is 0."""
        ids_of = pd.Index(self.tokens()[FIRST + 1 :])
        tokens = np.array(SMILES.findall("".join(text + "\n" for text in texts)), dtype=object)
        breaks = np.flatnonzero(tokens == "\n")
        row = np.repeat(np.arange(len(texts)), np.diff(breaks, prepend=-1))
        keep = tokens != "\n"
        if self.max_length is not None:
            starts = np.concatenate([[0], breaks[:-1] + 1])
            keep &= np.arange(len(tokens)) - starts[row] < self.max_length
        ids = (ids_of.get_indexer(tokens[keep]) + FIRST + 1).astype(np.uint8)  # a token not learned is -1, so id 2
        lengths = np.bincount(row[keep], minlength=len(texts))
        return ids, [0, *np.cumsum(lengths).tolist()]


def _lookup(modality: str) -> NDArray[np.uint8]:
    """Id of each of the 256 bytes."""
    letters = ORDER[modality]
    table = np.full(256, FIRST + len(letters) - 1, dtype=np.uint8)
    ids = {letter: FIRST + i for i, letter in enumerate(letters)}
    ids |= {other: ids[letter] for other, letter in SAME[modality].items()}
    for letter, number in ids.items():
        table[[ord(letter), ord(letter.lower())]] = number
    return table


EXPORT = Letters
