"""`exapt genes`: parse, call the verb, print one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from exapt.app.cli._options import Circular, Force, Json, Quiet, genetic_code


def genes(  # noqa: PLR0913 - one parameter an option
    genome: Annotated[Path, typer.Argument(metavar="GENOME", help="FASTA or GenBank of a prokaryote, plain or gzip.")],
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
    force: Force = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Find the genes of a bacterium or archaeon, of proteins and of RNA; adapts itself to the genome without labels."""
    from exapt import api

    found = api.find_genes(
        genome,
        output,
        table=genetic_code(table),
        proteins=proteins,
        nucleotides=nucleotides,
        noncoding=noncoding,
        operons=operons,
        adapt=not no_adapt,
        circular=circular,
        force=force,
        quiet=quiet,
    )
    typer.echo(json.dumps(found, indent=2) if as_json else sentence(found, output))


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
