"""`exapt explain`: parse, call the verb, print its deletion test."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from exapt.app.cli._options import Force, Json, Output, Quiet, piece


def explain(  # noqa: PLR0913 - one parameter an option
    run: Path,
    data: Annotated[str, typer.Argument(metavar="INPUT")],
    output: Output,
    method: Annotated[
        str | None,
        typer.Option(
            "--method", help="An explainer with its options, e.g. mutagenesis, integrated_gradients:steps=64."
        ),
    ] = None,
    of: Annotated[
        str | None, typer.Option("--class", help="Class, label or target to explain; else what is predicted.")
    ] = None,
    n: Annotated[int, typer.Option("--n", help="Rows to explain, from the first.")] = 100,
    motifs: Annotated[
        str | None,
        typer.Option("--motifs", help="Look for motifs of DNA, and compare them with those of a file or card."),
    ] = None,
    as_json: Json = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Say which letters or atoms the predictions come from, with a deletion test."""
    from exapt import api

    note = api.explain(run, data, output, method=piece(method), of=of, n=n, motifs=motifs, force=force, quiet=quiet)
    if as_json:
        typer.echo(json.dumps(note, indent=2))
        return
    for column, found in note["inputs"].items():
        typer.echo(f"{column}, {found['method']['name']}: {found['sentence']}")
        if "completeness" in found:
            error, change = found["completeness"].values()
            typer.echo(
                f"{column}: attributions add up to the change from the baseline within {error:.2g} of {change:.2g}."
            )
    if "motifs" in note:
        typer.echo(note["motifs"]["sentence"])
        for one in note["motifs"]["found"]:
            typer.echo(
                f"  {one['motif']} {one['consensus']}, {one['sites']} sites {one['effect']} {one['explained']}: "
                f"{one['match']}, p {one['p']:.1e}, q {one['q']:.1e}"
            )
    typer.echo(f"{note['rows']:,} rows explained: {output}")
