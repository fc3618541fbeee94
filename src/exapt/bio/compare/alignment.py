"""Two genomes aligned: minimap2 finds and aligns, we cut at what is not alike, choose one to one, and fill gaps.

The pair is always aligned the same way round, so that A against B and B against A are the same columns.

References
----------
Li H (2018) Minimap2: pairwise alignment for nucleotide sequences. doi:10.1093/bioinformatics/bty191
Ondov et al. (2016) Mash: fast genome and metagenome distance estimation using MinHash. doi:10.1186/s13059-016-0997-x
"""

from __future__ import annotations

import hashlib
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exapt.bio.compare._ends import Cover, extended
from exapt.bio.compare.blocks import DELETED, INSERTED, OTHER, SAME, Block
from exapt.bio.formats import fasta
from exapt.core.errors import ConfigError

Letters = Mapping[str, str]  # contig -> letters, in capitals
Codes = NDArray[np.uint32]
Index = tuple[Any, tuple[str, ...]]  # that of minimap2, and the names of its contigs
LEAST_MATCHES = 40  # same letters of a block; fewer are chance
LARGE = 50  # letters of an indel that is a gap between two blocks, not a gap in one
DROP = 50.0  # score that an alignment may lose before it is cut
LONGEST_GAP = 20_000  # letters between two blocks that are searched for a smaller one
_WORD, _SHARE, _WHOLE = 16, 64, 1_000_000  # letters of k-mers; one in so many is kept where a genome has more letters
_CHUNK = 1 << 22  # letters at a time; bounds the memory of temporary arrays
_DIGITS = np.zeros(256, dtype=np.uint32)
_DIGITS[list(b"ACGT")] = range(4)
_OPERATION = np.zeros(9, dtype=np.uint8)
_OPERATION[[7, 8, 1, 2]] = SAME, OTHER, INSERTED, DELETED  # as BAM numbers them
_EQUAL_OR_NOT = 0x4000000  # minimap2's --eqx


class Seeds(NamedTuple):
    """How minimap2 looks for alignments.

    Attributes
    ----------
    k, w
        Letters of a seed, and the window of which one is taken.
    chain, score
        Least score of a chain of seeds and of an alignment.
    scores
        Of a match; costs of a mismatch and of short and long gaps: opening and extension of each.
    """

    k: int
    w: int
    chain: int
    score: int
    scores: tuple[int, ...]


CLOSE = Seeds(19, 10, 40, 40, (1, 4, 6, 2, 26, 1))
FAR = Seeds(13, 5, 30, 60, (2, 3, 7, 2, 30, 1))  # of five sets of scores that with the best precision at 10 and 20 %
LOCAL = Seeds(9, 2, 30, 60, (2, 3, 7, 2, 30, 1))
FAR_FROM = 0.08  # divergence, from which seeds of 19 letters are too rare


@dataclass(frozen=True)
class Comparison:
    """What is alike in two genomes.

    Attributes
    ----------
    query, target
        Contig -> letters.
    blocks
        One to one: no letter of either genome stands in two; by contig and position of the target.
    query_copies
        Stretches of the query without a partner of their own that are alike a stretch of the target.
    target_copies
        The same of the target.
    """

    query: Letters
    target: Letters
    blocks: tuple[Block, ...]
    query_copies: tuple[Block, ...]
    target_copies: tuple[Block, ...]

    def swapped(self) -> Comparison:
        """The same with the genomes changed round."""
        sides = [_in_order(block.swapped() for block in side) for side in (self.target_copies, self.query_copies)]
        return Comparison(self.target, self.query, _in_order(block.swapped() for block in self.blocks), *sides)


def align(query: Letters, target: Letters) -> Comparison:
    """Align two genomes.

    Parameters
    ----------
    query, target
        Contig -> letters in capitals; the target is the reference of variants.

    Returns
    -------
    Comparison
        ``align(a, b)`` is ``align(b, a).swapped()``.
    """
    if _key(query) > _key(target):
        return align(target, query).swapped()
    seeds = FAR if divergence(query, target) > FAR_FROM else CLOSE
    chosen, extra = _aligned(query, target, seeds)
    lost = _copies(_in_order(block.swapped() for block in chosen), target, _index(query, seeds))
    return Comparison(query, target, chosen, extra, tuple(block.swapped() for block in lost))


