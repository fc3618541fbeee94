"""Small differences of a genome from a reference: substitutions and indels, as VCF tells them.

An indel stands as far to the left as its letters allow without passing another difference, so that all differences of
a genome can be applied together: they give its letters back.

References
----------
Tan, Abecasis & Kang (2015) Unified representation of genetic variants. doi:10.1093/bioinformatics/btv112
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exapt.bio.compare.blocks import DELETED, INSERTED, OTHER, Block
from exapt.bio.formats.annotation import Contig
from exapt.bio.formats.vcf import Value, Variant
from exapt.bio.sequence.alphabets import DNA, reverse_complement
from exapt.core.errors import DataError

PLAIN = np.zeros(256, dtype=np.bool_)
PLAIN[list(DNA.letters.encode())] = True
_COMPLEMENT = np.frombuffer(reverse_complement(bytes(range(128)).decode())[::-1].encode(), dtype=np.uint8)
AS_N = {code: "N" for code in range(128) if chr(code) not in DNA.letters}


class Difference(NamedTuple):
    """A substitution of one letter, or an indel with the letter before it.

    Attributes
    ----------
    target, start
        Contig of the reference and first letter of `ref`, 0-based.
    ref, alt
        Letters of the reference, and of the other genome on the strand of the reference.
    """

    target: str
    start: int
    ref: str
    alt: str

    @property
    def is_substitution(self) -> bool:
        """Whether one letter stands for another."""
        return len(self.ref) == len(self.alt) == 1


def differences(blocks: Iterable[Block], query: Mapping[str, str], target: Mapping[str, str]) -> list[Difference]:
    """All substitutions and indels of blocks, by contig and position.

    Columns with an ambiguous letter say nothing; an ambiguous letter of an indel is N, as VCF has it.

    Parameters
    ----------
    blocks
        One to one, of the query on the target.
    query, target
        Contig -> letters in capitals.

    Examples
    --------
    >>> from exapt.bio.compare.blocks import of_cigar
    >>> query, target = {"q": "ACTTTGTC"}, {"t": "ACTTTTGAC"}
    >>> [one[1:] for one in differences([of_cigar("q", 0, "+", "t", 0, "5=1D1=1X1=")], query, target)]
    [(1, 'CT', 'C'), (7, 'A', 'T')]
    """
    found: list[Difference] = []
    codes = [as_codes(side) for side in (query, target)]
    for block in blocks:
        piece = query[block.query][block.query_start : block.query_end]
        piece = reverse_complement(piece) if block.strand == "-" else piece
        edges = block.target_edges()
        walked = (
            block.query_edges() - block.query_start if block.strand == "+" else block.query_end - block.query_edges()
        )
        found += _substitutions(block, codes[0][block.query], codes[1][block.target])
        found += _indels(block, piece, target[block.target], edges.tolist(), walked.tolist())
    return sorted(found, key=lambda one: (one.target, one.start, len(one.ref), one.alt))


def as_codes(letters: Mapping[str, str]) -> dict[str, NDArray[np.uint8]]:
    """Contig -> its letters as bytes."""
    return {name: np.frombuffer(text.encode(), dtype=np.uint8) for name, text in letters.items()}


def substituted(
    block: Block, query: NDArray[np.uint8], target: NDArray[np.uint8]
) -> tuple[NDArray[np.int64], NDArray[np.uint8], NDArray[np.uint8]]:
    """Columns of two letters of which none is ambiguous: place on the target, its letter, and that of the query.

    Parameters
    ----------
    block
        Of the query on the target.
    query, target
        Letters of both contigs as bytes; the letters of the query are returned on the strand of the target.
    """
    chosen = np.flatnonzero(block.operations == OTHER)
    lengths = block.lengths[chosen]
    inside = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    places = np.repeat(block.target_edges()[:-1][chosen], lengths) + inside
    walked = np.repeat(block.query_edges()[:-1][chosen], lengths)
    other = query[walked + inside] if block.strand == "+" else _COMPLEMENT[query[walked - 1 - inside]]
    sound = PLAIN[target[places]] & PLAIN[other]
    return places[sound], target[places[sound]], other[sound]


def _substitutions(block: Block, query: NDArray[np.uint8], target: NDArray[np.uint8]) -> Iterator[Difference]:
    places, one, other = substituted(block, query, target)
    letters = (side.tobytes().decode() for side in (one, other))
    for place, ref, alt in zip(places.tolist(), *letters, strict=True):
        yield Difference(block.target, place, ref, alt)


def _indels(block: Block, piece: str, target: str, edges: Sequence[int], walked: Sequence[int]) -> Iterator[Difference]:
    gaps = np.flatnonzero((block.operations == INSERTED) | (block.operations == DELETED)).tolist()
    lengths = block.lengths.tolist()
    last = 0
    for first in gaps:
        if first < last:  # the second of two that touch was told with the first
            continue
        last = first + 1
        while block.operations[last] in (INSERTED, DELETED):
            last += 1
        start, end = edges[first], edges[last]
        ref, alt = target[start:end], piece[walked[first] : walked[last]]
        room = lengths[first - 1] - 1  # the letter before an indel is one that both have
        while room and not (ref and alt) and (ref or alt)[-1] == target[start - 1]:
            moved = target[start - 1]
            ref, alt = (moved + ref[:-1] if ref else ""), (moved + alt[:-1] if alt else "")
            start, room = start - 1, room - 1
        anchor = target[start - 1]
        yield Difference(block.target, start - 1, (anchor + ref).translate(AS_N), (anchor + alt).translate(AS_N))


def check_reference(found: Iterable[Difference], target: Mapping[str, str]) -> None:
    """Refuse a difference whose letters are not those of the reference.

    Raises
    ------
    DataError
        With the place, what it says and what the reference has.
    """
    for name, start, ref, _ in found:
        there = target[name][start : start + len(ref)].translate(AS_N)
        if there != ref:
            raise DataError(f"{name}:{start + 1}: REF is {ref!r}, but the reference has {there!r}.")


def covered(blocks: Iterable[Block], target: Mapping[str, str]) -> dict[str, NDArray[np.bool_]]:
    """Contig -> shape (letters,), whether a letter of the target has a partner or lies in a small gap."""
    found = {name: np.zeros(len(text), dtype=np.bool_) for name, text in target.items()}
    for block in blocks:
        found[block.target][block.target_start : block.target_end] = True
    return found


def as_vcf(
    by_genome: Mapping[str, Sequence[Difference]],
    known: Mapping[str, Mapping[str, NDArray[np.bool_]]],
    contigs: Mapping[str, Contig],
    info: Mapping[Difference, Mapping[str, Value]],
) -> list[Variant]:
    """Rows of a VCF file, by contig and position, with one haploid sample a genome.

    Parameters
    ----------
    by_genome
        Name of the genome -> its differences from the reference.
    known
        Name of the genome -> what `covered` says: 0 where it is like the reference, ``.`` where that is not known.
    contigs
        Of the reference; their order is that of the rows.
    info
        Of some differences, for the column INFO.
    """
    alleles: dict[Difference, int] = {}  # bit of each genome that has it
    for row, found in enumerate(by_genome.values()):
        for one in found:
            alleles[one] = alleles.get(one, 0) | 1 << row
    order = {name: rank for rank, name in enumerate(contigs)}
    shared: dict[str, dict[str, dict[str, Value]]] = {}  # a row for each set of calls, for there are few
    rows = []
    for one in sorted(alleles, key=lambda one: (order[one.target], *one[1:])):
        calls = "".join(
            "1" if alleles[one] >> row & 1 else "0" if known[genome][one.target][one.start] else "."
            for row, genome in enumerate(by_genome)
        )
        samples = shared.setdefault(calls, {name: {"GT": call} for name, call in zip(by_genome, calls, strict=True)})
        rows.append(Variant(one.target, one.start, one.ref, (one.alt,), info=info.get(one, {}), samples=samples))
    return rows
