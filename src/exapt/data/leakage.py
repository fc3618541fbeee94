"""Leakage: test rows that training, or the corpus behind the weights, has seen already.

Rows are compared by 64-bit hashes of a canonical form, so that a corpus travels with its weights as a small sketch.
With 1e6 rows on each side, the chance of any false match is below 1e-7.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from exapt.bio.sequence.alphabets import canonical
from exapt.core.contracts import Fold, Matrix, Modality, Rows, Table
from exapt.core.errors import DataError, WeightsError

Keys = NDArray[np.uint64]
SHOWN = 5  # examples beside each number
SKETCH_LIMIT = 65_536  # hashes, 0.7 MB of JSON
HASH = "blake2b-64"
CHUNK = 4096


def canonical_keys(values: Sequence[Any] | Matrix, modality: Modality) -> Keys:
    """One hash a value; equal for values that mean the same.

    DNA is compared on both strands, RNA, DNA and proteins without regard to case, with U as T in nucleic acids and
    without the stop of a protein; molecules by their SMILES as written; numbers by their float32 values, where a row
    of a sparse matrix equals the same row of a dense one.

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
    """
    if isinstance(values, Matrix):
        return _row_keys(values.values)
    if modality in ("expression", "image") or (modality == "number" and not _is_text(values)):
        return _row_keys(np.asarray(values))
    texts = [str(value).strip() for value in values]
    if modality in ("dna", "rna"):
        texts = [text.upper().replace("U", "T") for text in texts]
        texts = canonical(texts) if modality == "dna" else texts
    elif modality == "protein":
        texts = [text.upper().removesuffix("*") for text in texts]
    return _hashes(text.encode() for text in texts)


def _is_text(values: Sequence[Any]) -> bool:
    return bool(len(values)) and isinstance(values[0], str)


def _hashes(contents: Any) -> Keys:
    digests = b"".join(hashlib.blake2b(content, digest_size=8).digest() for content in contents)
    return np.frombuffer(digests, dtype="<u8").astype(np.uint64)


def _row_keys(values: Any) -> Keys:
    """Hashes of the non-zero float32 values of each row and their positions."""
    parts = []
    for start in range(0, values.shape[0], CHUNK):
        part = values[start : start + CHUNK]
        flat: Any = part if sparse.issparse(part) else np.asarray(part, dtype=np.float32).reshape(len(part), -1)
        rows = sparse.csr_matrix(flat, dtype=np.float32)
        rows.sum_duplicates()
        rows.eliminate_zeros()
        ends, where, what = rows.indptr, rows.indices.astype("<i4"), rows.data.astype("<f4")
        parts.append(_hashes(where[a:b].tobytes() + what[a:b].tobytes() for a, b in pairwise(ends)))
    return np.concatenate(parts) if parts else np.empty(0, dtype=np.uint64)


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


def sketch(values: Sequence[Any] | Matrix, modality: Modality, *, limit: int | None = SKETCH_LIMIT) -> dict[str, Any]:
    """What travels with weights: the hashes of their corpus, or the smallest `limit` of them.

    Parameters
    ----------
    values
        The corpus, or one input column of it.
    modality
        What the values are.
    limit
        Largest number of hashes to keep; None = all.

    Returns
    -------
    dict
        JSON: modality, hash, rows, distinct, kept (the number of hashes in `keys`), keys (base64 of sorted
        little-endian uint64).

    References
    ----------
    Broder (1997), bottom-k sketches, doi:10.1109/SEQUEN.1997.666900
    """
    keys = np.unique(canonical_keys(values, modality))
    kept = keys[:limit]
    return {
        "modality": modality,
        "hash": HASH,
        "rows": len(values),
        "distinct": len(keys),
        "kept": len(kept),
        "keys": base64.b64encode(kept.astype("<u8").tobytes()).decode(),
    }


def _read_sketch(saved: Mapping[str, Any]) -> Keys:
    try:
        keys = np.frombuffer(base64.b64decode(saved["keys"], validate=True), dtype="<u8").astype(np.uint64)
        whole = saved["hash"] == HASH and len(keys) == saved["kept"]
    except (KeyError, ValueError, TypeError):
        whole = False
    if not whole:
        raise WeightsError(f"The sketch of the pre-training corpus is damaged, or not of {HASH} hashes.")
    return keys


def overlap(saved: Mapping[str, Any], values: Sequence[Any] | Matrix) -> NDArray[np.bool_]:
    """Which values are in the corpus of a sketch; of a bounded sketch only a `coverage` of them is found.

    Raises
    ------
    WeightsError
        Where the sketch is damaged.

    Examples
    --------
    >>> overlap(sketch(["ACGTT", "GGG"], "dna"), ["AACGT", "TTT"]).tolist()
    [True, False]
    """
    return np.isin(canonical_keys(values, saved["modality"]), _read_sketch(saved))


def coverage(saved: Mapping[str, Any]) -> float:
    """Share of all possible values that a sketch can find, in (0, 1]; 1 where it holds the whole corpus."""
    keys = _read_sketch(saved)
    return 1.0 if saved["distinct"] == len(keys) or not len(keys) else (float(keys[-1]) + 1) / 2.0**64


def audit(table: Table, fold: Fold, corpora: Sequence[Mapping[str, Any]] = ()) -> dict[str, Any]:
    """Compare the test part with training, and with whatever else the model has seen.

    Parameters
    ----------
    table
        The cleaned table.
    fold
        One fold of a split.
    corpora
        Sketches: the one that came with the weights, one of source rows.

    Returns
    -------
    dict
        JSON, as in `audit.json`. Numbers, each with up to five examples in a list beside it (`..._examples`):

        ========================== =======================================================================
        exact_duplicates           test rows whose input has a copy in training
        exact_duplicates_in_valid  test rows whose input has a copy in the validation part
        near_duplicates            0 as long as `checks` says that they were not computed
        pretraining_overlap        test rows with an input that is in one of the corpora
        contradicting_labels       rows of any part whose input also occurs with another label
        group_overlap              groups that stand in the test part and in training or validation
        ========================== =======================================================================

        `checks` says of each number whether it was computed and how; `verdict` is "leaky" if test rows have copies in
        training, their groups or a corpus, else "clean".
    """
    keys, ids = row_keys(table), np.array(table.ids(), dtype=object)
    result: dict[str, Any] = {"n_train": len(fold.train), "n_test": len(fold.test)}
    checks = {"exact_duplicates": "computed", "near_duplicates": "not computed"}
    for name, rows in (("exact_duplicates", fold.train), ("exact_duplicates_in_valid", fold.valid)):
        copies = _copies(keys, fold.test, rows)
        result[name] = len(copies)
        result[f"{name}_examples"] = [{"test": str(ids[a]), "copy": str(ids[b])} for a, b in copies[:SHOWN]]
    result |= {"near_duplicates": 0, "near_duplicates_examples": []}
    seen, checks["pretraining_overlap"] = _in_corpora(table.take(fold.test), corpora)
    result["pretraining_overlap"] = int(seen.sum())
    result["pretraining_overlap_examples"] = [str(i) for i in ids[fold.test][seen][:SHOWN]]
    rows, checks["contradicting_labels"] = _contradictions(table, fold, keys)
    result["contradicting_labels"] = len(rows)
    result["contradicting_labels_examples"] = [str(i) for i in ids[rows[:SHOWN]]]
    shared, checks["group_overlap"] = _shared_groups(table, fold)
    result["group_overlap"] = len(shared)
    result["group_overlap_examples"] = shared[:SHOWN]
    leaks = ("exact_duplicates", "near_duplicates", "pretraining_overlap", "group_overlap")
    result["checks"] = checks
    result["verdict"] = "leaky" if any(result[name] for name in leaks) else "clean"
    return result


def _copies(keys: Keys, test: Rows, other: Rows) -> list[tuple[int, int]]:
    """Pairs (test row, first other row with the same key), one for each test row that has a copy."""
    order = other[np.argsort(keys[other], kind="stable")]
    if not len(order):
        return []
    place = np.searchsorted(keys[order], keys[test]).clip(max=len(order) - 1)
    found = keys[order[place]] == keys[test]
    return list(zip(test[found].tolist(), order[place[found]].tolist(), strict=True))


def _in_corpora(test: Table, corpora: Sequence[Mapping[str, Any]]) -> tuple[NDArray[np.bool_], str]:
    """Test rows of which an input is in a corpus, and how that was found out."""
    seen = np.zeros(len(test), dtype=bool)
    computed, not_computed = [], []
    for corpus in corpora:
        names = [name for name in test.names("input") if test.columns[name].modality == corpus["modality"]]
        for name in names:
            seen |= overlap(corpus, test.values(name))
        if names:
            found = f"sketch of {corpus['rows']:,} rows, which finds {coverage(corpus):.1%} of the copies"
            computed.append(f"computed: {found}")
        else:
            not_computed.append(f"not computed: the corpus is {corpus['modality']}, the inputs are not")
    return seen, "; ".join([*computed, *not_computed]) or "not computed: no weights with a sketch of their corpus"


def _contradictions(table: Table, fold: Fold, keys: Keys) -> tuple[Rows, str]:
    """Rows whose input also occurs with another label."""
    names = [n for n in table.names("target") if n in table.frame and table.columns[n].modality == "label"]
    if not names:
        return np.empty(0, dtype=np.int64), "not computed: no label column"
    rows = np.sort(np.concatenate([fold.train, fold.valid, fold.test]))
    labels = table.frame.loc[rows, names].assign(key=keys[rows])
    several = (labels.groupby("key")[names].transform("nunique") > 1).any(axis=1)
    return rows[several.to_numpy()], "computed"


def _shared_groups(table: Table, fold: Fold) -> tuple[list[str], str]:
    """Groups of the test part that training or validation have too."""
    names = table.names("group")
    if not names:
        return [], "not computed: no group column"
    column = table.frame[names[0]]
    known = set(column.iloc[np.concatenate([fold.train, fold.valid])].dropna())
    return sorted({str(group) for group in column.iloc[fold.test].dropna() if group in known}), "computed"
