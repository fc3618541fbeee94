"""What the page of a comparison of genomes says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd


@dataclass(frozen=True)
class Track:
    """A genome as it is drawn: its contigs one behind the other.

    Attributes
    ----------
    name
        Of the genome.
    contigs
        Name and letters of each contig.
    genes
        First letter, end, strand and class (core, accessory, unique, or empty) of each gene, counted over all contigs.
    """

    name: str
    contigs: tuple[tuple[str, int], ...]
    genes: tuple[tuple[int, int, str, str], ...] = ()

    @property
    def length(self) -> int:
        """Letters of all contigs."""
        return sum(length for _, length in self.contigs)


@dataclass(frozen=True)
class GenomesContent:
    """What the page of a comparison says.

    Attributes
    ----------
    tracks
        The genomes; the first one is the reference.
    ribbons
        Of each two neighbouring tracks: columns a_start, a_end, b_start, b_end, turned (bool); over all contigs.
    dots
        Genome -> its blocks on the reference, columns x_start, x_end, y_start, y_end; y falls where it is turned.
    density
        Columns genome, start, end, per_kb (NaN where nothing is aligned), windows along the reference.
    headline
        The answer in a sentence.
    facts
        Label and text of each fact.
    genomes, identity, variants, effects, events, groups
        Rows of tables, column -> value; may be empty.
    notes
        What was inferred or is odd, one sentence each.
    command
        What repeats it.
    remote, scores
        Rows of tables of what models say: pairs of genes, and differences; the best first.
    """

    tracks: tuple[Track, ...]
    ribbons: tuple[pd.DataFrame, ...]
    dots: Mapping[str, pd.DataFrame]
    density: pd.DataFrame
    headline: str
    facts: Sequence[tuple[str, str]]
    genomes: Sequence[Mapping[str, Any]]
    identity: Sequence[Mapping[str, Any]]
    variants: Sequence[Mapping[str, Any]]
    effects: Sequence[Mapping[str, Any]]
    events: Sequence[Mapping[str, Any]]
    groups: Sequence[Mapping[str, Any]]
    notes: Sequence[str] = ()
    command: str = ""
    version: str = ""
    remote: Sequence[Mapping[str, Any]] = ()
    scores: Sequence[Mapping[str, Any]] = ()
