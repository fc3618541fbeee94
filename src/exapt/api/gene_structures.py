"""`find_gene_structures`: the genes of a eukaryote, as a run of task `gene_finding` reads them, as GFF3 and FASTA."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exapt.core.errors import ConfigError, DataError
from exapt.core.paths import refuse_outputs
from exapt.core.progress import bar

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from exapt.bio.formats.genome import Genome
    from exapt.bio.transcripts.grammar import Grammar
    from exapt.tasks.gene_finding.task import GeneFinding

Forward = Callable[[Sequence[str]], "NDArray[np.float32]"]
BLOCK, BLOCKS = 50_000, 6
TABLE = 1  # genetic code of nuclear genes
THROUGH = 3  # how often each letter is gone through: read, decoded forth, traced back


def find_gene_structures(  # noqa: PLR0913 - one parameter an option of the command
    genome: Path,
    output: Path,
    *,
    run: Path,
    gene_weight: float | None = None,
    intron_weight: float | None = None,
    annotation: Path | None = None,
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
    annotation
        GFF3, GTF or GenBank of genes of this genome that are known: the grammar of `tuning.GRAMMARS` that finds them
        best is used, judged on at most six blocks of 50,000 letters that hold some. None = `decode.LEARNED`.
    proteins, nucleotides
        FASTA of the proteins, and of their spliced coding sequences with the stop codons.
    force
        Replace what is there.
    quiet
        No progress on stderr.

    Returns
    -------
    dict
        ``contigs``, ``letters``, ``genes``, ``partial`` (genes that run over an end of their contig), ``exons``,
        ``introns``, ``coding_share``, ``run``, ``grammar`` (its weights), ``seconds``.

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

    refuse_outputs(output, proteins, nucleotides, force=force)
    begun = time.perf_counter()
    forward, task = _opened(run)
    letters = read(genome, upper=True)
    usual = LEARNED if annotation is None else _tuned(annotation, letters, forward, task)
    grammar = replace(
        usual,
        gene=usual.gene if gene_weight is None else gene_weight,
        intron=usual.intron if intron_weight is None else intron_weight,
    )
    length = sum(contig.length or 0 for contig in letters.contigs.values())
    steps = THROUGH * length + 4 * grammar.run_over * len(letters.contigs)
    with bar("genes", steps, unit="bp", quiet=quiet) as progress:
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
        "partial": sum(any(gene.partial) for gene in found.of("gene")),
        "exons": exons,
        "introns": exons - genes,
        "coding_share": coding / max(length, 1),
        "run": str(run),
        "grammar": {"gene": grammar.gene, "intron": grammar.intron, "content": grammar.content},
        "seconds": time.perf_counter() - begun,
    }


def _opened(run: Path) -> tuple[Forward, GeneFinding]:
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


def _tuned(annotation: Path, genome: Genome, forward: Forward, task: GeneFinding) -> Grammar:
    """The grammar that finds the known genes of some blocks best.

    Raises
    ------
    DataError
        Where no known gene is one that labels can hold.
    """
    import numpy as np

    from exapt.api._genome_sides import read_annotation
    from exapt.bio.transcripts.tuning import GRAMMARS, annotated_blocks, best_grammar
    from exapt.data.gene_windows import labellings
    from exapt.tasks.gene_finding.decode import Reading, log_probabilities

    labels = labellings(read_annotation(annotation), genome)
    blocks = [block for block in annotated_blocks(genome, labels, BLOCK) if block.genes]
    if not blocks:
        raise DataError(
            f"{annotation}: none of its genes can weigh the grammar: each overlaps another, is cut by the end of its "
            "sequence, has other splice sites, or has no start codon, no stop codon, or a stop within. Leave "
            "--annotation out, or give other genes."
        )
    order = np.random.default_rng(0).permutation(len(blocks))[:BLOCKS]
    chosen = [blocks[number] for number in order]
    said = {
        block.name: np.concatenate([values for _, values in log_probabilities(forward, block.letters, Reading())])
        + task.offsets()
        for block in chosen
    }
    return GRAMMARS[best_grammar(chosen, said)[0]]
