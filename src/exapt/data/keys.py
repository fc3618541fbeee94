"""One 64-bit hash for each value that is the same for all its spellings, so that copies are found by comparing numbers.

With 1e6 values on each side, the chance of any false match is below 1e-7.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.bio.sequence.alphabets import canonical
from exapt.core.contracts import Matrix, Modality, Table
from exapt.core.errors import DataError

Keys = NDArray[np.uint64]
CHUNK = 4096
MANY_MOLECULES = 100_000  # above, only the neutral form is compared: the others cost as much again
MIXER = np.uint64(0x9E3779B97F4A7C15)  # the golden ratio in 64 bits
SHIFTS = (np.uint64(30), np.uint64(27), np.uint64(31))
FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))


def canonical_keys(values: Sequence[Any] | Matrix, modality: Modality) -> Keys:
    """One hash a value; equal for values that mean the same.

    ================ ====================================================================================
    dna              both strands are one, whatever the case, U as T
    rna              whatever the case, U as T
    protein          whatever the case, without the stop `*`
    molecule         the largest fragment, neutral, without isotopes and stereo; unreadable ones as written
    expression       the order of the detected genes of a cell by their value, so that counts and their
                     logarithm are the same cell; the values themselves where some are negative
    image, number    float32 values, sparse or dense
    ================ ====================================================================================

    Parameters
    ----------
    values
        Values of one column, n of them.
    modality
        What they are.

    Returns
    -------
    array
        uint64, shape (n,).

    Examples
    --------
    >>> keys = canonical_keys(["AACG", "cgtt", "AACC"], "dna")
    >>> bool(keys[0] == keys[1]), bool(keys[0] == keys[2])
    (True, False)
    >>> counts = Matrix(np.array([[0, 3, 1], [2, 0, 0]]), ("CD3E", "LYZ", "MS4A1"))
    >>> logs = Matrix(np.log1p(counts.values / 7.0), counts.features)
    >>> bool((canonical_keys(counts, "expression") == canonical_keys(logs, "expression")).all())
    True
    """
    if isinstance(values, Matrix):
        return _row_keys(values.values, values.features if modality == "expression" else ())
    if modality in ("expression", "image") or (modality == "number" and not _is_text(values)):
        return _row_keys(np.asarray(values), ())
    codes, different = distinct(values)  # pairs repeat each entity many times
    return _hashes(text.encode() for text in canonical_texts(different, modality))[codes]


def distinct(values: Sequence[Any]) -> tuple[NDArray[np.int64], list[Any]]:
    """The different values in order of appearance, and for each value the number of its equal among them.

    Examples
    --------
    >>> codes, different = distinct(["MKV", "MAA", "MKV"])
    >>> codes.tolist(), different
    ([0, 1, 0], ['MKV', 'MAA'])
    """
    import pandas as pd

    codes, different = pd.factorize(np.array(values, dtype=object), use_na_sentinel=False)
    return codes.astype(np.int64), different.tolist()


def canonical_texts(values: Sequence[Any], modality: Modality) -> list[str]:
    """One spelling for all values that mean the same, of a column of text."""
    texts = [str(value).strip() for value in values]
    if modality in ("dna", "rna"):
        texts = [text.upper().replace("U", "T") for text in texts]
        return canonical(texts) if modality == "dna" else texts
    if modality == "protein":
        return [text.upper().removesuffix("*") for text in texts]
    if modality == "molecule":
        from exapt.bio.chem.standard import neutral

        return [known or written for known, written in zip(neutral(texts), texts, strict=True)]
    return texts


def keys_by_spelling(values: Sequence[Any] | Matrix, modality: Modality) -> dict[str, Keys]:
    """Hashes by stricter ideas of what is the same, for modalities that have several; the last is `canonical_keys`.

    Molecules: "as drawn" is the same structure with stereo, charges and salts; "without stereo" leaves the stereo out;
    "neutral" leaves salts, charges and isotopes out too.

    Examples
    --------
    >>> found = keys_by_spelling(["CC(=O)O", "CC(=O)[O-].[Na+]"], "molecule")
    >>> {name: bool(keys[0] == keys[1]) for name, keys in found.items()}
    {'as drawn': False, 'without stereo': False, 'neutral': True}
    """
    if modality != "molecule" or isinstance(values, Matrix) or len(values) > MANY_MOLECULES:
        return {}
    from exapt.bio.chem.standard import canonical as spelled

    codes, different = distinct(values)
    texts = [str(value).strip() for value in different]
    plain = {"as drawn": spelled(texts), "without stereo": spelled(texts, stereo=False)}
    found = {
        name: _hashes((known or written).encode() for known, written in zip(spellings, texts, strict=True))[codes]
        for name, spellings in plain.items()
    }
    return found | {"neutral": canonical_keys(values, modality)}


def row_keys(table: Table) -> Keys:
    """One hash a row over all its input columns.

    Raises
    ------
    DataError
        Where the table has no input column.
    """
    names = table.names("input")
    if not names:
        raise DataError(f"{table.source}: no input column to compare. Columns: {', '.join(table.columns)}.")
    keys = [canonical_keys(table.values(name), table.columns[name].modality) for name in names]
    if len(keys) == 1:
        return keys[0]
    return _hashes(row.tobytes() for row in np.ascontiguousarray(np.stack(keys, axis=1)))


def name_keys(names: Iterable[str]) -> Keys:
    """One hash a name.

    Examples
    --------
    >>> len(set(name_keys(["LYZ", "CD3E", "LYZ"]).tolist()))
    2
    """
    return _hashes(str(name).encode() for name in names)


def mixed(keys: Keys) -> Keys:
    """Scatter 64-bit numbers evenly over all 64-bit numbers, one to one (the finaliser of SplitMix64).

    References
    ----------
    Steele, Lea and Flood (2014), Fast splittable pseudorandom number generators. doi:10.1145/2660193.2660195
    """
    found = keys + MIXER
    found = (found ^ (found >> SHIFTS[0])) * FACTORS[0]
    found = (found ^ (found >> SHIFTS[1])) * FACTORS[1]
    return np.asarray(found ^ (found >> SHIFTS[2]), dtype=np.uint64)


def cells(values: Any) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]]:
    """Rows of a matrix piece by piece as (indptr, columns, values) of what is not zero."""
    for start in range(0, values.shape[0], CHUNK):
        part = values[start : start + CHUNK]
        flat: Any = part if sparse.issparse(part) else np.asarray(part, dtype=np.float32).reshape(len(part), -1)
        rows = sparse.csr_matrix(flat, dtype=np.float32)
        rows.sum_duplicates()
        rows.eliminate_zeros()
        yield rows.indptr.astype(np.int64), rows.indices.astype(np.int32), rows.data.astype(np.float32)


def _is_text(values: Sequence[Any]) -> bool:
    return bool(len(values)) and isinstance(values[0], str)


def _hashes(contents: Iterable[bytes]) -> Keys:
    digests = b"".join(hashlib.blake2b(content, digest_size=8).digest() for content in contents)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _row_keys(values: Any, features: Sequence[str]) -> Keys:
    names = name_keys(features)
    parts = [_by_rank(piece, names) if len(names) else _by_value(piece) for piece in cells(values)]
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)


def _by_value(piece: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]]) -> Keys:
    """Hashes of positions and values."""
    indptr, where, what = piece
    where, what = where.astype("<i4"), what.astype("<f4")
    return _hashes(where[a:b].tobytes() + what[a:b].tobytes() for a, b in pairwise(indptr))


def _by_rank(piece: tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.float32]], names: Keys) -> Keys:
    """Hashes of gene names and dense ranks of their values, so that any increasing transformation changes nothing."""
    indptr, where, what = piece
    if (what < 0).any():
        return _by_value(piece)
    contents = []
    for a, b in pairwise(indptr):
        order = np.argsort(names[where[a:b]], kind="stable")
        ranks = np.unique(what[a:b], return_inverse=True)[1].astype("<i4")
        contents.append(names[where[a:b]][order].tobytes() + ranks[order].tobytes())
    return _hashes(contents)
