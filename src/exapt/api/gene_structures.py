"""`find_gene_structures`: the genes of a eukaryote, as a run of task `gene_finding` reads them, as GFF3 and FASTA."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exapt.core.errors import ConfigError
from exapt.core.paths import refuse_existing
from exapt.core.progress import bar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from exapt.tasks.gene_finding.task import GeneFinding

TABLE = 1  # genetic code of nuclear genes
THROUGH = 3  # how often each letter is gone through: read, decoded forth, traced back


def find_gene_structures(  # noqa: PLR0913 - one parameter an option of the command
    genome: Path,
    output: Path,
    *,
    run: Path,
    gene_weight: float | None = None,
    intron_weight: float | None = None,
    proteins: Path | None = None,
    nucleotides: Path | None = None,
    force: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """Find the genes of a eukaryote with a model of its own and write gene -> mRNA -> exon and CDS with phase.

    Parameters
    ----------
    genome
        FASTA or GenBank, plain or gzip. Lower case is read as capitals.
    output
        GFF3 to write; `.gz` packs it.
    run
        A folder of `exapt finetune` with task `gene_finding`.
    gene_weight, intron_weight
        Log weight of a gene and of an intron in the grammar, lower for fewer; None = those of `decode.LEARNED`.
    proteins, nucleotides
        FASTA of the proteins, and of their spliced coding sequences with the stop codons.
    force
        Replace what is there.
    quiet
        No progress on stderr.

    Returns
    -------
    dict
        ``contigs``, ``letters``, ``genes``, ``exons``, ``introns``, ``coding_share``, ``run``, ``seconds``.

    Raises
    ------
    InputError
        Where the genome cannot be read, is no DNA, or the run labels no bases.
    RunExistsError
        Where an output is there already.
    """
    from exapt.bio.compare.coding import codings
    from exapt.bio.formats import fasta, gff3
    from exapt.bio.formats.genome import read
    from exapt.tasks.gene_finding.decode import LEARNED, find_genes

    wanted = [path for path in (output, proteins, nucleotides) if path is not None]
    if len({path.resolve() for path in wanted}) < len(wanted):
        raise ConfigError("Each output is a file of its own; two of them have the same name.")
    for path in wanted:
        refuse_existing(path, force=force)
    begun = time.perf_counter()
    forward, task = _opened(run)
    grammar = replace(
        LEARNED,
        gene=LEARNED.gene if gene_weight is None else gene_weight,
        intron=LEARNED.intron if intron_weight is None else intron_weight,
    )
    letters = read(genome, upper=True)
    length = sum(contig.length or 0 for contig in letters.contigs.values())
    with bar("genes", THROUGH * length, unit="bp", quiet=quiet) as progress:
        found = find_genes(
            forward, letters, grammar=grammar, offsets=task.offsets(), advance=lambda done: progress.advance(done)
        )
    gff3.write(output, found)
    if proteins is not None or nucleotides is not None:
        made = codings(found, {name: letters.fetch(name) for name in letters.contigs}, table=TABLE)
        if proteins is not None:
            fasta.write(proteins, (fasta.Record(one.name, one.protein) for one in made))
        if nucleotides is not None:
            fasta.write(nucleotides, (fasta.Record(one.name, one.letters) for one in made))
    coding = sum(part.end - part.start for cds in found.of("CDS") for part in cds.parts)
    genes, exons = len(found.of("gene")), len(found.of("exon"))
    return {
        "contigs": len(letters.contigs),
        "letters": length,
        "genes": genes,
        "exons": exons,
        "introns": exons - genes,
        "coding_share": coding / max(length, 1),
        "run": str(run),
        "seconds": time.perf_counter() - begun,
    }


def _opened(run: Path) -> tuple[Callable[[Sequence[str]], NDArray[np.float32]], GeneFinding]:
    """Sequences -> outputs of a run's model; and its task.

    Raises
    ------
    ConfigError
        Where it is a run of another task.
    """
    from exapt.api._run import open_run
    from exapt.core.examples import Examples
    from exapt.tasks.gene_finding.task import GeneFinding
    from exapt.transfer.training.predict import predict

    opened = open_run(run)
    if not isinstance(opened.task, GeneFinding):
        raise ConfigError(
            f"--run {run}: genes are found by a run of task 'gene_finding'; this is one of {opened.config.task.name!r}."
        )
    [(column, encoder)] = opened.encoders.items()

    def forward(texts: Sequence[str]) -> NDArray[np.float32]:
        rows = Examples({column: encoder.encode(list(texts))}, {column: encoder}, {}, [""] * len(texts))
        found: NDArray[np.float32] = predict(opened.model, rows, opened.training).numpy()
        return found

    return forward, opened.task
