"""Genes of RNA of a whole genome, and what may be small RNA between its genes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from exapt.bio.formats.genome import Genome
from exapt.bio.genes.codes import GeneticCode, digits
from exapt.bio.genes.found import Genes
from exapt.bio.genes.windows import strips
from exapt.bio.rna.finding import PIECE, find_rnas
from exapt.bio.rna.found import Rna
from exapt.bio.rna.model import Model, shipped
from exapt.bio.rna.small import find_small


def genome_rnas(
    genome: Genome,
    code: GeneticCode,
    *,
    model: Model | None = None,
    circular: bool = False,
    piece: int = PIECE,
    advance: Callable[[int], None] = lambda letters: None,
) -> dict[str, list[Rna]]:
    """The genes of RNA of each contig, from left to right.

    Parameters
    ----------
    genome
        DNA; lower case is read as capitals, any other letter than A, C, G, T as unknown.
    code
        Says which amino acid an anticodon stands for.
    model
        What was learned on other genomes; None: the one of E. coli K-12 and Rfam that comes with the package.
    circular
        All contigs are circular; else those that the genome says are.
    piece
        Letters that are read at a time; the result does not depend on it.
    advance
        Called with letters gone through, those of the genome in all.

    Examples
    --------
    >>> from exapt.bio.formats.genome import of_letters
    >>> from exapt.bio.genes.codes import CODES
    >>> phe = "GCCCGGATAGCTCAGTCGGTAGAGCAGGGGATTGAAAATCCCCGTGTCCTTGGTTCGATTCCGAGTCCGGGCACCA"
    >>> ((rna,),) = genome_rnas(of_letters({"c1": "AT" * 90 + phe + "CA" * 90}), CODES[11]).values()
    >>> rna.left, rna.right, rna.product, rna.anticodon
    (180, 256, 'tRNA-Phe', 'GAA')
    """
    model = shipped() if model is None else model
    found: dict[str, list[Rna]] = {}
    for name, contig in genome.contigs.items():
        letters = digits(genome.fetch(name))
        found[name] = [
            rna._replace(left=rna.left + strip.offset, right=rna.right + strip.offset)
            for strip in strips(letters, circular=circular or contig.circular)
            for rna in find_rnas(strip, model, code, piece=piece)
        ]
        advance(len(letters))
    return found


def genome_small(
    genome: Genome,
    genes: Mapping[str, Genes],
    rnas: Mapping[str, Sequence[Rna]],
    *,
    model: Model | None = None,
    piece: int = PIECE,
) -> dict[str, list[Rna]]:
    """Candidates of small RNA of each contig, from left to right; most of them are none, as their scores say.

    Parameters
    ----------
    genome
        As in `genome_rnas`.
    genes, rnas
        What was found on each contig.
    model
        As in `genome_rnas`.
    piece
        Letters that are read at a time; the result does not depend on it.
    """
    model = shipped() if model is None else model
    return {
        name: find_small(digits(genome.fetch(name)), genes[name], rnas[name], model.small, piece=piece)
        for name in genome.contigs
    }
