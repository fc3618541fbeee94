"""The command line: parse, call one verb, print. Results go to stdout, progress and messages to stderr."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from exapt.app.cli import _explain, _genes, _genomes, _print, _screen
from exapt.app.cli._options import Force, Json, Output, Quiet, data_config, one_of, piece, run_config
from exapt.core.config import value_of

app = typer.Typer(
    name="exapt",
    help="Transfer learning for biology that says whether the transfer helped.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
data_app = typer.Typer(help="Cards of public data sets: show them, get them.", no_args_is_help=True)
app.add_typer(data_app, name="data")

INTERRUPTED = 130  # the exit code that typer gives to Ctrl-C

Set = Annotated[list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the YAML.")]
DataSet = Annotated[
    list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Override a key of the data section.")
]
Target = Annotated[str | None, typer.Option("--target", help="Target column.")]
Input = Annotated[str | None, typer.Option("--input", help="Input column.")]
Group = Annotated[str | None, typer.Option("--group", help="Group column, the unit of splits and intervals.")]


@app.command()
def quickstart(
    example: Annotated[str, typer.Argument(help="cells or molecules.")] = "cells",
    output: Annotated[Path | None, typer.Option("-o", "--output", help="Default: runs/quickstart[-molecules].")] = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """The main job on real data that is already installed, in under two minutes."""
    from exapt import api

    if one_of("EXAMPLE", example, ("cells", "molecules")) == "molecules":
        run = output or Path("runs/quickstart-molecules")
        _print.scores(api.quickstart_molecules(run, force=force, quiet=quiet), run)
        return
    run = output or Path("runs/quickstart")
    _print.quickstart(api.quickstart(run, force=force, quiet=quiet), run)


@app.command("list")
def list_(kind: str, as_json: Json = False) -> None:
    """What is there: backbones, weights, strategies, tasks, splits, encoders, metrics, baselines, data, ..."""
    from exapt import api

    found = api.list_pieces(kind)
    _print.pairs(found, as_json=as_json)


@data_app.command("show")
def data_show(name: str, as_json: Json = False) -> None:
    """A card: what, where from, licence, checksum, quality warnings."""
    from exapt import api

    _print.card(api.data_show(name), as_json=as_json)


@data_app.command("get")
def data_get(name: str) -> None:
    """Download the files of a card, check them, and print where they lie."""
    from exapt import api

    for path in api.data_get(name).values():
        typer.echo(path)


@app.command()
def audit(
    data: str,
    split: Annotated[str | None, typer.Option("--split", help="Column that holds train/valid/test.")] = None,
    by: Annotated[str | None, typer.Option("--by", help="Split to audit, e.g. random or group:column=donor.")] = None,
    against: Annotated[
        list[str] | None,
        typer.Option("--against", metavar="WEIGHTS|DATA", help="Weights or data that the model has seen besides."),
    ] = None,
    near: Annotated[float | None, typer.Option("--near", help="Similarity of a near duplicate, in (0, 1].")] = None,
    fix: Annotated[Path | None, typer.Option("--fix", help="Write the split without its leaks.")] = None,
    drop: Annotated[str, typer.Option("--drop", help="With --fix, rows to drop: test or train.")] = "test",
    leaks: Annotated[str, typer.Option("--leaks", help="With --fix, of copies,near,groups,corpus.")] = "",
    target: Target = None,
    input_: Input = None,
    group: Group = None,
    settings: DataSet = None,
    force: Force = False,
    as_json: Json = False,
) -> None:
    """Look for leakage between training and test, and between pre-training and test."""
    from exapt import api

    asked = piece(f"predefined:column={split}") if split else piece(by)
    found = api.audit(
        data_config(data, target, input_, group, settings),
        asked,
        against=against or [],
        threshold=near,
        fix=fix,
        drop=one_of("--drop", drop, ("test", "train")),
        leaks=[leak for leak in leaks.split(",") if leak],
        force=force,
    )
    _print.audit(found, as_json=as_json)


@app.command()
def split(
    data: str,
    output: Output,
    by: Annotated[
        str | None, typer.Option("--by", help="A split with its options, e.g. homology:identity=0.3.")
    ] = None,
    target: Target = None,
    input_: Input = None,
    group: Group = None,
    settings: DataSet = None,
    force: Force = False,
) -> None:
    """Cut a data set and write id and split as a TSV."""
    from exapt import api

    made = api.split(data_config(data, target, input_, group, settings), piece(by), output, force=force)
    _print.split(made, output)


@app.command()
def pretrain(
    config: Annotated[str, typer.Argument(metavar="CONFIG.yaml|DATA")],
    output: Output,
    backbone: Annotated[str | None, typer.Option("--backbone")] = None,
    task: Annotated[str | None, typer.Option("--task")] = None,
    settings: Set = None,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Train a backbone on a large set and keep it as weights `arch.tag`."""
    from exapt import api

    flags = {"backbone": backbone, "task": task}
    card = api.pretrain(run_config(config, flags, settings), output, force=force, quiet=quiet)
    typer.echo(json.dumps({key: card[key] for key in card if key not in ("configuration", "provenance")}, indent=2))
    typer.echo(f"Weights: {output}")


