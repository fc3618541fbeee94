"""`predict` and `embed`: use a run or weights on new data, streamed in bounded memory."""

from __future__ import annotations

import gzip
import logging
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exapt.api._neighbours import read_neighbours
from exapt.api._prepare import build_encoder, encode, modalities_of, output_names
from exapt.api._run import RULES, OpenedRun, open_run, to_device
from exapt.core.config import TrainingConfig
from exapt.core.contracts import Model, Table
from exapt.core.errors import InputError
from exapt.core.paths import atomic, read_json, refuse_existing
from exapt.core.progress import bar
from exapt.core.registry import CLEANERS, ENCODERS

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 8192
logger = logging.getLogger(__name__)


def predict(
    run: Path, data: str, output: Path, *, abstain: bool = False, force: bool = False, quiet: bool = False
) -> int:
    """Predict every row of a card or file and write the task's table.

    Of molecules, it also says how similar each is to the nearest training molecule; of pairs, whether its entities
    stood in training.

    Parameters
    ----------
    run
        A run folder.
    data
        A card name or a file; read in pieces of 8,192 rows, so memory does not grow with the input.
    output
        A TSV, or a CSV where the name ends in `.csv`; gzip where it ends in `.gz`. Molecules that cannot be read go,
        with their reasons, to `<output>.rejected.tsv` instead.
    abstain
        Calibrate the probabilities and add two columns: `unknown`, where the model should not answer if 5 % of its
        answers may be wrong, and `possible`, the set (or interval) that holds the truth in 90 % of the rows.

    Raises
    ------
    InputError
        With `abstain`, where the run has no validation rows to have learned that from.

    Returns
    -------
    int
        Number of rows written.
    """
    from exapt.transfer.training.predict import predict as forward

    _refuse_output(output, force=force)
    opened = open_run(run)
    rules, neighbours = _rules(run) if abstain else None, read_neighbours(run)
    rows = 0
    with _text(output) as file, bar("predict", None, unit="rows", quiet=quiet) as progress:
        for table in _pieces(data, opened, Rejected(output)):
            examples = encode(table, opened.encoders, {})
            decoded = opened.task.decode(forward(opened.model, examples, opened.training))
            frame = _framed(opened, decoded, examples.ids, rules)
            frame = opened.task.listed(frame if neighbours is None else neighbours.beside(frame, table))
            frame.to_csv(file, sep=_separator(output), index=False, header=not rows)
            rows += len(table)
            progress.advance(len(table))
    return rows


def _rules(run: Path) -> dict[str, Any]:
    if not (run / RULES).is_file():
        raise InputError(
            f"{run}: no {RULES}, so nothing is known about when this model errs. It needs validation rows: "
            f"train again with a validation part, or predict without --abstain."
        )
    found: dict[str, Any] = read_json(run / RULES)
    return found


def _framed(
    opened: OpenedRun, decoded: NDArray[np.float64], ids: Sequence[str], rules: Mapping[str, Any] | None
) -> pd.DataFrame:
    """The task's table, with what can be said about each answer."""
    task = opened.task
    if rules is None:
        return task.frame(decoded, ids)
    from exapt.evaluate.abstention import apply

    names = output_names(task, [name for name, column in opened.columns.items() if column["role"] == "target"])
    said = apply(rules, decoded, names)
    frame = task.frame(said.prediction, ids)
    if said.unknown is not None and said.unknown.ndim == 2:
        frame["unknown"] = ["; ".join(np.asarray(names)[row]) for row in said.unknown]
    elif said.unknown is not None:
        frame["unknown"] = np.where(said.unknown, "yes", "no")
    return frame.assign(possible=said.sets)


def _refuse_output(output: Path, *, force: bool) -> None:
    if output.is_dir():
        raise InputError(f"{output} is a folder. Give -o the name of a file.")
    refuse_existing(output, force=force)


@contextmanager
def _text(output: Path) -> Iterator[IO[str]]:
    """A text file that appears complete or not at all, compressed where its name says so."""
    with atomic(output) as temporary:
        zipped = output.suffix == ".gz"
        with gzip.open(temporary, "wt") if zipped else temporary.open("w", encoding="utf-8") as file:
            yield file


def _separator(output: Path) -> str:
    return "," if output.name.removesuffix(".gz").endswith(".csv") else "\t"


