"""Where blocks end, to the letter: both ends go on, without gaps, as far as the letters are alike and free."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from exapt.bio.compare.blocks import OTHER, SAME, Block
from exapt.bio.sequence.alphabets import reverse_complement

FARTHEST = 200  # letters that an end may go on
FALL = 10  # score, +1 a match and -1 a mismatch, that it may lose on the way


class Cover:
    """Which letters of a genome stand in a block."""

    def __init__(self, letters: Mapping[str, str]) -> None:
        self._taken = {name: np.zeros(len(text), dtype=np.bool_) for name, text in letters.items()}

    def add(self, name: str, start: int, end: int) -> None:
        """Take an interval."""
        self._taken[name][start:end] = True

    def free(self, name: str, start: int, end: int) -> list[tuple[int, int]]:
        """The parts of an interval that stand in no block."""
        edges = np.flatnonzero(np.diff(self._taken[name][start:end], prepend=True, append=True)) + start
        return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))

    def ahead(self, name: str, at: int, step: int) -> int:
        """Free letters, at most `FARTHEST`, from a position on (`step` 1) or back from it (-1)."""
        taken = self._taken[name]
        window = taken[at : at + FARTHEST] if step > 0 else taken[max(0, at - FARTHEST) : at][::-1]
        return int(window.argmax()) if window.any() else len(window)


def extended(blocks: Iterable[Block], query: Mapping[str, str], target: Mapping[str, str]) -> Iterator[Block]:
    """Blocks, the best first, with both ends as far out as they are alike; blocks that meet become one."""
    known = list(blocks)
    on_query, on_target = Cover(query), Cover(target)
    for block in known:
        on_query.add(block.query, block.query_start, block.query_end)
        on_target.add(block.target, block.target_start, block.target_end)
    grown = []
    for block in known:
        for step in (1, -1):
            block = _further(block, step, (query, on_query), (target, on_target))
        grown.append(block)
    yield from _joined(grown)


def _further(
    block: Block, step: int, query: tuple[Mapping[str, str], Cover], target: tuple[Mapping[str, str], Cover]
) -> Block:
    """One end of a block, that of the target's end (`step` 1) or start (-1), as far out as it goes."""
    at = block.target_end if step > 0 else block.target_start
    turn = step if block.strand == "+" else -step
    of = block.query_end if turn > 0 else block.query_start
    room = min(target[1].ahead(block.target, at, step), query[1].ahead(block.query, of, turn))
    one = _letters(target[0][block.target], at, step, room)
    other = _letters(query[0][block.query], of, turn, room)
    if turn != step:
        other = np.frombuffer(reverse_complement(other.tobytes().decode())[::-1].encode(), dtype=np.uint8)
    same = one == other
    score = np.cumsum(np.where(same, 1, -1))
    fallen = np.maximum.accumulate(np.maximum(score, 0)) - score > FALL
    score = score[: int(fallen.argmax())] if fallen.any() else score
    if not len(score) or score.max() <= 0:
        return block
    width = int(score.argmax()) + 1
    grown = replace(block, target_end=at + width) if step > 0 else replace(block, target_start=at - width)
    grown = replace(grown, query_end=of + width) if turn > 0 else replace(grown, query_start=of - width)
    query[1].add(block.query, min(of, of + turn * width), max(of, of + turn * width))
    target[1].add(block.target, min(at, at + step * width), max(at, at + step * width))
    added = np.where(same[:width][::step], SAME, OTHER).astype(np.uint8)
    columns = [block.operations, added] if step > 0 else [added, block.operations]
    lengths = [block.lengths, np.ones(width, dtype=np.int64)]
    return _tidied(grown, np.concatenate(columns), np.concatenate(lengths[::step]))


def _letters(text: str, at: int, step: int, room: int) -> NDArray[np.uint8]:
    piece = text[at : at + room] if step > 0 else text[at - room : at][::-1]
    return np.frombuffer(piece.encode(), dtype=np.uint8)


def _tidied(block: Block, operations: NDArray[np.uint8], lengths: NDArray[np.int64]) -> Block:
    """The block with other columns, neighbours of one operation as one."""
    first = np.flatnonzero(np.diff(operations, prepend=255))
    return replace(block, operations=operations[first], lengths=np.add.reduceat(lengths, first))


def _joined(blocks: list[Block]) -> Iterator[Block]:
    """Blocks of which one goes on where the other ends, on both genomes, as one."""
    waiting: Block | None = None
    for block in sorted(blocks, key=lambda one: (one.target, one.target_start)):
        if waiting is not None and _meet(waiting, block):
            start, end = min(waiting.query_start, block.query_start), max(waiting.query_end, block.query_end)
            whole = replace(waiting, query_start=start, query_end=end, target_end=block.target_end)
            columns = (np.concatenate([waiting.operations, block.operations]), [waiting.lengths, block.lengths])
            waiting = _tidied(whole, columns[0], np.concatenate(columns[1]))
            continue
        if waiting is not None:
            yield waiting
        waiting = block
    if waiting is not None:
        yield waiting


def _meet(one: Block, other: Block) -> bool:
    ends = (one.query_end, other.query_start) if one.strand == "+" else (one.query_start, other.query_end)
    same = (one.target, one.query, one.strand) == (other.target, other.query, other.strand)
    return same and one.target_end == other.target_start and ends[0] == ends[1]
