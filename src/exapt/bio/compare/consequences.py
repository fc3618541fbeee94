"""What a difference from the reference does to the genes of the reference.

===================  =========================================================================================
synonymous           the protein stays as it is
missense             one amino acid for another
stop_gained          the protein ends earlier
stop_lost            the stop codon is none any more
start_lost           the start codon is none any more
frameshift           an indel whose length is no multiple of three
inframe_insertion    letters are gained, and the rest of the protein stays in frame
inframe_deletion     letters are lost, and the rest of the protein stays in frame
cds_edge             an indel over the end of a coding part: splicing, start or stop are in doubt
unknown              the codon has an ambiguous letter
===================  =========================================================================================

Substitutions of one genome in one codon are read together. An indel is read alone.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple

from exapt.bio.compare.coding import Coding
from exapt.bio.compare.variants import Difference
from exapt.bio.sequence.alphabets import reverse_complement

Kind = Literal[
    "synonymous",
    "missense",
    "stop_gained",
    "stop_lost",
    "start_lost",
    "frameshift",
    "inframe_insertion",
    "inframe_deletion",
    "cds_edge",
    "unknown",
]


class Consequence(NamedTuple):
    """What one difference does to one gene.

    Attributes
    ----------
    difference
        From the reference.
    gene
        Name of the coding sequence.
    kind
        What happens.
    codon
        Number of the first codon concerned, from 1; 0 where it is none in particular.
    change
        ``K45R``: amino acid, codon, amino acid; ``*`` a stop; ``fs`` behind a frameshift; may be empty.
    """

    difference: Difference
    gene: str
    kind: Kind
    codon: int
    change: str


def consequences(found: Sequence[Difference], genes: Sequence[Coding]) -> list[Consequence]:
    """What differences of one genome do, gene by gene.

    Parameters
    ----------
    found
        Of one genome; in the order of `variants.differences`.
    genes
        Of the reference.
    """
    places: dict[str, tuple[list[int], list[Difference]]] = {}
    for one in found:
        starts, own = places.setdefault(one.target, ([], []))
        starts.append(one.start)
        own.append(one)
    longest = max((len(one.ref) for one in found), default=1)
    told: list[Consequence] = []
    for gene in genes:
        starts, own = places.get(gene.feature.seqid, ([], []))
        first = bisect_left(starts, gene.feature.start - longest)
        near = own[first : bisect_left(starts, gene.feature.end)]
        if near:
            told += _of_gene(near, gene)
    return told


def _of_gene(near: Sequence[Difference], gene: Coding) -> Iterator[Consequence]:
    codons: dict[int, list[tuple[Difference, int]]] = {}
    for one in near:
        if one.is_substitution:
            place = _place(gene, one.start)
            if place is not None:
                codons.setdefault(place // 3, []).append((one, place))
        else:
            yield from _of_indel(one, gene)
    for codon, changes in codons.items():
        if 3 * codon + 3 <= len(gene.letters):
            kind, change = _of_codon(gene, codon, changes)
            yield from (Consequence(one, gene.name, kind, codon + 1, change) for one, _ in changes)


def _place(gene: Coding, position: int) -> int | None:
    """Where a letter of the contig stands in the spliced letters of a gene; None: in an intron, or outside."""
    walked = -(gene.feature.phase or 0)
    for start, end, strand, *_ in gene.feature.reading_order():
        if start <= position < end:
            place = walked + (position - start if strand == "+" else end - 1 - position)
            return place if place >= 0 else None
        walked += end - start
    return None


def _of_codon(gene: Coding, codon: int, changes: Sequence[tuple[Difference, int]]) -> tuple[Kind, str]:
    before = gene.letters[3 * codon : 3 * codon + 3]
    after = list(before)
    for one, place in changes:
        after[place % 3] = one.alt if gene.feature.strand == "+" else reverse_complement(one.alt)
    new = "".join(after)
    ref, alt = (gene.code.amino_acids.get(letters, "X") for letters in (before, new))
    if codon == 0 and gene.begins and before in gene.code.starts:
        return ("synonymous", f"M1{'M'}") if new in gene.code.starts else ("start_lost", f"M1{alt}")
    change = f"{ref}{codon + 1}{alt}"
    if "X" in (ref, alt):
        return "unknown", change
    if ref == alt:
        return "synonymous", change
    return ("stop_lost" if ref == "*" else "stop_gained" if alt == "*" else "missense"), change


def _of_indel(one: Difference, gene: Coding) -> Iterator[Consequence]:
    first, last = one.start + 1, one.start + len(one.ref)  # the letters behind the anchor
    if first >= gene.feature.end or last <= gene.feature.start or (first == last and first <= gene.feature.start):
        return
    part = next((part for part in gene.feature.parts if part.start <= first <= last <= part.end), None)
    if part is None or first == last == part.end or (first == last == part.start):
        if any(part.start < last and first < part.end for part in gene.feature.parts):
            yield Consequence(one, gene.name, "cds_edge", 0, "")
        return
    forward = gene.feature.strand == "+"
    edge = (
        _place(gene, first if forward else last - 1) if first < last else _place(gene, first if forward else first - 1)
    )
    if edge is None:
        yield Consequence(one, gene.name, "cds_edge", 0, "")
        return
    gained = one.alt[1:] if forward else reverse_complement(one.alt[1:])
    lost = len(one.ref) - 1
    letters = gene.letters[:edge] + gained + gene.letters[edge + lost :]
    kind, codon, change = _of_protein(gene, letters, edge, len(gained) - lost)
    yield Consequence(one, gene.name, kind, codon, change)


def _of_protein(gene: Coding, letters: str, edge: int, grown: int) -> tuple[Kind, int, str]:
    """What happens where the letters of a gene become others, from the letter `edge` on."""
    begins = gene.begins and gene.letters[:3] in gene.code.starts
    codon = edge // 3 + 1
    ref = gene.code.amino_acids.get(gene.letters[3 * codon - 3 : 3 * codon], "X")
    if begins and letters[:3] not in gene.code.starts:
        return "start_lost", 1, "M1?"
    if grown % 3:
        return "frameshift", codon, f"{ref}{codon}fs"
    before, after = (gene.code.translate(text) for text in (gene.letters, letters))
    if before.endswith("*") and "*" not in after:
        return "stop_lost", codon, f"{ref}{codon}?"
    stop = after.find("*")
    if 0 <= stop < len(after) - 1:
        return "stop_gained", stop + 1, f"{before[stop : stop + 1]}{stop + 1}*"
    kind: Kind = "inframe_insertion" if grown > 0 else "inframe_deletion" if grown < 0 else "missense"
    return kind, codon, f"{ref}{codon}{'ins' if grown > 0 else 'del' if grown < 0 else 'delins'}"
