"""A run's score of the alternative against the reference allele of each small difference between genomes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.api._explanation_files import letters_of, named_inputs, unit_of
from exapt.api._prepare import encode, load_data, output_names
from exapt.api._run import OpenedRun, open_run
from exapt.bio.compare.several import Result
from exapt.bio.compare.variants import AS_N, Difference
from exapt.bio.compare.windows import alleles
from exapt.core.contracts import Column, Table
from exapt.core.errors import ConfigError, InputError, nearest
from exapt.core.progress import bar

PIECE = 4096  # differences whose windows are held at a time
MOST = 100_000  # letters of a window
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Judge:
    """A run that scores alleles.

    Attributes
    ----------
    run
        Its folder.
    opened
        The same, ready to predict.
    column
        Its input.
    explained, output
        The class, label or target that is scored, and its number.
    unit
        Of the scores.
    window
        Letters of each window.
    """

    run: Path
    opened: OpenedRun
    column: str
    explained: str
    output: int
    unit: str
    window: int


@dataclass(frozen=True)
class Scores:
    """Scores of differences, in the order of the VCF file.

    Attributes
    ----------
    judge
        Who gave them.
    differences
        Those that could be scored.
    genomes
        The genomes that have each.
    reference, alternative
        (n,) score of each allele.
    skipped
        How many stand on contigs that are shorter than a window.
    """

    judge: Judge
    differences: Sequence[Difference]
    genomes: Sequence[Sequence[str]]
    reference: Floats
    alternative: Floats
    skipped: int

    def info(self) -> dict[Difference, dict[str, Any]]:
        """Values of the column INFO."""
        columns = (column.tolist() for column in (self.reference, self.alternative, self.alternative - self.reference))
        names = ("SCORE_REF", "SCORE_ALT", "SCORE_DIFF")
        return {one: dict(zip(names, told, strict=True)) for one, *told in zip(self.differences, *columns, strict=True)}

    def header(self) -> tuple[str, ...]:
        """Definitions of these values."""
        what = f"{self.judge.unit} of {self.judge.explained} by {self.judge.run.name}"
        what = what.replace('"', "'").replace("\\", "/")
        told = {"REF": "Reference allele", "ALT": "Alternative allele", "DIFF": "Alternative minus reference"}
        return tuple(
            f'##INFO=<ID=SCORE_{name},Number=1,Type=Float,Description="{text}: {what}, windows of '
            f'{self.judge.window} letters">'
            for name, text in told.items()
        )

    def frame(self) -> pd.DataFrame:
        """One row a difference; `position` counts from 1."""
        columns = ["contig", "position", "ref", "alt"]
        frame = pd.DataFrame(
            [(one.target, one.start + 1, one.ref, one.alt) for one in self.differences], columns=columns
        )
        difference = self.alternative - self.reference
        return frame.assign(
            genomes=[",".join(names) for names in self.genomes],
            score_ref=self.reference,
            score_alt=self.alternative,
            score_diff=difference,
        )


def open_judge(run: Path, *, of: str | None, window: int | None) -> Judge:
    """Open a run that scores alleles, and settle what it is asked.

    Parameters
    ----------
    run
        A folder of `exapt finetune` whose one input is DNA.
    of
        The class, label or target to score; None = the only one, or the second of two classes.
    window
        Letters around each difference; None = as long as the median of the rows that the run learned from.

    Raises
    ------
    InputError
        Where the run cannot score alleles, or a choice is missing.
    """
    opened = open_run(run)
    columns = list(opened.encoders)
    if len(columns) != 1 or opened.columns[columns[0]]["modality"] != "dna" or not letters_of(opened, columns[0]):
        raise ConfigError(
            f"--score {run}: alleles are scored by a run with one input of DNA letters; the inputs of this run are "
            f"{named_inputs(opened)}."
        )
    if opened.task.needs != "pooled":
        name = opened.config.task.name
        raise ConfigError(f"--score {run}: task {name!r} predicts something for each letter, not for a sequence.")
    explained, output = _output(opened, of)
    most = getattr(opened.encoders[columns[0]], "max_length", None)
    longest = most or MOST
    if window is not None and not 1 <= window <= longest:
        raise ConfigError(f"--window is a number of letters from 1 to {longest:,}; found {window}.")
    size = window or min(_usual(opened, columns[0]), longest)
    return Judge(run, opened, columns[0], explained, output, _unit(opened), size)


def _output(opened: OpenedRun, of: str | None) -> tuple[str, int]:
    targets = [name for name, column in opened.columns.items() if column["role"] == "target"]
    names = list(output_names(opened.task, targets) or targets)
    if of is not None:
        if of not in names:
            raise ConfigError(f"--class {of!r} is not what this run predicts. {nearest(of, names)}")
        return of, names.index(of)
    if len(names) == 1 or (opened.task.kind == "class" and len(names) == 2):
        return names[-1], len(names) - 1
    raise ConfigError(f"This run predicts {', '.join(names)}. Name the one to score with --class.")


def _unit(opened: OpenedRun) -> str:
    if opened.task.kind != "number":
        return unit_of(opened.task.kind)
    [*units] = [column["unit"] for column in opened.columns.values() if column["role"] == "target"]
    return units[0] if len(units) == 1 and units[0] else "value"


def _usual(opened: OpenedRun, column: str) -> int:
    """Median length of the rows of the data that the run was trained on."""
    name = opened.config.data.name
    try:
        texts = load_data(opened.config.data).table.frame[column]
    except InputError as error:
        raise ConfigError(
            f"--score: the data of the run ({name}) cannot be read, so the length of its rows is not known. Give "
            f"--window, the number of letters around each difference.\n{error}"
        ) from None
    return int(texts.str.len().median())


def score_alleles(result: Result, judge: Judge, *, quiet: bool) -> Scores:
    """Score both alleles of every substitution and indel, each alone in the letters of the reference.

    Parameters
    ----------
    result
        A comparison.
    judge
        Made by `open_judge`.
    quiet
        No progress on stderr.
    """
    reference = result.sides[0]
    carriers: dict[Difference, list[str]] = {}
    for other in result.against:
        for one in other.small:
            carriers.setdefault(one, []).append(other.side.name)
    order = {name: rank for rank, name in enumerate(reference.letters)}
    rows = sorted(carriers, key=lambda one: (order[one.target], *one[1:]))
    letters = {name: text.translate(AS_N) for name, text in reference.letters.items()}
    kept: list[Difference] = []
    found: list[Floats] = []
    with bar("score", len(rows), unit="alleles", quiet=quiet) as progress:
        for start in range(0, len(rows), PIECE):
            part = rows[start : start + PIECE]
            told = [
                alleles(one, letters[one.target], judge.window, circular=reference.contigs[one.target].circular)
                for one in part
            ]
            kept += [one for one, pair in zip(part, told, strict=True) if pair]
            texts = [text for pair in told if pair for text in pair]
            if texts:
                found.append(score_texts(judge, texts))
            progress.advance(len(part))
    scores = np.concatenate(found) if found else np.empty(0)
    genomes = [carriers[one] for one in kept]
    return Scores(judge, kept, genomes, scores[::2], scores[1::2], len(rows) - len(kept))


def score_texts(judge: Judge, texts: Sequence[str]) -> Floats:
    """Scores (n,) of n pieces of DNA: log-odds, or the target in its own unit."""
    import torch

    from exapt.explain._question import score
    from exapt.transfer.training.predict import predict

    table = Table(pd.DataFrame({judge.column: list(texts)}), {judge.column: Column("input", "dna")}, "alleles")
    opened = judge.opened
    output = predict(opened.model, encode(table, opened.encoders, {}), opened.training)
    if opened.task.kind == "number":
        values = opened.task.decode(output)
        return values[:, judge.output] if values.ndim == 2 else values
    wanted = torch.full((len(texts),), judge.output)
    found: Floats = score(output, wanted, opened.task.kind).double().numpy()
    return found
