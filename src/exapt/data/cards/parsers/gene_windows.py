"""An annotated genome (FASTA and GFF3, or GenBank) as windows with one label a base."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from exapt.bio.formats import genbank, genome, gff3
from exapt.bio.formats.genome import Genome
from exapt.bio.transcripts.annotated import Labelling
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw
from exapt.data.gene_windows import Cutting, labellings, window_table


@dataclass(frozen=True)
class GeneWindows(Parser):
    """Columns id, sequence, labels, chrom, start, end and block.

    Parameters
    ----------
    window, overlap, block
        Letters of a window, of the overlap of two neighbours, and of a block that no window crosses.
    sources
        Sources of the GFF3 that are genes; empty = all.
    """

    window: int = 4096
    overlap: int = 512
    block: int = 50_000
    sources: Sequence[str] = ()

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """All windows."""
        return window_table(*self.read(files), Cutting(self.window, self.overlap, self.block))

    def read(self, files: Mapping[str, Path]) -> tuple[Genome, dict[str, Labelling]]:
        """The genome in capitals and the labels of its contigs."""
        plain = {path.removesuffix(".gz"): place for path, place in files.items()}
        notes = [place for path, place in plain.items() if path.endswith((".gff", ".gff3"))]
        letters = [place for path, place in plain.items() if path.endswith((".fa", ".gbk"))]
        annotation = gff3.read(notes[0]) if notes else genbank.read(letters[0])
        contigs = genome.read(letters[0], upper=True)
        return contigs, labellings(annotation, contigs, self.sources)


EXPORT = GeneWindows
