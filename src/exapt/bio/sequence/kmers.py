"""K-mers of many sequences at once, as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from exapt.bio.sequence.alphabets import alphabet
from exapt.core.errors import ConfigError

Codes = NDArray[np.uint64]
CHUNK = 1 << 22  # letters at a time; bounds the memory of the temporary arrays
UNKNOWN = 255


def kmer_codes(
    sequences: Sequence[str], k: int, *, modality: str, canonical: bool = False
) -> tuple[NDArray[np.int64], Codes]:
    """Every k-mer of every sequence, in order, as the number that its letters spell in base 4 or 20.

    Case is ignored and U is read as T. A k-mer with any other letter than the 4 or 20 unambiguous ones is left out.

    Parameters
    ----------
    sequences
        n sequences.
    k
        Length of a k-mer: 1 to 32 letters of DNA or RNA, 1 to 14 of a protein, so that a code fits 64 bits.
    modality
        ``dna``, ``rna`` or ``protein``.
    canonical
        Give a k-mer and its reverse complement the same code, the smaller of both; for DNA and RNA only.

    Returns
    -------
    indptr : ndarray of int64, shape (n + 1,)
        Where the codes of each sequence begin and end.
    codes : ndarray of uint64
        The codes of sequence i are ``codes[indptr[i]:indptr[i + 1]]``.

    Raises
    ------
    ConfigError
        Where k is out of range, the modality has no alphabet, or a protein is asked for its other strand.

    Examples
    --------
    >>> indptr, codes = kmer_codes(["ACG", "nTTu", "A"], 2, modality="dna")
    >>> indptr.tolist(), codes.tolist()
    ([0, 2, 4, 4], [1, 6, 15, 15])
    >>> kmer_codes(["TT", "AA"], 2, modality="dna", canonical=True)[1].tolist()
    [0, 0]
    """
    letters = alphabet(modality).letters
    longest = 32 if len(letters) == 4 else 14
    if not 1 <= k <= longest:
        raise ConfigError(f"k-mers of {modality} have 1 to {longest} letters; found k = {k}.")
    if canonical and modality == "protein":
        raise ConfigError("A protein has no other strand; canonical k-mers are for dna and rna.")
    lookup = _lookup(letters)
    parts = [_codes(part, k, lookup, len(letters), canonical=canonical) for part in _chunks(sequences)]
    counts = np.concatenate([np.empty(0, dtype=np.int64), *(counts for counts, _ in parts)])
    indptr = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
    return indptr, np.concatenate([np.empty(0, dtype=np.uint64), *(codes for _, codes in parts)])


def _lookup(letters: str) -> NDArray[np.uint8]:
    """Byte -> digit; 255 for what is no letter."""
    table = np.full(256, UNKNOWN, dtype=np.uint8)
    for digit, letter in enumerate(letters):
        names = "TU" if letter in "TU" and len(letters) == 4 else letter
        table[list((names + names.lower()).encode())] = digit
    return table


def _chunks(sequences: Sequence[str]) -> Iterator[Sequence[str]]:
    """Runs of sequences of about CHUNK letters."""
    ends = np.cumsum(np.fromiter(map(len, sequences), dtype=np.int64, count=len(sequences)))
    start = 0
    while start < len(sequences):
        before = ends[start - 1] if start else 0
        stop = max(start + 1, int(np.searchsorted(ends, before + CHUNK, side="right")))
        yield sequences[start:stop]
        start = stop


def _codes(
    sequences: Sequence[str], k: int, lookup: NDArray[np.uint8], base: int, *, canonical: bool
) -> tuple[NDArray[np.int64], Codes]:
    """Number of k-mers of each sequence, and all their codes. The line break between two sequences is no letter."""
    text = ("\n".join(sequences) + "\n").encode("ascii", "replace")
    digits = lookup[np.frombuffer(text, dtype=np.uint8)]
    windows = max(len(digits) - k + 1, 0)
    unknown = np.concatenate([[0], np.cumsum(digits == UNKNOWN, dtype=np.int64)])
    whole = np.zeros(len(digits), dtype=bool)
    whole[:windows] = unknown[k : k + windows] == unknown[:windows]
    first = np.flatnonzero(whole)
    codes, reverse = np.zeros((2, len(first)), dtype=np.uint64)
    for place in range(k):
        letter = digits[first + place].astype(np.uint64)
        codes = codes * np.uint64(base) + letter
        if canonical:
            reverse += (np.uint64(3) - letter) * np.uint64(base) ** np.uint64(place)  # A C G T: complement is 3 - digit
    starts = np.cumsum([0, *(len(sequence) + 1 for sequence in sequences)])
    counts = np.diff(np.searchsorted(first, starts))
    return counts, np.minimum(codes, reverse) if canonical else codes