class Rejected:
    """A table beside the output of the rows that cannot be predicted, made when there is a first one."""

    def __init__(self, output: Path) -> None:
        self.path = output.with_name(f"{output.name}.rejected.tsv")
        self.path.unlink(missing_ok=True)

    def __call__(self, rows: pd.DataFrame) -> None:
        """Append rows."""
        new = not self.path.exists()
        rows.to_csv(self.path, sep="\t", index=False, mode="a", header=new)
        logger.warning("%s rows cannot be read; they are in %s, with reasons.", f"{len(rows):,}", self.path)


def _pieces(data: str, opened: OpenedRun, rejected: Rejected | None = None) -> Iterator[Table]:
    """Tables of rows to predict, mended as the training rows were; none is dropped as a duplicate.

    Libraries of molecules always hold a few that cannot be read: they must not stop the others.
    """
    from exapt.data.loading import stream

    inputs = list(opened.encoders)
    modality = {name: opened.columns[name]["modality"] for name in inputs}
    wanted = opened.config.data
    rules = [piece for piece in wanted.clean or [] if CLEANERS.get(piece.name).mends]
    others = [name for name, column in opened.columns.items() if column["role"] in ("target", "group", "weight")]
    yield from stream(
        data,
        inputs=modality,
        others=others,
        options=wanted.options,
        rules=rules,
        chunk_rows=CHUNK,
        rejected=rejected if "molecule" in modality.values() else None,
    )


def embed(weights: str, data: str, output: Path, *, force: bool = False, quiet: bool = False) -> int:
    """Write the pooled features of every row.

    Parameters
    ----------
    weights
        `arch.tag`, a folder of weights, or a run folder (its fine-tuned backbone).
    data
        A card name or a file, read in pieces.
    output
        A table with the columns id, e0, e1, ... as `predict` writes it, or a NumPy `.npy` of shape (n, D), float32.

    Returns
    -------
    int
        Number of rows written.
    """
    _refuse_output(output, force=force)
    with bar("embed", None, unit="rows", quiet=quiet) as progress:
        pieces = _features(weights, data)
        write = _write_npy if output.suffix == ".npy" else _write_table
        rows = 0
        for count in write(output, pieces):
            rows += count
            progress.advance(count)
    return rows


Embedded = Iterator[tuple[Sequence[str], NDArray[np.float32]]]


def _features(weights: str, data: str) -> Embedded:
    """Ids and pooled features (n, D), piece by piece; of several input columns side by side."""
    from exapt.transfer.training.predict import features

    if (Path(weights) / "model.json").is_file():
        opened = open_run(Path(weights))
        for table in _pieces(data, opened):
            examples = encode(table, opened.encoders, {})
            yield examples.ids, features(opened.model, examples, opened.training).numpy()
        return
    from exapt.data.loading import stream
    from exapt.models import hub

    backbone, config = hub.load(weights)
    model, training = Model({"input": to_device(backbone, "auto")}, {}), TrainingConfig()
    name, state = config["encoder"]["name"], config["encoder"]["state"]
    for table in stream(data, inputs={"input": modalities_of(ENCODERS.build(name, **state))}, chunk_rows=CHUNK):
        examples = encode(table, {"input": build_encoder(name, state, table, "input")}, {})
        yield examples.ids, features(model, examples, training).numpy()


def _write_table(output: Path, pieces: Embedded) -> Iterator[int]:
    import pandas as pd

    first = True
    with _text(output) as file:
        for ids, values in pieces:
            frame = pd.DataFrame(values, columns=[f"e{i}" for i in range(values.shape[1])])
            frame.insert(0, "id", list(ids))
            frame.to_csv(file, sep=_separator(output), index=False, header=first)
            first = False
            yield len(frame)


def _write_npy(output: Path, pieces: Embedded) -> Iterator[int]:
    """The header, which NumPy pads so that the number of rows fits whatever it is, is written again at the end."""
    shape = (0, 0)
    with atomic(output) as temporary, temporary.open("wb") as file:
        for _, values in pieces:
            if not shape[0]:
                _npy_header(file, values.shape)
            file.write(np.ascontiguousarray(values, dtype="<f4").data)
            shape = (shape[0] + len(values), values.shape[1])
            yield len(values)
        file.seek(0)
        _npy_header(file, shape)


def _npy_header(file: IO[bytes], shape: tuple[int, ...]) -> None:
    np.lib.format.write_array_header_1_0(file, {"descr": "<f4", "fortran_order": False, "shape": shape})
