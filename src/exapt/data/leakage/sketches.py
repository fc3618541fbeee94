"""Sketches: what travels with weights so that anyone can ask, offline, whether a test row was in their corpus.

A sketch holds two sets of hashes, packed into less than 1 MB of JSON whatever the size of the corpus. `exact` has one
hash for each distinct value. `near` has several for each value, so that a similar one shares some of them:

========================== ======================================================================================
molecule, expression       bands of a MinHash signature [1]_ [2]_ over ECFP4 features or detected genes: of two
                           sets with Jaccard similarity J, a band of r rows is equal with probability J^r
dna, rna, protein          k-mers whose hash is small, the same ones for every sequence [3]_ [4]_: of a sequence
                           with identity I to some part of the corpus, a k-mer is found with probability I^k
========================== ======================================================================================

Either way the similarity of a test row is the share of its hashes that are found, to the power of 1/r or 1/k. It is an
estimate: the more hashes fit into the sketch, the better.

References
----------
.. [1] Broder (1997), On the resemblance and containment of documents. doi:10.1109/SEQUEN.1997.666900
.. [2] Leskovec, Rajaraman and Ullman, Mining of massive datasets, chapter 3.4. doi:10.1017/9781108684163
.. [3] Ondov et al. (2016), Mash. doi:10.1186/s13059-016-0997-x
.. [4] Irber et al. (2022), FracMinHash. doi:10.1101/2022.01.11.475838
"""

from __future__ import annotations

import base64
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.core.contracts import Matrix, Modality
from exapt.core.errors import WeightsError
from exapt.data.keys import Keys, canonical_keys, cells, distinct, keys_by_spelling, mixed, name_keys

FORMAT_VERSION = 2
BYTES = 785_000  # of packed hashes; base85 makes 981 kB of them
EXACT_SHARE = 0.52  # of these bytes, for the exact hashes
EXTRA = (11, 40)  # bits of a hash beyond log2(n), at least and at most: false matches are 2^-extra a row
NEAR_EXTRA = 10
CODED = 1.6  # bits that the spacing of sorted random numbers needs beyond the logarithm of its mean
BANDS = {"molecule": (8, 4), "expression": (16, 12)}  # number of bands at most, and rows a band
KMERS = {"dna": 21, "rna": 21, "protein": 9}
TEXTS = {"molecule", *KMERS}
FEW_BANDS, LONG_BAND = 4, 8  # of molecules: where few bands fit, longer ones, which strangers do not share by chance
NEAR = {"molecule": 0.9, "expression": 0.9, "dna": 0.9, "rna": 0.9, "protein": 0.9}  # similarity that counts as near


def sketch(values: Sequence[Any] | Matrix, modality: Modality, *, spellings: bool = False) -> dict[str, Any]:
    """Sketch a corpus, or one input column of it.

    Parameters
    ----------
    values
        The n values.
    modality
        What they are.
    spellings
        Keep the stricter hashes of `keys_by_spelling` too: for a sketch that is used at once and not shipped.

    Returns
    -------
    dict
        JSON: format_version, modality, rows, distinct, `exact` and `near` (None for images and numbers); each of the
        two has bits (of a hash), kept (number of hashes), share (of all hashes that are kept), hashes (packed).

    Examples
    --------
    >>> made = sketch(["ACGTT", "GGG", "CCC"], "dna")
    >>> made["rows"], made["distinct"]
    (3, 2)
    """
    rows, near = len(values), None
    if modality in TEXTS:
        _, values = distinct(values)  # type: ignore[arg-type]  # a corpus of pairs repeats each entity many times
    keys = np.unique(canonical_keys(values, modality))
    if modality in BANDS:
        near = _banded(values, modality)
    elif modality in KMERS:
        near = _sampled(values, modality)
    exact = _pack(keys, EXACT_SHARE * BYTES if near else BYTES, EXTRA)
    return {
        "format_version": FORMAT_VERSION,
        "modality": modality,
        "rows": rows,
        "distinct": len(keys),
        "exact": exact,
        "near": near,
        "spellings": {
            name: _pack(np.unique(found), np.inf, EXTRA) for name, found in keys_by_spelling(values, modality).items()
        }
        if spellings
        else {},
    }


def overlap_by_spelling(saved: Mapping[str, Any], values: Sequence[Any] | Matrix) -> dict[str, NDArray[np.bool_]]:
    """Which values are in the corpus by each idea of what is the same; empty where the sketch has only one."""
    if not saved.get("spellings"):
        return {}
    keys = keys_by_spelling(values, saved["modality"])
    return {name: _found(saved["spellings"][name], found) for name, found in keys.items()}


