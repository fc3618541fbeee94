"""`find_genes`: the protein-coding genes of a prokaryote, as GFF3 and FASTA."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from exapt.core.errors import ConfigError
from exapt.core.paths import refuse_existing
from exapt.core.progress import bar


def find_genes(  # noqa: PLR0913 - one parameter an option of the command
    genome: Path,
    output: Path,
    *,
    table: int = 11,
    proteins: Path | None = None,
    nucleotides: Path | None = None,
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
        FASTA of the proteins, and of the genes with their stop codons.
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
        ``contigs``, ``letters``, ``unknown_letters``, ``genes``, ``partial``, ``coding_share``, ``table``,
        ``adapted``, ``seconds``.

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
    from exapt.bio.formats import fasta, gff3
    from exapt.bio.formats.genome import read
    from exapt.bio.genes import annotated
    from exapt.bio.genes.codes import UNKNOWN, digits, genetic_code
    from exapt.bio.genes.finding import passes
    from exapt.bio.genes.model import shipped

    code = genetic_code(table)
    wanted = [path for path in (output, proteins, nucleotides) if path is not None]
    if len({path.resolve() for path in wanted}) < len(wanted):
        raise ConfigError("The GFF3, the proteins and the genes are different files; two of them have the same name.")
    for path in wanted:
        refuse_existing(path, force=force)
    begun = time.perf_counter()
    read_genome = read(genome)
    letters = sum(contig.length or 0 for contig in read_genome.contigs.values())
    with bar("genes", passes(shipped()) * letters, unit="bp", quiet=quiet) as progress:
        found = annotated.genome_genes(
            read_genome, code, adapt=adapt, circular=circular, advance=lambda done: progress.advance(done)
        )
    made = annotated.annotation(read_genome, found, code)
    gff3.write(output, made)
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
        "table": table,
        "adapted": adapt,
        "seconds": time.perf_counter() - begun,
    }