@app.command()
def finetune(
    config: Annotated[str, typer.Argument(metavar="CONFIG.yaml|DATA")],
    output: Output,
    task: Annotated[str | None, typer.Option("--task")] = None,
    backbone: Annotated[str | None, typer.Option("--backbone", help="ARCH or ARCH.TAG")] = None,
    strategy: Annotated[str | None, typer.Option("--strategy", help="One name, or several joined by +.")] = None,
    target: Target = None,
    input_: Input = None,
    group: Group = None,
    controls: Annotated[str | None, typer.Option("--controls", help="all or none")] = None,
    seeds: Annotated[int | None, typer.Option("--seeds", help="Number of seeds.")] = None,
    settings: Set = None,
    as_json: Json = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Transfer to your data, with controls, and say whether it helped."""
    from exapt import api

    flags = {"task": task, "backbone": backbone, "strategy": strategy, "controls": controls, "seeds": seeds}
    flags |= {"data.target": target, "data.input": input_, "data.group": group}
    scores = api.finetune(run_config(config, flags, settings), output, force=force, quiet=quiet)
    _print.scores(scores, output, as_json=as_json)


@app.command()
def compare(
    config: Annotated[str, typer.Argument(metavar="CONFIG.yaml")],
    output: Output,
    strategies: Annotated[str, typer.Option("--strategies", help="Names joined by commas; joint:weight=0.3.")] = "",
    sizes: Annotated[str, typer.Option("--sizes", help="Fractions like 0.1,0.3,1.0 or labels a class like 5,20.")] = "",
    lambdas: Annotated[str, typer.Option("--lambdas", help="Weights for the strategy joint, like 0.1,0.3,1.")] = "",
    settings: Set = None,
    force: Force = False,
    quiet: Quiet = False,
    as_json: Json = False,
) -> None:
    """Compare strategies and numbers of labels: how many labels until scratch catches up."""
    from exapt import api

    curve = api.compare(
        run_config(config, {}, settings),
        output,
        strategies=[name for name in strategies.split(",") if name],
        sizes=[value_of(size, "--sizes") for size in sizes.split(",") if size],
        lambdas=[value_of(weight, "--lambdas") for weight in lambdas.split(",") if weight],
        force=force,
        quiet=quiet,
    )
    _print.curve(curve, output, as_json=as_json)


@app.command()
def evaluate(run: Path, data: str, target: Target = None, as_json: Json = False) -> None:
    """Score a run on labelled data that it has not seen."""
    from exapt import api

    _print.evaluation(api.evaluate(run, data, target=target), as_json=as_json)


@app.command()
def predict(
    run: Path,
    data: Annotated[str, typer.Argument(metavar="INPUT")],
    output: Output,
    abstain: Annotated[
        bool, typer.Option("--abstain", help="Say unknown where 5 % errors cannot be kept; give 90 % sets.")
    ] = False,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Predict every row of a file, streamed in bounded memory."""
    from exapt import api

    rows = api.predict(run, data, output, abstain=abstain, force=force, quiet=quiet)
    typer.echo(f"{output}: {rows:,} rows")


@app.command()
def embed(
    weights: Annotated[str, typer.Argument(metavar="ARCH.TAG")],
    data: Annotated[str, typer.Argument(metavar="INPUT")],
    output: Output,
    force: Force = False,
    quiet: Quiet = False,
) -> None:
    """Write the pooled features of every row (.tsv or .npy)."""
    from exapt import api

    rows = api.embed(weights, data, output, force=force, quiet=quiet)
    typer.echo(f"{output}: {rows:,} rows")


app.command()(_explain.explain)
app.command()(_screen.screen)
app.command()(_genes.genes)
app.command()(_genomes.genomes)


@app.command()
def convert(
    checkpoint: Annotated[Path, typer.Argument(metavar="CHECKPOINT")],
    output: Output,
    licence: Annotated[str, typer.Option("--licence", help="Of the checkpoint, as its authors state it.")] = "unknown",
    title: Annotated[str | None, typer.Option("--title", help="The line that describes the weights.")] = None,
    force: Force = False,
) -> None:
    """Write a published graph network (GIN, GCN of Hu et al. or MolCLR) as weights of backbone gnn."""
    from exapt import api

    card = api.convert(checkpoint, output, licence=licence, title=title, force=force)
    typer.echo(json.dumps(card, indent=2))
    typer.echo(f"Weights: {output}")


@app.command()
def report(run: Path) -> None:
    """Make the HTML page of a run again."""
    from exapt import api

    typer.echo(api.report(run))


@app.callback(invoke_without_command=True)
def version(show: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Transfer learning for biology that says whether the transfer helped."""
    if show:
        import exapt

        typer.echo(f"exapt {exapt.__version__}")
        raise typer.Exit


def main() -> None:
    """Run the command line; a known error is one or two lines on stderr and its exit code, never a traceback."""
    from exapt.core.errors import ExaptError

    os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
    try:
        app()
    except ExaptError as error:
        print_error(error)
        sys.exit(error.exit_code)
    except SystemExit as stop:
        if stop.code == INTERRUPTED:
            typer.echo("Interrupted. The same command goes on with the training from its last checkpoint.", err=True)
        raise


def print_error(error: Any) -> None:
    """One or two lines on stderr."""
    typer.secho(f"error: {error}", err=True, fg="red")