def overlap(saved: Mapping[str, Any], values: Sequence[Any] | Matrix) -> NDArray[np.bool_]:
    """Which values are in the corpus of a sketch; of a huge corpus only a `coverage` of them is found.

    Raises
    ------
    WeightsError
        Where the sketch is damaged, or of another format.

    Examples
    --------
    >>> overlap(sketch(["ACGTT", "GGG"], "dna"), ["AACGT", "TTT"]).tolist()
    [True, False]
    """
    _check(saved)
    return _found(saved["exact"], canonical_keys(values, saved["modality"]))


def similar(saved: Mapping[str, Any], values: Sequence[Any] | Matrix) -> NDArray[np.float64] | None:
    """Estimated similarity of each value to the most similar part of the corpus, in [0, 1]; NaN = cannot be told.

    Returns
    -------
    array or None
        Shape (n,); None where the sketch has no index for near values.

    Raises
    ------
    WeightsError
        Where the sketch is damaged, or of another format.

    Examples
    --------
    >>> corpus = "ACGTTGCATGCCGATATTAGCACGATTACA" * 2
    >>> similar(sketch([corpus], "dna"), [corpus[:40], "T" * 30, "ACGT"])
    array([ 1.,  0., nan])
    """
    _check(saved)
    near = saved["near"]
    if near is None:
        return None
    if saved["modality"] in TEXTS:
        codes, different = distinct(values)  # type: ignore[arg-type]
        return _similar(near, different, saved["modality"])[codes]
    return _similar(near, values, saved["modality"])


def _similar(near: Mapping[str, Any], values: Sequence[Any] | Matrix, modality: Modality) -> NDArray[np.float64]:
    if modality in BANDS:
        bands = _bands(_features(values, modality), near["bands"], near["power"])
        share = _found(near, bands.ravel()).reshape(bands.shape).mean(1)
    else:
        indptr, codes = _kmers(values, modality)
        kept = _is_kept(codes, near["share"])
        rows = np.repeat(np.arange(len(values)), np.diff(indptr))[kept]
        hits = np.bincount(rows, _found(near, codes[kept]), minlength=len(values))
        judged = np.bincount(rows, minlength=len(values))
        share = np.where(judged > 0, hits / np.maximum(judged, 1), np.nan)
    return np.asarray(share ** (1 / near["power"]), dtype=np.float64)


def coverage(saved: Mapping[str, Any]) -> float:
    """Share of all possible values that a sketch can find, in (0, 1]; 1 where it holds the whole corpus."""
    _check(saved)
    return float(saved["exact"]["share"])


def false_matches(saved: Mapping[str, Any], rows: int) -> float:
    """Number of rows of any other data that would be found in the sketch by chance."""
    exact = saved["exact"]
    return float(rows * exact["share"] * exact["kept"] / 2.0 ** exact["bits"])


