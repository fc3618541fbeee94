"""Features of sequences for the baselines: k-mers, letters at positions, composition. Counted without a letter loop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.core.errors import DataError
from exapt.evaluate.baselines._matrices import Scaler

Codes = NDArray[np.int64]

UNKNOWN = -1
CHUNK = 1 << 21  # letters at a time
SEQUENCES = frozenset({"dna", "rna", "protein", "molecule"})
ALPHABETS = {"dna": "ACGT", "rna": "ACGT", "protein": "ACDEFGHIKLMNPQRSTVWY"}


@dataclass(frozen=True)
class Alphabet:
    """Letters in the order of their codes; U is read as T, case counts only for molecules."""

    letters: str
    fold: bool

    @classmethod
    def of(cls, modality: str, values: Sequence[str]) -> Alphabet:
        """The alphabet of a modality; that of molecules (SMILES) is what the training rows hold."""
        if modality in ALPHABETS:
            return cls(ALPHABETS[modality], fold=True)
        return cls("".join(sorted(set().union(*map(set, values)))), fold=False)

    def codes(self, values: Sequence[str]) -> tuple[Codes, Codes]:
        """All letters of all sequences in a row as codes (-1 = not in the alphabet), and the lengths."""
        lengths = np.fromiter(map(len, values), dtype=np.int64, count=len(values))
        text = np.frombuffer("".join(values).encode("ascii", "replace"), dtype=np.uint8)
        lookup = np.full(256, UNKNOWN, dtype=np.int64)
        for code, letter in enumerate(self.letters):
            names = {letter, letter.lower()} if self.fold else {letter}
            if self.fold and letter == "T" and len(self.letters) == 4:
                names |= {"U", "u"}
            lookup[[ord(name) for name in names if name.isascii()]] = code
        return lookup[text], lengths


def count_kmers(values: Sequence[str], alphabet: Alphabet, sizes: Sequence[int]) -> sparse.csr_array:
    """Count the k-mers of each sequence; k-mers with a letter outside the alphabet are left out.

    Parameters
    ----------
    values
        n sequences.
    alphabet
        Of A letters.
    sizes
        The lengths k.

    Returns
    -------
    csr_array
        (n, sum of A ** k), float32 counts, the k-mers of each size in lexical order of their codes.

    Examples
    --------
    >>> count_kmers(["ACA", "AN"], Alphabet("AC", fold=True), [1, 2]).toarray().astype(int).tolist()
    [[2, 1, 0, 1, 1, 0], [1, 0, 0, 0, 0, 0]]
    """
    width = sum(len(alphabet.letters) ** k for k in sizes)
    parts = [_count(values[rows], alphabet, sizes, width) for rows in _chunks(values)]
    return sparse.csr_array(sparse.vstack(parts, format="csr")) if parts else sparse.csr_array((0, width))


def _chunks(values: Sequence[str]) -> Iterator[slice]:
    start = letters = 0
    for stop, value in enumerate(values, start=1):
        letters += len(value)
        if letters >= CHUNK or stop == len(values):
            yield slice(start, stop)
            start, letters = stop, 0


def _count(values: Sequence[str], alphabet: Alphabet, sizes: Sequence[int], width: int) -> sparse.csr_array:
    codes, lengths = alphabet.codes(values)
    row = np.repeat(np.arange(len(values)), lengths)
    left = np.repeat(np.cumsum(lengths), lengths) - np.arange(len(codes))  # letters from here to the end of the row
    rows, columns, offset = [], [], 0
    word, good = np.zeros_like(codes), np.ones(len(codes), dtype=bool)
    for k in range(1, max(sizes) + 1):
        last = np.full_like(codes, UNKNOWN)
        last[: max(0, len(codes) - k + 1)] = codes[k - 1 :]
        good &= (last != UNKNOWN) & (left >= k)
        word = word * len(alphabet.letters) + last
        if k in sizes:
            rows.append(row[good])
            columns.append(word[good] + offset)
            offset += len(alphabet.letters) ** k
    cells = (np.concatenate(rows), np.concatenate(columns))
    ones = np.ones(len(cells[0]), dtype=np.float32)
    return sparse.csr_array(sparse.coo_array((ones, cells), shape=(len(values), width)))


class Kmers:
    """K-mer counts times inverse document frequency, each size k scaled to unit length in each row.

    Scaling each k by itself keeps the few short k-mers, whose counts are large, from drowning the long ones.
    The dot product of two rows is the sum over k of their cosines.

    Parameters
    ----------
    modality
        Decides the alphabet.
    sizes
        The lengths k.

    References
    ----------
    Sparck Jones 1972, A statistical interpretation of term specificity. doi:10.1108/eb026526
    """

    def __init__(self, modality: str, sizes: Sequence[int]) -> None:
        self.modality = modality
        self.sizes = sizes

    def fit_transform(self, values: Sequence[str]) -> sparse.csr_array:
        """Learn alphabet, columns and document frequencies from the training rows; their features."""
        self._alphabet = Alphabet.of(self.modality, values)
        counts = count_kmers(values, self._alphabet, self.sizes)
        frequency = np.bincount(counts.indices, minlength=counts.shape[1])
        self._columns = np.flatnonzero(frequency)
        self._weights = (np.log((1 + len(values)) / (1 + frequency[self._columns])) + 1).astype(np.float32)
        ends = np.cumsum([len(self._alphabet.letters) ** k for k in self.sizes])
        self._bounds = [0, *np.searchsorted(self._columns, ends).tolist()]
        return self._weighted(counts)

    def transform(self, values: Sequence[str]) -> sparse.csr_array:
        """Features of any rows, (n, F); k-mers that training never held are left out."""
        return self._weighted(count_kmers(values, self._alphabet, self.sizes))

    def _weighted(self, counts: sparse.csr_array) -> sparse.csr_array:
        weighted = sparse.csr_array(counts[:, self._columns] @ sparse.diags_array(self._weights))
        parts = [_unit_rows(weighted[:, a:b]) for a, b in pairwise(self._bounds)]
        return sparse.csr_array(sparse.hstack(parts, format="csr"), dtype=np.float32)


def _unit_rows(matrix: sparse.csr_array) -> sparse.csr_array:
    norm = np.sqrt(np.asarray((matrix * matrix).sum(1)).ravel())
    return sparse.csr_array(sparse.diags_array(1 / np.where(norm > 0, norm, 1)) @ matrix)


class Positions:
    """One-hot letters at their positions, for sequences of one length."""

    def __init__(self, modality: str) -> None:
        self.modality = modality

    def fit_transform(self, values: Sequence[str]) -> sparse.csr_array:
        """Learn alphabet and length; the features of the training rows.

        Raises
        ------
        DataError
            Where the lengths differ.
        """
        self._alphabet = Alphabet.of(self.modality, values)
        self._length = max(map(len, values))
        return self.transform(values)

    def transform(self, values: Sequence[str]) -> sparse.csr_array:
        """Features of any rows, (n, length * letters); an unknown letter has none."""
        codes, lengths = self._alphabet.codes(values)
        if (lengths != self._length).any():
            raise DataError(
                f"linear_onehot needs sequences of one length; training has {self._length} letters, "
                f"here are {lengths.min()} to {lengths.max()}. Use the baseline 'linear' (k-mers) instead."
            )
        cells = np.arange(len(codes)) % max(1, self._length) * len(self._alphabet.letters) + codes
        rows = np.repeat(np.arange(len(values)), lengths)
        real = codes != UNKNOWN
        shape = (len(values), self._length * len(self._alphabet.letters))
        ones = np.ones(int(real.sum()), dtype=np.float32)
        return sparse.csr_array(sparse.coo_array((ones, (rows[real], cells[real])), shape=shape))


class Composition:
    """Logarithm of the length and the share of each letter; standardised on the training rows."""

    def __init__(self, modality: str) -> None:
        self.modality = modality

    def fit_transform(self, values: Sequence[str]) -> NDArray[np.float32]:
        """Learn alphabet, means and deviations; the features of the training rows."""
        self._alphabet = Alphabet.of(self.modality, values)
        self._scaler = Scaler()
        return self._scaler.fit_transform(self._shares(values))

    def transform(self, values: Sequence[str]) -> NDArray[np.float32]:
        """Features of any rows, (n, 1 + letters)."""
        return self._scaler.transform(self._shares(values))

    def _shares(self, values: Sequence[str]) -> NDArray[np.float64]:
        counts = count_kmers(values, self._alphabet, [1]).toarray()
        length = np.fromiter(map(len, values), dtype=np.float64, count=len(values))[:, None]
        return np.hstack([np.log1p(length), counts / np.maximum(length, 1)])
