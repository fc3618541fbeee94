"""Blocks of an annotated genome, and the grammar that suits what a model says of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.bio.formats.genome import Genome
from exapt.bio.transcripts.agreement import LEVELS, Agreement, agreement
from exapt.bio.transcripts.annotated import Labelling
from exapt.bio.transcripts.grammar import Grammar, decoded
from exapt.bio.transcripts.labels import Transcript, spelt_transcripts
from exapt.bio.transcripts.windows import blocks

GRAMMARS = (
    Grammar(),
    *(
        Grammar(gene=gene, intron=intron, content=content)
        for content in (0.01, 0.02)
        for gene, intron in ((-5, -10), (-10, -5), (-10, -20), (-20, -7), (-40, -7))
    ),
)
"""Those to choose from: each letter a witness of its own, or little weight on letters beside splice sites."""
_WHOLE = 1 << 40  # longer than any block


@dataclass(frozen=True)
class Block:
    """A stretch of a contig, with its genes in its own coordinates.

    Attributes
    ----------
    name
        Contig and first position.
    letters
        In capitals.
    genes
        Those that labels can hold.
    ignored
        Intervals of which nothing is known.
    """

    name: str
    letters: str
    genes: tuple[Transcript, ...]
    ignored: tuple[tuple[int, int], ...]


def annotated_blocks(genome: Genome, labels: Mapping[str, Labelling], size: int) -> list[Block]:
    """The blocks of a genome, from left to right.

    Parameters
    ----------
    genome
        Letters in capitals.
    labels
        Of each contig.
    size
        Letters of a block, about; no gene is cut by its ends.

    Examples
    --------
    >>> from exapt.bio.formats.genome import of_letters
    >>> from exapt.bio.transcripts.annotated import label_contig
    >>> letters = "CATGCCCTAACTGTCC"
    >>> labels = label_contig([Transcript("+", ((1, 10),), (1, 10))], letters)
    >>> [(block.name, len(block.genes)) for block in annotated_blocks(of_letters({"c": letters}), {"c": labels}, 100)]
    [('c:0', 1)]
    """
    made = []
    for name, found in labels.items():
        letters = genome.fetch(name)
        for left, right in blocks(found.labels, size):
            inside = [gene for gene in found.kept if left <= gene.start and gene.end <= right]
            cut = [gene for gene in found.kept if gene not in inside and gene.start < right and left < gene.end]
            ignored = [(gone.start - left, gone.end - left) for gone in (*cut, *(one for one, _ in found.left_out))]
            moved = tuple(_moved(gene, -left) for gene in inside)
            made.append(Block(f"{name}:{left}", letters[left:right], moved, tuple(ignored)))
    return made


def _moved(gene: Transcript, shift: int) -> Transcript:
    exons = tuple((start + shift, end + shift) for start, end in gene.exons)
    return gene._replace(exons=exons, coding=(gene.coding[0] + shift, gene.coding[1] + shift))


def judged(chosen: Sequence[Block], weights: Mapping[str, NDArray[Any]], grammar: Grammar) -> Agreement:
    """Agreement of the decoded genes with the annotation; one segment a block.

    Parameters
    ----------
    chosen
        Blocks.
    weights
        Name of a block -> log probability of each of `labels.CLASSES` at each position, (L, 23).
    grammar
        What a gene is.
    """
    letters = {block.name: block.letters for block in chosen}
    rows = decoded(grammar, weights, letters)
    return agreement(
        {block.name: block.genes for block in chosen},
        {name: spelt_transcripts(row) for name, row in rows.items()},
        {name: len(text) for name, text in letters.items()},
        ignored={block.name: block.ignored for block in chosen},
        segment=_WHOLE,
    )


def best_grammar(
    chosen: Sequence[Block], weights: Mapping[str, NDArray[Any]], among: Sequence[Grammar] = GRAMMARS
) -> tuple[int, list[dict[str, float]]]:
    """The grammar with the best sum of exon and gene F1 on some blocks, the first of equal ones.

    Parameters
    ----------
    chosen, weights
        As in `judged`.
    among
        What to choose from.

    Returns
    -------
    tuple
        Its place, and of each the F1 of each level.
    """
    scores = [judged(chosen, weights, grammar).scores() for grammar in among]
    f1 = [{level: round(one[level]["f1"], 4) for level in LEVELS} for one in scores]
    return int(np.argmax([np.nan_to_num(one["exon"]) + np.nan_to_num(one["gene"]) for one in f1])), f1
