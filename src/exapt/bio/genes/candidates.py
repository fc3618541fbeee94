"""The candidate genes of a piece of a genome on both strands, with what no round of adaptation changes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.codes import NO_CODON, UNKNOWN, Digits, GeneticCode, codons, other_strand
from exapt.bio.genes.found import Genes, frame_keys
from exapt.bio.genes.frames import Frames, Places, find_frames

HEXAMERS = 4096
NO_HEXAMER = 4096
SPACERS = np.arange(3, 16)  # letters between a ribosome-binding hexamer and the start codon
AROUND = np.concatenate([np.arange(-30, 0), np.arange(3, 20)])  # letters that a start site is told by
_PAD = 32

Hexamers = NDArray[np.uint16]
Letter = TypeVar("Letter", np.uint8, np.uint16)


@dataclass(frozen=True)
class Candidates:
    """Frames of both strands of L letters, the forward strand first; coordinates are those of each frame's strand.

    Attributes
    ----------
    length
        L.
    hexamers
        Of the forward and the reverse strand, (L,): the six letters from each place as a number, 4096 = unknown.
    frames
        n frames with m starts.
    reverse
        (n,) which strand.
    upstream
        (m, len(SPACERS)) hexamers before each start.
    around
        (m, len(AROUND)) digits around each start.
    """

    length: int
    hexamers: tuple[Hexamers, Hexamers]
    frames: Frames
    reverse: NDArray[np.bool_]
    upstream: Hexamers
    around: Digits

    def bounds(self, starts: Places) -> tuple[Places, Places]:
        """Left and right end of the genes with these starts (g,), on the forward strand."""
        owner = self.frames.owner[starts]
        begin, end, reverse = self.frames.start[starts], self.frames.end[owner], self.reverse[owner]
        return np.where(reverse, self.length - end, begin), np.where(reverse, self.length - begin, end)

    def take(self, keep: NDArray[np.bool_]) -> Candidates:
        """The frames where `keep` (n,) is True, with their starts."""
        starts = np.repeat(keep, np.diff(self.frames.first))
        return replace(
            self,
            frames=self.frames.take(keep),
            reverse=self.reverse[keep],
            upstream=self.upstream[starts],
            around=self.around[starts],
        )

    def keys(self) -> Places:
        """(n,) one number for the 3' end and the strand of each frame, as `Genes.keys`."""
        end = self.frames.end
        return frame_keys(np.where(self.reverse, self.length - end, end), self.reverse)

    def rows(self, genes: Genes) -> Places:
        """The starts of these genes, of those that have their frame and start among the candidates."""
        keys = self.keys()
        order = np.argsort(keys)
        place = np.minimum(np.searchsorted(keys, genes.keys, sorter=order), max(len(keys) - 1, 0))
        known = keys[order[place]] == genes.keys if len(keys) else np.zeros(len(genes), dtype=bool)
        frame = order[place[known]]
        begin = np.where(genes.reverse, self.length - genes.right, genes.left)[known]
        # within a frame starts ascend, and no two frames share both a frame number and a place
        wide = self.length + 1
        found = np.searchsorted(self.frames.owner * wide + self.frames.start, frame * wide + begin)
        found = np.minimum(found, max(len(self.frames.start) - 1, 0))
        good = (self.frames.start[found] == begin) & (self.frames.owner[found] == frame)
        rows: Places = found[good]
        return rows

    def last(self) -> Places:
        """(n,) place of the last codon that codes for an amino acid."""
        return self.frames.end - np.where(self.frames.closed, 6, 3)


def find_candidates(
    forward: Digits, code: GeneticCode, *, open_left: bool = True, open_right: bool = True
) -> Candidates:
    """All candidates of a piece; `open_left` and `open_right` say whether genes may run over its ends."""
    strands = (forward, other_strand(forward))
    ends = ((open_left, open_right), (open_right, open_left))
    found = [find_frames(s, code, open_left=a, open_right=b) for s, (a, b) in zip(strands, ends, strict=True)]
    hexamers = tuple(_hexamers(strand) for strand in strands)
    upstream = [_gather(h, f.start, -6 - SPACERS, NO_HEXAMER) for h, f in zip(hexamers, found, strict=True)]
    around = [_gather(s, f.start, AROUND, UNKNOWN) for s, f in zip(strands, found, strict=True)]
    return Candidates(
        len(forward),
        (hexamers[0], hexamers[1]),
        _joined(*found),
        np.repeat([False, True], [len(f) for f in found]),
        np.concatenate(upstream),
        np.concatenate(around),
    )


def _hexamers(strand: Digits) -> Hexamers:
    found = np.full(len(strand), NO_HEXAMER, dtype=np.uint16)
    single = codons(strand).astype(np.uint16)
    if len(single) > 3:
        pair = 64 * single[:-3] + single[3:]
        pair[(single[:-3] == NO_CODON) | (single[3:] == NO_CODON)] = NO_HEXAMER
        found[: len(pair)] = pair
    return found


def _gather(values: NDArray[Letter], start: Places, offsets: Places, missing: int) -> NDArray[Letter]:
    padded = np.pad(values, _PAD, constant_values=missing)
    found: NDArray[Letter] = padded[(start + _PAD)[:, None] + offsets]
    return found


def _joined(one: Frames, other: Frames) -> Frames:
    pairs = [(getattr(one, name), getattr(other, name)) for name in ("end", "closed", "start", "kind")]
    end, closed, start, kind = (np.concatenate(pair) for pair in pairs)
    return Frames(end, closed, np.concatenate([one.first, one.first[-1] + other.first[1:]]), start, kind)