def _banded(values: Sequence[Any] | Matrix, modality: Modality) -> dict[str, Any]:
    """Hashes of the bands of all values, as many bands as fit."""
    made, (most, rows) = _features(values, modality), BANDS[modality]
    bands = _bands(made, most, rows)
    different = np.unique(bands, axis=0)
    room = (1 - EXACT_SHARE) * BYTES * 8 / (NEAR_EXTRA + CODED)
    number = int(np.clip(room // max(1, len(different)), 1, most))
    if modality == "molecule" and number < FEW_BANDS:
        rows = LONG_BAND
        different = np.unique(_bands(made, number, rows), axis=0)
    keys = np.unique(different[:, :number])
    packed = _pack(keys, (1 - EXACT_SHARE) * BYTES, (NEAR_EXTRA, EXTRA[1]))
    return {"bands": number, "power": rows, **packed}


def _sampled(values: Sequence[Any] | Matrix, modality: Modality) -> dict[str, Any]:
    """Hashes of the k-mers of all values, as large a sample as fits."""
    keys = np.unique(_kmers(values, modality)[1])
    room = (1 - EXACT_SHARE) * BYTES * 8 / (NEAR_EXTRA + CODED)
    share = min(1.0, room / max(1, len(keys)))
    packed = _pack(keys[_is_kept(keys, share)], (1 - EXACT_SHARE) * BYTES, (NEAR_EXTRA, EXTRA[1]), whole=True)
    return {**packed, "power": KMERS[modality], "share": share}


def _bands(made: tuple[NDArray[np.int64], Keys], number: int, rows: int) -> Keys:
    """One hash for each band of the MinHash signature of each value, (n, bands), from what `_features` gives."""
    indptr, codes = made
    hashed = mixed(codes)
    empty = np.diff(indptr) == 0
    last = np.iinfo(np.uint64).max  # stands behind all rows, so that an empty one at the end has a place
    result = np.empty((len(indptr) - 1, number), dtype=np.uint64)
    for band in range(number):
        joined = np.full(len(indptr) - 1, band, dtype=np.uint64)
        for row in range(rows):
            salted = mixed(hashed ^ np.uint64(band * rows + row + 1))
            joined = mixed(joined ^ np.minimum.reduceat(np.append(salted, last), indptr[:-1]))
        result[:, band] = joined
    result[empty] = np.uint64(0)
    return result


def _features(values: Sequence[Any] | Matrix, modality: Modality) -> tuple[NDArray[np.int64], Keys]:
    """What a value is made of: (indptr, hashes) of ECFP4 features or detected genes."""
    if modality == "molecule":
        from exapt.bio.chem.fingerprints import features

        return features([str(value) for value in values])  # type: ignore[union-attr]
    matrix = values if isinstance(values, Matrix) else Matrix(np.asarray(values))
    names = name_keys(matrix.features or map(str, range(matrix.values.shape[1])))
    lengths, codes = [np.zeros(1, dtype=np.int64)], [np.empty(0, dtype=np.uint64)]
    for indptr, where, what in cells(matrix.values):
        positive = what > 0
        rows = np.repeat(np.arange(len(indptr) - 1), np.diff(indptr))
        lengths.append(np.bincount(rows[positive], minlength=len(indptr) - 1))
        codes.append(names[where[positive]])
    return np.cumsum(np.concatenate(lengths)), np.concatenate(codes)


def _kmers(values: Sequence[Any] | Matrix, modality: Modality) -> tuple[NDArray[np.int64], Keys]:
    from exapt.bio.sequence.kmers import kmer_codes

    texts = [str(value) for value in values]  # type: ignore[union-attr]
    indptr, codes = kmer_codes(texts, KMERS[modality], modality=modality, canonical=modality == "dna")
    return indptr, mixed(codes)


def _is_kept(keys: Keys, share: float) -> NDArray[np.bool_]:
    """A sample of the hashes that is the same for every sequence: those whose low 32 bits are small.

    The high bits stay evenly spread, so that they can be packed.
    """
    return np.asarray((keys & np.uint64(0xFFFFFFFF)) < np.uint64(int(share * 2**32)), dtype=np.bool_)


def _pack(keys: Keys, room: float, extra: tuple[int, int], *, whole: bool = False) -> dict[str, Any]:
    """Sorted distinct hashes, cut to their upper bits, as the spacing between them, in at most `room` bytes.

    Hashes of 40 bits beyond log2(n) are kept where there is room, fewer where there is not; where even the fewest do
    not fit, only the smallest hashes are kept, and `share` says how many of all.
    """
    spare = float(np.clip(room * 8 / max(1, len(keys)) - CODED, *extra))
    most = len(keys) if whole or np.isinf(room) else int(room * 8 / (spare + CODED))
    share = 1.0 if len(keys) <= most else float(keys[most]) / 2.0**64
    keys = keys[:most]
    bits = min(64, int(spare + np.log2(max(2.0, len(keys) / share))))
    short = np.unique(keys >> np.uint64(64 - bits))
    spacing = np.diff(short, prepend=np.uint64(0)).astype("<u8")
    planes = np.ascontiguousarray(spacing.view(np.uint8).reshape(-1, 8).T)
    packed = base64.b85encode(zlib.compress(planes.tobytes(), 9)).decode()
    return {"bits": bits, "kept": len(short), "share": share, "hashes": packed}


def _unpack(part: Mapping[str, Any]) -> Keys:
    try:
        planes = np.frombuffer(zlib.decompress(base64.b85decode(part["hashes"])), dtype=np.uint8)
        spacing = np.ascontiguousarray(planes.reshape(8, part["kept"]).T).view("<u8").ravel()
    except (KeyError, ValueError, TypeError, zlib.error) as error:
        raise WeightsError(f"The sketch of the pre-training corpus is damaged: {error}.") from error
    return np.cumsum(spacing.astype(np.uint64))


def _found(part: Mapping[str, Any], keys: Keys) -> NDArray[np.bool_]:
    return np.isin(keys >> np.uint64(64 - part["bits"]), _unpack(part))


def _check(saved: Mapping[str, Any]) -> None:
    if saved.get("format_version") != FORMAT_VERSION or "exact" not in saved:
        raise WeightsError(
            "The sketch of the pre-training corpus is damaged, or was written by another version of exapt "
            f"(format {saved.get('format_version', 1)}, this is {FORMAT_VERSION}). Make the weights again."
        )