def _aligned(query: Letters, target: Letters, seeds: Seeds) -> tuple[tuple[Block, ...], tuple[Block, ...]]:
    """Blocks one to one, and further copies in the query."""
    index = _index(target, seeds)
    found = [piece for block in _hits(index, query) for piece in _alike(block)]
    chosen = _one_to_one(found, query, target)
    chosen = _one_to_one([*chosen, *_between(chosen, query, target)], query, target)
    chosen = _one_to_one([*chosen, *_leftover(chosen, query, index)], query, target)
    chosen = _in_order(extended(sorted(chosen, key=_rank), query, target))
    return chosen, _copies(chosen, query, index)


def divergence(query: Letters, target: Letters) -> float:
    """Roughly the share of substituted letters, by shared k-mers; 1 where none is shared.

    Examples
    --------
    >>> divergence({"a": "ACGTTGCATTAGCCATGACTG" * 40}, {"b": "ACGTTGCATTAGCCATGACTG" * 30})
    0.0
    """
    one, other = (_sketch(side) for side in (query, target))
    least = min(len(one), len(other))
    shared = len(np.intersect1d(one, other, assume_unique=True))
    return 1 - (shared / least) ** (1 / _WORD) if shared else 1.0 if least else 0.0


def _sketch(letters: Letters) -> Codes:
    """A fair share of the k-mers of a genome, of each strand the smaller one."""
    total = sum(map(len, letters.values()))
    most = np.uint32(2**32 // _SHARE if total > _WHOLE else 2**32 - 1)
    kept = []
    pieces = (text[at : at + _CHUNK + _WORD - 1] for text in letters.values() for at in range(0, len(text), _CHUNK))
    for piece in pieces:
        digits = _DIGITS[np.frombuffer(piece.encode(), dtype=np.uint8)]
        codes = np.minimum(_words(digits), _words(3 - digits[::-1])[::-1])
        mixed = codes * np.uint32(0x9E3779B1)
        kept.append(mixed[mixed <= most])
    found = np.sort(np.concatenate(kept))
    return found[np.diff(found, prepend=found[:1] - np.uint32(1)) > 0]


def _words(digits: Codes) -> Codes:
    """The k-mer that begins at each letter, as a number."""
    width = 1
    while width < _WORD:
        digits = (digits[:-width] << np.uint32(2 * width)) | digits[width:]
        width *= 2
    return digits


def _key(letters: Letters) -> tuple[int, str]:
    """Which genome is the query: the shorter one; names make no difference."""
    digest = hashlib.sha256()
    for text in letters.values():
        digest.update(text.encode() + b"\n")
    return sum(map(len, letters.values())), digest.hexdigest()


def _index(letters: Letters, seeds: Seeds) -> Index:
    """minimap2's index of a genome."""
    try:
        import mappy
    except ImportError:
        raise ConfigError(
            "Genomes are aligned by minimap2 through mappy, which is not installed: pip install 'exapt[genomes]'."
        ) from None
    k, w, chain, score, scores = seeds
    options = {"k": k, "w": w, "min_cnt": 3, "min_chain_score": chain, "min_dp_score": score, "scoring": scores}
    options |= {"preset": "asm20", "n_threads": 1, "best_n": 20}
    if len(letters) == 1:
        return mappy.Aligner(seq=next(iter(letters.values())), **options), tuple(letters)
    with tempfile.TemporaryDirectory(prefix="exapt-genomes-") as folder:
        path = Path(folder) / "target.fa"
        fasta.write(path, (fasta.Record(str(row), text) for row, text in enumerate(letters.values())), width=0)
        return mappy.Aligner(str(path), **options), tuple(letters)


def _hits(index: Index, query: Letters) -> Iterator[Block]:
    aligner, names = index
    for name, letters in query.items():
        for hit in aligner.map(letters, extra_flags=_EQUAL_OR_NOT):
            target = names[0] if len(names) == 1 else names[int(hit.ctg)]
            pairs = np.array(hit.cigar, dtype=np.int64).reshape(-1, 2)
            strand: Literal["+", "-"] = "+" if hit.strand > 0 else "-"
            place = (target, hit.r_st, hit.r_en)
            block = Block(name, hit.q_st, hit.q_en, strand, *place, _OPERATION[pairs[:, 1]], pairs[:, 0])
            trimmed = block.part(0, len(pairs))
            if trimmed is not None:
                yield trimmed


def _alike(block: Block) -> Iterator[Block]:
    """The pieces of a block between stretches that are not alike, over which minimap2 aligns what it can."""
    cost = np.where(block.operations == OTHER, -2.0 * block.lengths, -np.minimum(3.0 + block.lengths, 15.0))
    change = np.where(block.operations == SAME, block.lengths, cost)
    change[(block.operations >= INSERTED) & (block.lengths >= LARGE)] = -2 * DROP  # cuts
    first = 0
    while first < len(change):
        score = np.cumsum(change[first:])
        best = np.maximum.accumulate(score)
        fallen = best - score > DROP
        stop = int(fallen.argmax()) if fallen.any() else len(score)
        last = first + int(score[:stop].argmax()) + 1
        piece = block.part(first, last)
        if piece is not None and piece.matches >= LEAST_MATCHES:
            yield piece
        if stop == len(score):
            return
        rest = np.cumsum(change[last:])
        lowest = np.minimum.accumulate(rest)
        risen = rest - lowest > DROP
        if not risen.any():
            return
        first = last + int(rest[: int(risen.argmax())].argmin()) + 1


def _one_to_one(blocks: Iterable[Block], query: Letters, target: Letters) -> tuple[Block, ...]:
    """Blocks from the best to the worst, each without what a better one has, on either genome."""
    on_query, on_target = Cover(query), Cover(target)
    chosen = []
    for block in sorted(blocks, key=_rank):
        for one in on_target.free(block.target, block.target_start, block.target_end):
            rest = block.in_target(*one)
            spans = [] if rest is None else on_query.free(rest.query, rest.query_start, rest.query_end)
            for span in spans:
                piece = None if rest is None else rest.in_query(*span)
                if piece is not None and piece.matches >= LEAST_MATCHES:
                    on_query.add(piece.query, piece.query_start, piece.query_end)
                    on_target.add(piece.target, piece.target_start, piece.target_end)
                    chosen.append(piece)
    return _in_order(chosen)


def _rank(block: Block) -> tuple[int, str, int, str, int]:
    return (-block.matches, block.target, block.target_start, block.query, block.query_start)


def _in_order(blocks: Iterable[Block]) -> tuple[Block, ...]:
    return tuple(sorted(blocks, key=lambda block: (block.target, block.target_start, block.query, block.query_start)))


def _between(blocks: tuple[Block, ...], query: Letters, target: Letters) -> Iterator[Block]:
    """Small blocks in the gaps between neighbours, with seeds that are too short for a whole genome."""
    for gap, other in _gaps(blocks):
        name, start, end = gap
        index = _index({name: target[name][start:end]}, LOCAL)
        for block in _hits(index, {other[0]: query[other[0]][other[1] : other[2]]}):
            for piece in _alike(block):
                yield moved(piece, other[1], start)


def _gaps(blocks: tuple[Block, ...]) -> Iterator[tuple[tuple[str, int, int], tuple[str, int, int]]]:
    """Intervals of target and query between blocks that are neighbours on the target."""
    for one, other in pairwise(blocks):
        if (one.target, one.query, one.strand) != (other.target, other.query, other.strand):
            continue
        first, last = (one, other) if one.strand == "+" else (other, one)
        start, end = first.query_end, last.query_start
        spans = (other.target_start - one.target_end, end - start)
        if min(spans) >= LEAST_MATCHES and max(spans) <= LONGEST_GAP:
            yield (one.target, one.target_end, other.target_start), (one.query, start, end)


def moved(block: Block, query: int, target: int) -> Block:
    """The same block so many letters further on both genomes."""
    return replace(
        block,
        query_start=block.query_start + query,
        query_end=block.query_end + query,
        target_start=block.target_start + target,
        target_end=block.target_end + target,
    )


def _leftover(blocks: tuple[Block, ...], query: Letters, index: Index) -> list[Block]:
    """Stretches of the query that stand in no block, laid where they are alike the target."""
    cover = Cover(query)
    for block in blocks:
        cover.add(block.query, block.query_start, block.query_end)
    found = []
    for name, letters in query.items():
        for start, end in cover.free(name, 0, len(letters)):
            if end - start >= LEAST_MATCHES:
                hits = _hits(index, {name: letters[start:end]})
                found += [moved(piece, start, 0) for hit in hits for piece in _alike(hit)]
    return found


def _copies(blocks: tuple[Block, ...], query: Letters, index: Index) -> tuple[Block, ...]:
    """The same, the best for each letter of the query."""
    cover = Cover(query)
    found = []
    for block in sorted(_leftover(blocks, query, index), key=_rank):
        for span in cover.free(block.query, block.query_start, block.query_end):
            part = block.in_query(*span)
            if part is not None and part.matches >= LEAST_MATCHES:
                cover.add(part.query, part.query_start, part.query_end)
                found.append(part)
    return _in_order(found)
