"""Genes of a genome as windows with one label a base: GFF3 or GTF beside a FASTA file, or GenBank."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from exapt.bio.formats import genbank, genome, gff3, gtf
from exapt.core.errors import ConfigError
from exapt.data.formats import Format, Raw
from exapt.data.gene_windows import Cutting, labellings, window_table

GENBANK = (".gb", ".gbk", ".gbff")


@dataclass(frozen=True)
class AnnotationFile(Format):
    """One row a window: id, sequence, labels, chrom, start, end, block.

    Parameters
    ----------
    genome
        FASTA file of the letters; a GenBank file, or GFF3 with ``##FASTA``, holds them itself.
    window, overlap, block
        Letters of a window, of the overlap of two neighbours, and of a block that no window crosses.
    sources
        Sources (column 2) that are genes; empty = all.
    """

    suffixes: ClassVar[tuple[str, ...]] = (".gff3", ".gff", ".gtf", *GENBANK)
    genome: str | None = None
    window: int = 4096
    overlap: int = 512
    block: int = 50_000
    sources: tuple[str, ...] = ()

    def read(self, path: Path, text: Collection[str] = ()) -> Raw:
        """All windows."""
        ending = Path(path.name.removesuffix(".gz")).suffix.lower()
        reader = genbank if ending in GENBANK else gtf if ending == ".gtf" else gff3
        annotation = reader.read(path)
        if self.genome is None and not annotation.letters:
            raise ConfigError(f"{path}: holds no letters. Name the FASTA file: options: {{genome: genome.fa}}.")
        read = genome.read(Path(self.genome), upper=True) if self.genome else genome.of_annotation(annotation)
        letters = genome.of_letters({name: read.fetch(name).upper() for name in read.contigs}, where=read.where)
        found = labellings(annotation, letters, self.sources)
        return window_table(letters, found, Cutting(self.window, self.overlap, self.block))

    def files(self, path: Path) -> list[Path]:
        """The annotation and the letters."""
        return [path, *([Path(self.genome)] if self.genome else [])]


EXPORT = AnnotationFile
