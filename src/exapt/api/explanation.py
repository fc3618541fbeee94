"""`explain`: which letters or atoms a run's predictions come from, and whether that can be believed."""

from __future__ import annotations

import shlex
import shutil
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from exapt.api._attributions import Attributed, attribute, output_numbers
from exapt.api._explanation_files import (
    Asked,
    Known,
    letters_of,
    named_inputs,
    nucleotide_columns,
    unit_of,
    write_files,
    write_found_motifs,
)
from exapt.api._prepare import encode, output_names
from exapt.api._run import OpenedRun, open_run
from exapt.api.prediction import _pieces
from exapt.core.config import Piece
from exapt.core.contracts import Encoder
from exapt.core.errors import ConfigError, InputError, RunExistsError
from exapt.core.paths import atomic, refuse_existing, write_json
from exapt.core.registry import EXPLAINERS

if TYPE_CHECKING:
    from exapt.explain._explainer import Explainer

METHODS = {"graph": "occlusion"}  # by what the encoder makes; integrated gradients for all else
MOST = 100  # rows explained unless more are asked for
NOTE = "faithfulness.json"


def explain(  # noqa: PLR0913 - three arguments, the rest by keyword
    run: Path,
    data: str,
    output: Path,
    *,
    method: Piece | None = None,
    of: str | None = None,
    n: int = MOST,
    motifs: str | None = None,
    force: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """Write which letters, atoms or features the predictions come from, with a deletion test.

    Of sequences also along the genome (bedGraph), with ``mutagenesis`` the effect of each other letter, and with
    `motifs` what the important letters have in common.

    Parameters
    ----------
    run
        A run folder.
    data
        A card name or a file; its first `n` rows are explained.
    output
        A folder to make: attributions.tsv, explained.tsv, faithfulness.json, and SVGs of molecules or sequences; of
        DNA and RNA attributions.bedgraph; mutagenesis.tsv; motifs.html, motifs.meme, motifs.tsv, motif_sites.tsv.
    method
        A registered explainer with its options; None = occlusion for atoms, integrated gradients for all else. Inputs
        that it is not for, such as the molecules beside sequences in ``mutagenesis``, get the usual one.
    of
        The class, label or target to explain; None = what the model predicts for each row.
    n
        Number of rows, at least 1.
    motifs
        Known motifs to compare with: a card (``jaspar2024_core``) or a file (TRANSFAC, JASPAR, MEME). None = no search.
    force
        Replace an older explanation.
    quiet
        No progress bar.

    Returns
    -------
    dict
        The content of faithfulness.json.

    Raises
    ------
    InputError
        Where the run, the rows or an option cannot be used, or `output` exists and `force` is False.
    """
    if n < 1:
        raise ConfigError(f"--n is a whole number of at least 1; found {n}.")
    _refuse(output, force=force)
    asked_for = EXPLAINERS.build(method.name, **method.options) if method else None
    opened = open_run(run)
    known = _known(opened, motifs) if motifs else None
    methods = _methods(opened, asked_for, method)
    asked = _ask(opened, data, of, n)
    found = {
        column: attribute(
            opened.model,
            opened.task,
            asked.examples,
            explainer,
            column,
            outputs=asked.outputs,
            letters=letters_of(opened, column),
            quiet=quiet,
        )
        for column, (explainer, _) in methods.items()
    }
    note = _note(run, data, asked, found)
    for column, (_, name) in methods.items():
        note["inputs"][column]["method"] = name
    if output.exists():
        shutil.rmtree(output)
    with atomic(output) as folder:
        folder.mkdir()
        write_files(folder, opened, asked, found, note)
        if known is not None:
            command = _command(run, data, output, method=method, of=of, n=n, motifs=known.name)
            note["motifs"] = write_found_motifs(folder, opened, asked, found, known, run=run.name, command=command)
        write_json(folder / NOTE, note)
    return note


def _command(run: Path, data: str, output: Path, *, method: Piece | None, of: str | None, n: int, motifs: str) -> str:
    """What repeats an explanation with motifs."""
    words = ["exapt", "explain", str(run), data, "-o", str(output), "--motifs", motifs]
    if method:
        options = ",".join(f"{key}={value}" for key, value in method.options.items())
        words += ["--method", f"{method.name}:{options}" if options else method.name]
    if of is not None:
        words += ["--class", of]
    return shlex.join(words if n == MOST else [*words, "--n", str(n)])


def _methods(
    opened: OpenedRun, asked_for: Explainer | None, method: Piece | None
) -> dict[str, tuple[Explainer, dict[str, Any]]]:
    """The explainer of each input column, and how it is named in the notes."""
    found: dict[str, tuple[Explainer, dict[str, Any]]] = {}
    anywhere = asked_for is None or not asked_for.substitutes
    suits = [column for column in opened.encoders if anywhere or letters_of(opened, column)]
    if method and not suits:
        raise ConfigError(
            f"--method {method.name} is for DNA, RNA and protein sequences that are read letter by letter; the inputs "
            f"of this run are {named_inputs(opened)}."
        )
    for column, encoder in opened.encoders.items():
        if asked_for is not None and method is not None and column in suits:
            found[column] = asked_for, dict(method.plain())
        else:
            usual = usual_method(encoder)
            found[column] = EXPLAINERS.build(usual), {"name": usual}
    return found


def _known(opened: OpenedRun, motifs: str) -> Known:
    from exapt.api._motifs import known_motifs

    if len(nucleotide_columns(opened)) != 1:
        raise ConfigError(
            f"--motifs looks for motifs in one input of DNA or RNA letters; the inputs of this run are "
            f"{named_inputs(opened)}."
        )
    return Known(motifs, known_motifs(motifs))


def usual_method(encoder: Encoder) -> str:
    """The explainer that is used where none is asked for."""
    return METHODS.get(encoder.inputs().kind, "integrated_gradients")


def _refuse(output: Path, *, force: bool) -> None:
    refuse_existing(output, force=force)
    ours = output.is_dir() and ((output / NOTE).is_file() or not any(output.iterdir()))
    if output.exists() and not ours:
        raise RunExistsError(f"{output} was not made by `exapt explain`, so --force does not replace it.")


def _ask(opened: OpenedRun, data: str, of: str | None, n: int) -> Asked:
    """The first rows of the data, their predictions, and which output is explained."""
    from exapt.transfer.training.predict import predict

    task = opened.task
    first = next(islice(_pieces(data, opened), 1), None)
    if first is None or not len(first):
        raise InputError(f"{data}: no rows to explain.")
    table = first.take(np.arange(min(n, len(first))))
    examples = encode(table, opened.encoders, {})
    targets = [name for name, column in opened.columns.items() if column["role"] == "target"]
    names = output_names(task, targets) or targets
    decoded = task.decode(predict(opened.model, examples, opened.training))
    outputs = output_numbers(task, names, decoded, of)
    return Asked(table, examples, decoded, names, outputs, task.kind)


def _note(run: Path, data: str, asked: Asked, found: Mapping[str, Attributed]) -> dict[str, Any]:
    from exapt.explain._faithfulness import summary

    inputs = {}
    for column, one in found.items():
        inputs[column] = dict(summary(one.test, asked.kind)) if one.test else {}
        if np.isfinite(one.errors).any():
            change = float(np.abs(one.changes).mean())
            inputs[column]["completeness"] = {
                "mean_absolute_error": float(np.abs(one.errors).mean()),
                "mean_absolute_change": change,
            }
    return {
        "format_version": 1,
        "run": run.name,
        "data": data,
        "rows": len(asked.table),
        "unit": unit_of(asked.kind),
        "inputs": inputs,
    }
