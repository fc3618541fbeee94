"""`exapt genomes`: parse, call the verb, print a few lines."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from exapt.app.cli._options import Circular, Force, Json, Quiet, genetic_code


def genomes(  # noqa: PLR0913 - one parameter an option
    files: Annotated[
        list[str],
        typer.Argument(metavar="GENOMES...", help="FASTA or GenBank, FILE or NAME=FILE; the first is the reference."),
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="The folder to write.")],
    annotation: Annotated[
        list[str] | None,
        typer.Option("--annotation", metavar="FILE", help="GFF3, GTF or GenBank, NAME=FILE or called like the genome."),
    ] = None,
    predict: Annotated[
        bool, typer.Option("--predict", help="Find genes where none are given: bacteria, archaea, their phages.")
    ] = False,
    table: Annotated[str, typer.Option("--table", help="Genetic code where the annotation says none.")] = "11",
    circular: Circular = False,
    embeddings: Annotated[
        str | None,
        typer.Option(
            "--embeddings",
            metavar="WEIGHTS",
            help="Second opinion on shared genes by weights that read proteins, or a run of genome_comparison.",
        ),
    ] = None,
    score: Annotated[
        Path | None,
        typer.Option("--score", metavar="RUN", help="A run on DNA that scores both alleles of each small difference."),
    ] = None,
    of: Annotated[str | None, typer.Option("--class", help="The class, label or target that --score gives.")] = None,
    window: Annotated[
        int | None, typer.Option("--window", help="Letters that --score reads; else the median of its training rows.")
    ] = None,
    force: Force = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Compare genomes: alignment, variants, rearrangements, shared genes; with figures and a page."""
    from exapt import api

    found = api.compare_genomes(
        files,
        output,
        annotation=annotation or [],
        predict=predict,
        table=genetic_code(table),
        circular=circular,
        embeddings=embeddings,
        score=score,
        of=of,
        window=window,
        force=force,
        quiet=quiet,
    )
    typer.echo(json.dumps(found, indent=2) if as_json else "\n".join(lines(found, output)))


def lines(found: Mapping[str, Any], output: Path) -> list[str]:
    """What was found, a line a genome, then genes, notes and the page."""
    told = []
    pairs = {row["genome_b"]: row for row in found["identity"] if row["genome_a"] == found["reference"]}
    for name, counts in found["variants"].items():
        row = pairs[name]
        large = sum(n for kind, n in found["structure"][name].items() if kind != "unaligned")
        told.append(
            f"{name} against {found['reference']}: ANI {100 * row['ani']:.2f} %, aligned "
            f"{100 * row['aligned_a']:.1f} % and {100 * row['aligned_b']:.1f} %; "
            f"{counts['substitutions']:,} substitutions, "
            f"{counts['insertions'] + counts['deletions']:,} indels, {large:,} large differences."
        )
    if found["genes"]:
        groups = found["genes"]
        told.append(f"Genes: {groups['core']:,} core, {groups['accessory']:,} accessory, {groups['unique']:,} unique.")
    if opinion := found["second_opinion"]:
        agree, pairs_told = opinion["agreement"], sum(opinion["agreement"].values())
        told.append(
            f"{opinion['weights']} agrees with {agree['both']:,} of {pairs_told:,} pairs of genes and tells "
            f"{opinion['remote']:,} more (remote.tsv)."
        )
    if scores := found["scores"]:
        told.append(f"{scores['scored']:,} differences scored: {scores['unit']} of {scores['of']} (allele_scores.tsv).")
    return [*told, *found["notes"], f"Report: {output / 'report.html'}"]
