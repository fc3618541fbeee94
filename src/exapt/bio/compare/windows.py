"""The letters around a difference, with the allele of the reference and with the other one."""

from __future__ import annotations

from exapt.bio.compare.variants import Difference


def alleles(one: Difference, letters: str, length: int, *, circular: bool = False) -> tuple[str, str] | None:
    """Both alleles in the same surroundings: two windows of one length, the difference in the middle.

    They begin at the same letter, so behind an insertion the window of the alternative ends earlier on the reference,
    behind a deletion later. Near the end of a contig the windows stay on the contig, and the difference stands aside.
    Other differences nearby are left as the reference has them.

    Parameters
    ----------
    one
        A substitution or an indel.
    letters
        Its contig of the reference.
    length
        Letters of each window, at least 1.
    circular
        The contig goes on at its start.

    Returns
    -------
    tuple or None
        Window of the reference and of the alternative; None where the contig is too short for them.

    Examples
    --------
    >>> alleles(Difference("c", 4, "A", "G"), "CCCCACCCC", 5)
    ('CCACC', 'CCGCC')
    >>> alleles(Difference("c", 4, "AT", "A"), "CCCCATGGGG", 6)
    ('CCATGG', 'CCAGGG')
    >>> alleles(Difference("c", 0, "A", "G"), "ACGTTTTTT", 4, circular=True)
    ('TTAC', 'TTGC')
    """
    if length + max(0, len(one.ref) - len(one.alt)) > len(letters):
        return None
    end = one.start + len(one.ref)
    if circular:
        left, right = _around(letters, one.start - length, length), _around(letters, end, length)
    else:
        left, right = letters[max(0, one.start - length) : one.start], letters[end : end + length]
    middle = min(len(left) + len(one.ref) // 2 - length // 2, len(left))
    pieces = (left + one.ref + right, left + one.alt + right)
    firsts = (min(max(0, middle), len(piece) - length) for piece in pieces)
    reference, alternative = (piece[at : at + length] for piece, at in zip(pieces, firsts, strict=True))
    return reference, alternative


def _around(letters: str, start: int, length: int) -> str:
    """So many letters of a circle, at most all."""
    start %= len(letters)
    piece = letters[start : start + length]
    return piece + letters[: length - len(piece)]
