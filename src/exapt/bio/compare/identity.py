"""How alike two genomes are, and how much of each has a partner in the other."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.bio.compare.alignment import Comparison
from exapt.bio.compare.blocks import INSERTED, OTHER, SAME, Block
from exapt.bio.compare.variants import PLAIN, as_codes, substituted


@dataclass(frozen=True, slots=True)
class Identity:
    """Of the blocks one to one; the same both ways round.

    Attributes
    ----------
    same, other
        Columns with the same letter, and with two letters; those with an ambiguous letter are neither.
    gaps, gap_letters
        Indels within blocks, and the letters in them.
    query_aligned, target_aligned
        Share of the letters of each genome that have a partner, 0 to 1.
    """

    same: int
    other: int
    gaps: int
    gap_letters: int
    query_aligned: float
    target_aligned: float

    @property
    def ani(self) -> float:
        """Average nucleotide identity: same letters among the columns without gap, 0 to 1; 0 without any."""
        return self.same / (self.same + self.other) if self.same else 0.0

    @property
    def gap_compressed(self) -> float:
        """Same letters among all columns, each indel counted as one, 0 to 1."""
        return self.same / (self.same + self.other + self.gaps) if self.same else 0.0


def identity(found: Comparison) -> Identity:
    """Identity and aligned shares of two genomes.

    Examples
    --------
    >>> from exapt.bio.compare import alignment, simulate
    >>> letters = simulate.random_genome(10_000, seed=1)
    >>> changed = simulate.evolve(letters, divergence=0.02, seed=2).letters
    >>> found = identity(alignment.align({"b": changed}, {"a": letters}))
    >>> round(found.ani, 3), found.query_aligned > 0.999
    (0.98, True)
    """
    codes = [as_codes(side) for side in (found.query, found.target)]
    same = other = gaps = letters = 0
    for block in found.blocks:
        same += _same(block, codes[1][block.target])
        other += len(substituted(block, codes[0][block.query], codes[1][block.target])[0])
        gapped = block.operations >= INSERTED
        gaps += int(gapped.sum())
        letters += int(block.lengths[gapped].sum())
    paired = sum(block.columns(SAME) + block.columns(OTHER) for block in found.blocks)
    sizes = [max(1, sum(map(len, side.values()))) for side in (found.query, found.target)]
    return Identity(same, other, gaps, letters, paired / sizes[0], paired / sizes[1])


def _same(block: Block, target: NDArray[np.uint8]) -> int:
    """Columns with the same letter, which is not ambiguous."""
    unknown = np.flatnonzero(~PLAIN[target[block.target_start : block.target_end]]) + block.target_start
    operations = block.operations[np.searchsorted(block.target_edges()[1:], unknown, side="right")]
    return block.columns(SAME) - int((operations == SAME).sum())
