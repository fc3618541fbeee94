"""Views of the input columns: length, composition, letter case, and how a SMILES is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Matrix, Table
from exapt.evaluate.baselines._matrices import dense, is_sparse
from exapt.evaluate.baselines._sequences import ALPHABETS, Alphabet, count_kmers
from exapt.evaluate.metrics._metric import Floats
from exapt.evaluate.shortcuts import _smiles
from exapt.evaluate.shortcuts._view import View, spread

ROWS = 4096  # rows of a wide input at a time
LOWER = str.maketrans("", "", "abcdefghijklmnopqrstuvwxyz")


def views(train: Table, test: Table) -> Iterator[View]:
    """All views of all input columns."""
    for name in train.names("input"):
        modality = train.columns[name].modality
        first, second = train.values(name), test.values(name)
        if isinstance(first, Matrix) and isinstance(second, Matrix):
            yield from _wide(name, modality, first, second)
        elif modality in ALPHABETS or modality == "molecule":
            parts = ([str(value) for value in first], [str(value) for value in second])  # type: ignore[union-attr]
            yield from (_molecules(name, *parts) if modality == "molecule" else _sequences(name, modality, *parts))


def lengths(values: Sequence[str]) -> NDArray[np.int64]:
    """Letters of each value, (n,)."""
    return np.fromiter(map(len, values), dtype=np.int64, count=len(values))


def letter_shares(values: Sequence[str], modality: str) -> Floats:
    """Share of each unambiguous letter, and last that of all others (N, X, gaps), (n, A + 1).

    Examples
    --------
    >>> letter_shares(["ACNN"], "dna").tolist()
    [[0.25, 0.25, 0.0, 0.0, 0.5]]
    """
    alphabet = Alphabet(ALPHABETS[modality], fold=True)
    shares = count_kmers(values, alphabet, [1]).toarray() / np.maximum(lengths(values), 1)[:, None]
    return np.hstack([shares, np.where(lengths(values) > 0, 1 - shares.sum(1), 0).round(6)[:, None]])


def _sequences(name: str, modality: str, train: list[str], test: list[str]) -> Iterator[View]:
    yield _length(name, "letters", train, test)
    letters = ALPHABETS[modality].replace("T", "U") if modality == "rna" else ALPHABETS[modality]
    first, second = (letter_shares(part, modality)[:, :-1] for part in (train, test))
    features = [f"share of {letter}" for letter in letters]
    if len(letters) == 4:
        features.append("share of G and C")
        first, second = (np.hstack([part, part[:, 1:3].sum(1, keepdims=True)]) for part in (first, second))
    yield View("composition", name, "the share of each letter, without their order", "warning", features, first, second)
    lower = _lower_case(train)
    if lower.any():
        what = "which letters are in lower case (a soft mask)"
        features = ["share of lower-case letters"]
        yield View("letter_case", name, what, "leak", features, lower[:, None], _lower_case(test)[:, None])


def _lower_case(values: Sequence[str]) -> Floats:
    kept = np.fromiter((len(value.translate(LOWER)) for value in values), dtype=np.int64, count=len(values))
    size = lengths(values)
    share: Floats = (size - kept) / np.maximum(size, 1)
    return share


def _length(name: str, unit: str, train: list[str], test: list[str]) -> View:
    first, second = (np.log1p(lengths(part))[:, None] for part in (train, test))
    return View("length", name, f"the number of {unit}", "warning", [f"number of {unit}"], first, second)


def _molecules(name: str, train: list[str], test: list[str]) -> Iterator[View]:
    yield _length(name, "characters of the SMILES", train, test)
    features = [f"share of {element.capitalize()} atoms" for element in _smiles.ELEMENTS]
    first, second = _smiles.elements(train), _smiles.elements(test)
    yield View("composition", name, "the share of each element, without bonds", "warning", features, first, second)

    def neutral() -> tuple[Floats, Floats, int]:
        (one, bad), (two, worse) = _smiles.standardised(train), _smiles.standardised(test)
        return _smiles.writing(one), _smiles.writing(two), bad + worse

    what = (
        "how the SMILES is written: aromatic lower case, charges, brackets, hydrogens, dots, stereo marks, ring digits"
    )
    texts = _smiles.writing(train), _smiles.writing(test)
    yield View("smiles_writing", name, what, "leak", _smiles.NAMES, *texts, neutral)


def _wide(name: str, modality: str, train: Matrix, test: Matrix) -> Iterator[View]:
    if modality == "expression":
        features = ["sum over all genes", "number of genes above 0"]
        first, second = (by_rows(part, _sum_and_detected) for part in (train, test))
        yield View("composition", name, "the sum over all genes and the number of genes above 0", "warning",
                   features, first, second)  # fmt: skip
    elif modality == "image":
        first, second = (by_rows(part, _brightness) for part in (train, test))
        channels = first.shape[1] - 2
        features = ["mean brightness", "contrast", *(f"mean of channel {number + 1}" for number in range(channels))]
        yield View("composition", name, "the brightness of the whole image", "warning", features, first, second)


def by_rows(matrix: Matrix, summary: Callable[[Any], Floats]) -> Floats:
    """What `summary` makes of a wide input, a few thousand rows at a time."""
    parts = [summary(matrix.values[start : start + ROWS]) for start in range(0, len(matrix), ROWS)]
    return np.concatenate(parts) if parts else np.empty((0, 1))


def _sum_and_detected(values: Any) -> Floats:
    known = values if is_sparse(values) else np.nan_to_num(np.asarray(values, dtype=np.float64))
    return spread([np.asarray(known.sum(1)).ravel(), np.asarray((known > 0).sum(1)).ravel()])


def _brightness(values: Any) -> Floats:
    images = np.asarray(dense(values), dtype=np.float64)
    flat = images.reshape(len(images), -1)
    channels = images.reshape(len(images), -1, images.shape[-1]).mean(1)
    channels = channels if images.ndim == 4 and images.shape[-1] > 1 else channels[:, :0]
    return np.hstack([flat.mean(1, keepdims=True), flat.std(1, keepdims=True), channels])
