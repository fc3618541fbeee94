"""Genes of RNA as they are found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple


class Rna(NamedTuple):
    """A gene of RNA; 0-based, half-open, on the forward strand.

    Over the origin of a circular sequence `right` is larger than its length.

    Attributes
    ----------
    left, right
        Its ends.
    reverse
        Strand.
    kind
        Term of the Sequence Ontology: ``tRNA``, ``rRNA``, ``ncRNA`` ...
    product
        In words, such as ``tRNA-Ala``.
    score
        Log-odds, in nats, that it is one.
    anticodon
        Of a transfer RNA, in DNA letters, 5' to 3'; else empty.
    """

    left: int
    right: int
    reverse: bool
    kind: str
    product: str
    score: float
    anticodon: str = ""


SHARED = 0.3  # share of the shorter of two genes of RNA that both may have


def best_apart(found: Sequence[Rna]) -> list[Rna]:
    """Those that share few letters with one of a greater score, from left to right.

    Examples
    --------
    >>> one, other = Rna(0, 80, False, "tRNA", "", 9.0), Rna(10, 90, True, "tRNA", "", 4.0)
    >>> best_apart([other, one]) == [one]
    True
    """
    kept: list[Rna] = []
    ordered = sorted(found, key=lambda rna: (-rna.score, rna.left, rna.reverse))
    buckets: dict[int, list[Rna]] = {}
    for rna in ordered:
        around = range(rna.left // _BUCKET - 1, rna.right // _BUCKET + 2)
        if not any(_clash(rna, other) for bucket in around for other in buckets.get(bucket, ())):
            kept.append(rna)
            for bucket in range(rna.left // _BUCKET, rna.right // _BUCKET + 1):
                buckets.setdefault(bucket, []).append(rna)
    return sorted(kept, key=lambda rna: (rna.left, rna.right, rna.reverse))


_BUCKET = 4096


def _clash(one: Rna, other: Rna) -> bool:
    shared = min(one.right, other.right) - max(one.left, other.left)
    return shared > SHARED * min(one.right - one.left, other.right - other.left)
