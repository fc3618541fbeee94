"""`exapt genes`: parse, call the verb, print one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from exapt.app.cli._options import Circular, Force, Json, Quiet, genetic_code
from exapt.core.errors import ConfigError


def genes(  # noqa: PLR0913 - one parameter an option
    genome: Annotated[Path, typer.Argument(metavar="GENOME", help="FASTA or GenBank, plain or gzip.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The GFF3; .gz packs it.")],
    table: Annotated[str, typer.Option("--table", help="Genetic code: 11, or 4 where TGA is tryptophan.")] = "11",
    proteins: Annotated[Path | None, typer.Option("--proteins", metavar="FILE", help="FASTA of the proteins.")] = None,
    nucleotides: Annotated[
        Path | None, typer.Option("--nucleotides", metavar="FILE", help="FASTA of the genes, with stop codons.")
    ] = None,
    noncoding: Annotated[
        Path | None,
        typer.Option("--noncoding", metavar="FILE", help="BED of genes of RNA and what lies between genes."),
    ] = None,
    operons: Annotated[
        Path | None, typer.Option("--operons", metavar="FILE", help="BED of genes that are likely on one transcript.")
    ] = None,
    no_adapt: Annotated[
        bool, typer.Option("--no-adapt", help="Do not learn from this genome: its genes look like those of E. coli.")
    ] = False,
    circular: Circular = False,
    run: Annotated[
        Path | None,
        typer.Option("--run", metavar="RUN", help="For a eukaryote: a run folder of task gene_finding."),
    ] = None,
    gene_weight: Annotated[
        float | None, typer.Option("--gene-weight", help="With --run: log weight of a gene; lower for fewer.")
    ] = None,
    intron_weight: Annotated[
        float | None, typer.Option("--intron-weight", help="With --run: log weight of an intron; lower for fewer.")
    ] = None,
    annotation: Annotated[
        Path | None,
        typer.Option("--annotation", metavar="FILE", help="With --run: known genes of this genome; weigh by them."),
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Find the genes of a bacterium or archaeon, adapting to it without labels; with --run, those of a eukaryote."""
    from exapt import api

    code = genetic_code(table)
    of_prokaryotes = {
        "--table": code != 11,
        "--noncoding": noncoding is not None,
        "--operons": operons is not None,
        "--no-adapt": no_adapt,
        "--circular": circular,
    }
    of_runs = {
        "--gene-weight": gene_weight is not None,
        "--intron-weight": intron_weight is not None,
        "--annotation": annotation is not None,
    }
    _refuse(of_runs if run is None else of_prokaryotes, "without" if run is None else "with")
    shared: dict[str, Any] = {"proteins": proteins, "nucleotides": nucleotides, "force": force, "quiet": quiet}
    if run is not None:
        weights: dict[str, Any] = {"gene_weight": gene_weight, "intron_weight": intron_weight, "annotation": annotation}
        found = api.find_gene_structures(genome, output, run=run, **weights, **shared)
        told = structures(found, output)
    else:
        found = api.find_genes(
            genome,
            output,
            table=code,
            noncoding=noncoding,
            operons=operons,
            adapt=not no_adapt,
            circular=circular,
            **shared,
        )
        told = sentence(found, output)
    typer.echo(json.dumps(found, indent=2) if as_json else told)


def _refuse(given: Mapping[str, bool], word: str) -> None:
    """Stop at options that mean nothing `word` --run."""
    if wrong := [name for name, is_given in given.items() if is_given]:
        raise ConfigError(
            f"{', '.join(wrong)}: not {word} --run, which finds genes of a eukaryote by a model of yours."
        )


def sentence(found: Mapping[str, Any], output: Path) -> str:
    """What was done, in one sentence."""
    sequences = "sequence" if found["contigs"] == 1 else "sequences"
    told = [
        f"{output}: {found['genes']:,} genes of proteins on {found['contigs']:,} {sequences} of {found['letters']:,} bp"
    ]
    if found["rna"]:
        told.append(", ".join(f"{count:,} {kind}" for kind, count in found["rna"].items()))
    if found["partial"]:
        told.append(f"{found['partial']:,} run over an end")
    if found["unknown_letters"]:
        told.append(f"{found['unknown_letters']:,} letters other than A, C, G, T were read as unknown")
    told.append(f"{100 * found['coding_share']:.0f} % coding")
    return "; ".join(told) + "."


def structures(found: Mapping[str, Any], output: Path) -> str:
    """The same of a eukaryote."""
    sequences = "sequence" if found["contigs"] == 1 else "sequences"
    cut = f"; {found['partial']:,} run over an end" if found["partial"] else ""
    return (
        f"{output}: {found['genes']:,} genes with {found['introns']:,} introns on {found['contigs']:,} {sequences} of "
        f"{found['letters']:,} bp{cut}; {100 * found['coding_share']:.0f} % coding."
    )
