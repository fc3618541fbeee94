"""`exapt screen`: parse, choose where the work is done, call the verb, print one sentence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exapt.app.cli._options import Force, Json, Quiet, one_of, piece
from exapt.core.errors import ConfigError

if TYPE_CHECKING:
    from exapt.api._screen_work import Engine

FILTERS = {"ro5": "rule_of_five"}  # short names


def screen(  # noqa: PLR0913 - one parameter an option
    library: Annotated[str, typer.Argument(metavar="LIBRARY", help="CSV, TSV, SMI, SDF or Parquet, or a card.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="The ranked TSV; .gz packs it.")],
    actives: Annotated[list[str] | None, typer.Option("--actives", metavar="FILE", help="Known actives.")] = None,
    by: Annotated[
        str, typer.Option("--by", help="How actives rank: similarity, learned, or both joined by a comma.")
    ] = "similarity",
    inactives: Annotated[
        str | None, typer.Option("--inactives", metavar="FILE", help="To learn from; else a draw of the library.")
    ] = None,
    runs: Annotated[
        list[str] | None,
        typer.Option("--run", metavar="RUN", help="A run: rank by it; RUN:class=NAME or RUN:lowest=true."),
    ] = None,
    target: Annotated[
        Path | None, typer.Option("--target", metavar="FASTA", help="A protein, for runs that read one.")
    ] = None,
    class_: Annotated[str | None, typer.Option("--class", help="The class or target of the runs that counts.")] = None,
    fuse: Annotated[str, typer.Option("--fuse", help="Of several rankings: mean, reciprocal or best rank.")] = "mean",
    filters: Annotated[
        str, typer.Option("--filters", help="Mark, of pains,brenk,rule_of_five (or ro5); nothing is hidden.")
    ] = "",
    smarts: Annotated[
        Path | None, typer.Option("--smarts", metavar="FILE", help="Own patterns to mark: SMARTS and name a line.")
    ] = None,
    pick: Annotated[int, typer.Option("--pick", help="Of the top, pick so many unlike ones.")] = 0,
    top: Annotated[int, typer.Option("--top", help="Molecules in the SDF.")] = 1000,
    input_: Annotated[str | None, typer.Option("--input", help="Column of SMILES.")] = None,
    id_: Annotated[str | None, typer.Option("--id", help="Column of identifiers.")] = None,
    engine: Annotated[str, typer.Option("--engine", help="Where the work is done: local or ray.")] = "local",
    address: Annotated[
        str | None, typer.Option("--address", help="With ray: auto or HOST:PORT; else this machine alone.")
    ] = None,
    processes: Annotated[int | None, typer.Option("--processes", help="With local: how many, else all.")] = None,
    chunk: Annotated[int, typer.Option("--chunk", help="Molecules a part: what an interruption costs.")] = 8192,
    force: Force = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Rank a library by known actives, by models, or by affinity to a protein; on one machine or many."""
    from exapt import api

    where = _engine(engine, address, processes)
    config = api.ScreenConfig(
        library=library,
        actives=tuple(actives or ()),
        by=tuple(name for name in by.split(",") if name),
        inactives=inactives,
        runs=tuple(_run(text, class_) for text in runs or ()),
        target=target,
        fuse=fuse,
        filters=tuple(FILTERS.get(name, name) for name in filters.split(",") if name),
        smarts=smarts,
        top=top,
        pick=pick,
        smiles=input_,
        id=id_,
        chunk=chunk,
    )
    found = api.screen(config, output, engine=where, force=force, quiet=quiet)
    typer.echo(json.dumps(found, indent=2, ensure_ascii=False) if as_json else sentence(found, output))


def _engine(name: str, address: str | None, processes: int | None) -> Engine:
    one_of("--engine", name, ("local", "ray"))
    if name == "ray":
        from exapt.app.engines.ray import RayData

        if processes is not None:
            raise ConfigError("--processes is for --engine local; Ray takes every processor of its cluster.")
        return RayData(address)
    from exapt.app.engines.local import Local

    if address is not None:
        raise ConfigError("--address is for --engine ray.")
    if processes is not None and processes < 1:
        raise ConfigError(f"--processes is a whole number of at least 1; found {processes}.")
    return Local(processes)


def _run(text: str, class_: str | None) -> Any:
    """`RUN` or `RUN:class=NAME,lowest=true`."""
    from exapt import api

    found = piece(text)
    assert found is not None
    options = {"class": class_, "lowest": False, **found.options}
    unknown = sorted(set(options) - {"class", "lowest"})
    if unknown or not isinstance(options["lowest"], bool):
        wrong = f"no option {unknown[0]!r}" if unknown else f"lowest is true or false, not {options['lowest']!r}"
        raise ConfigError(f"--run {text}: {wrong}. Write RUN, RUN:class=NAME or RUN:lowest=true.")
    chosen = options["class"]
    return api.RunScorer(Path(found.name), None if chosen is None else str(chosen), options["lowest"])


def sentence(found: Mapping[str, Any], output: Path) -> str:
    """What was done, in one sentence."""
    counts, rates, best = found["counts"], found["rates"], found["best"][0]
    scorers = " and ".join(scorer["name"] for scorer in found["scorers"])
    fused = f" ({found['fuse']} rank)" if found["fuse"] else ""
    told = [f"{output}: {counts['ranked']:,} molecules ranked by {scorers}{fused}, best {best['id']}"]
    if counts["unreadable"]:
        told.append(f"{counts['unreadable']:,} without a score in {output.with_name('rejected.tsv')}")
    copies = counts["duplicates"]
    told += [f"{copies:,} duplicate{'s' if copies > 1 else ''}"] if copies else []
    told += [f"{counts['marked']:,} marked"] if counts["marked"] else []
    if rates["molecules_per_second"]:
        told.append(f"{rates['molecules_per_second']:,.0f} molecules/s")
    return "; ".join(told) + "."
