"""`find_genes`: the genes of a prokaryote, those of proteins and those of RNA, as GFF3, FASTA and BED."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

from exapt.core.paths import refuse_outputs
from exapt.core.progress import bar


def find_genes(  # noqa: PLR0913 - one parameter an option of the command
    genome: Path,
    output: Path,
    *,
    table: int = 11,
    proteins: Path | None = None,
    nucleotides: Path | None = None,
    noncoding: Path | None = None,
    operons: Path | None = None,
    adapt: bool = True,
    circular: bool = False,
    force: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    r"""Find the genes of a bacterium or archaeon and write them.

    Parameters
    ----------
    genome
        FASTA or GenBank, plain or gzip. Lower case is read as capitals, an ambiguity code as an unknown letter.
    output
        GFF3 to write; `.gz` packs it.
    table
        Genetic code of NCBI: 11, or 4 where TGA is tryptophan (Mycoplasma, Spiroplasma).
    proteins, nucleotides
        FASTA of the proteins, and of their genes with the stop codons.
    noncoding
        BED of the genes of RNA, of candidates of small RNA, and of the regions between genes.
    operons
        BED with twelve columns of genes that are likely to be on one transcript.
    adapt
        Count on this genome, without labels, what its genes look like; False: as those of E. coli.
    circular
        All contigs are circular; else those whose header or LOCUS line says so.
    force
        Replace what is there.
    quiet
        No progress on stderr.

    Returns
    -------
    dict
        ``contigs``, ``letters``, ``unknown_letters``, ``genes``, ``partial``, ``coding_share``, ``rna`` (kind ->
        genes), ``operons``, ``table``, ``adapted``, ``seconds``.

    Raises
    ------
    InputError
        Where the genome cannot be read, is no DNA, or an option is wrong.
    RunExistsError
        Where an output is there already.

    Examples
    --------
    >>> import tempfile
    >>> folder = Path(tempfile.mkdtemp())
    >>> _ = (folder / "g.fa").write_text(">c1\n" + "ATG" + "GCTGAAAAACTG" * 40 + "TAA\n")
    >>> find_genes(folder / "g.fa", folder / "g.gff3", quiet=True)["letters"]
    486
    """
    from exapt.bio.formats import bed, fasta, gff3
    from exapt.bio.formats.genome import read
    from exapt.bio.genes import annotated, tracks
    from exapt.bio.genes.codes import UNKNOWN, digits, genetic_code
    from exapt.bio.genes.finding import passes
    from exapt.bio.genes.model import shipped
    from exapt.bio.rna.genome import genome_rnas, genome_small

    code = genetic_code(table)
    refuse_outputs(output, proteins, nucleotides, noncoding, operons, force=force)
    begun = time.perf_counter()
    read_genome = read(genome)
    if circular:
        contigs = {name: replace(contig, circular=True) for name, contig in read_genome.contigs.items()}
        read_genome = replace(read_genome, contigs=contigs)
    letters = sum(contig.length or 0 for contig in read_genome.contigs.values())
    with bar("genes", (1 + passes(shipped())) * letters, unit="bp", quiet=quiet) as progress:
        rnas = genome_rnas(read_genome, code, advance=lambda done: progress.advance(done))
        found = annotated.genome_genes(
            read_genome, code, adapt=adapt, rnas=rnas, advance=lambda done: progress.advance(done)
        )
    made = annotated.annotation(read_genome, found, code, rnas)
    gff3.write(output, made)
    if noncoding is not None:
        bed.write(noncoding, tracks.noncoding(read_genome, made, genome_small(read_genome, found, rnas)))
    if operons is not None:
        bed.write(operons, tracks.transcripts(made))
    if proteins is not None:
        fasta.write(proteins, annotated.proteins(read_genome, made, code))
    if nucleotides is not None:
        fasta.write(nucleotides, annotated.sequences(read_genome, made))
    unknown = sum(int((digits(read_genome.fetch(name)) == UNKNOWN).sum()) for name in read_genome.contigs)
    return {
        "contigs": len(read_genome.contigs),
        "letters": letters,
        "unknown_letters": unknown,
        "genes": sum(map(len, found.values())),
        "partial": sum(int((genes.open_start | ~genes.closed).sum()) for genes in found.values()),
        "coding_share": annotated.coding_share(read_genome, found),
        "rna": dict(sorted(Counter(rna.kind for here in rnas.values() for rna in here).items())),
        "operons": len(made.of("operon")),
        "table": table,
        "adapted": adapt,
        "seconds": time.perf_counter() - begun,
    }
