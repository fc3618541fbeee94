"""`explain`: which letters or atoms a run's predictions come from, and whether that can be believed."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exapt.api._attributions import Attributed, attribute, output_numbers
from exapt.api._prepare import encode, output_names
from exapt.api._run import OpenedRun, open_run
from exapt.api.prediction import _pieces
from exapt.core.config import Piece
from exapt.core.contracts import Encoder, Kind, Rows, Table
from exapt.core.errors import ConfigError, InputError, RunExistsError
from exapt.core.examples import Examples
from exapt.core.paths import atomic, refuse_existing, write_json, write_text
from exapt.core.registry import EXPLAINERS

if TYPE_CHECKING:
    import pandas as pd

METHODS = {"graph": "occlusion"}  # by what the encoder makes; integrated gradients for all else
MOST = 100  # rows explained unless more are asked for
NOTE = "faithfulness.json"


@dataclass(frozen=True)
class Asked:
    """What is explained: rows of a table, their predictions, and one output of each."""

    table: Table
    examples: Examples
    decoded: NDArray[np.float64]
    names: Sequence[str]
    outputs: Rows
    kind: Kind

    def prediction(self, row: int) -> float:
        """Probability or value of the explained output."""
        return float(self.decoded[row] if self.decoded.ndim == 1 else self.decoded[row, self.outputs[row]])

    def explained(self, row: int) -> str:
        """Name of the explained output."""
        return str(self.names[self.outputs[row]])


def explain(
    run: Path,
    data: str,
    output: Path,
    *,
    method: Piece | None = None,
    of: str | None = None,
    n: int = MOST,
    force: bool = False,
    quiet: bool = False,
) -> dict[str, Any]:
    """Write which letters, atoms or features the predictions come from, with a deletion test.

    Parameters
    ----------
    run
        A run folder.
    data
        A card name or a file; its first `n` rows are explained.
    output
        A folder to make: attributions.tsv, explained.tsv, faithfulness.json, and SVGs of molecules or sequences.
    method
        A registered explainer with its options; None = occlusion for atoms, integrated gradients for all else.
    of
        The class, label or target to explain; None = what the model predicts for each row.
    n
        Number of rows, at least 1.
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
    usual = {column: usual_method(encoder) for column, encoder in opened.encoders.items()}
    asked = _ask(opened, data, of, n)
    found = {
        column: attribute(
            opened.model,
            opened.task,
            asked.examples,
            asked_for or EXPLAINERS.build(usual[column]),
            column,
            outputs=asked.outputs,
            quiet=quiet,
        )
        for column in opened.encoders
    }
    note = _note(run, data, asked, found)
    for column, name in usual.items():
        note["inputs"][column]["method"] = method.plain() if method else {"name": name}
    if output.exists():
        shutil.rmtree(output)
    with atomic(output) as folder:
        folder.mkdir()
        _write(folder, opened, asked, found)
        write_json(folder / NOTE, note)
    return note


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


def unit_of(kind: Kind) -> str:
    """Unit of attributions."""
    return "standard deviations of the target" if kind == "number" else "log-odds"


def _write(folder: Path, opened: OpenedRun, asked: Asked, found: Mapping[str, Attributed]) -> None:
    import pandas as pd

    ids = asked.table.ids()
    rows, frames = [], []
    for column, one in found.items():
        encoder = opened.encoders[column]
        texts = asked.table.values(column)
        letters = [
            position_names(encoder, asked.examples.inputs[column][i], texts, i, len(one.values[i]))
            for i in range(len(ids))
        ]
        for i, row in enumerate(ids):
            each = {"id": row, "input": column, "explained": asked.explained(i), "prediction": asked.prediction(i)}
            each |= {"score": one.scores[i], "change": one.changes[i], "completeness_error": one.errors[i]}
            rows.append(each)
            frames.append(_positions(row, column, letters[i], one.values[i]))
        place = folder if len(found) == 1 else folder / re.sub(r"[^A-Za-z0-9.-]+", "_", column)
        _draw(place, opened.columns[column]["modality"], encoder, asked, one, letters, texts)
    pd.DataFrame(rows).to_csv(folder / "explained.tsv", sep="\t", index=False, float_format="%.6g")
    pd.concat(frames).to_csv(folder / "attributions.tsv", sep="\t", index=False, float_format="%.6g")


def _positions(row: str, column: str, letters: Sequence[str], values: NDArray[np.float64]) -> pd.DataFrame:
    import pandas as pd

    position = np.arange(1, len(values) + 1)
    return pd.DataFrame({"id": row, "input": column, "position": position, "letter": letters, "value": values})


def position_names(encoder: Encoder, item: Mapping[str, Any], texts: Any, row: int, count: int) -> list[str]:
    """What stands at each unit of an encoded value: letter, token, element symbol, or feature.

    Parameters
    ----------
    encoder, item
        The encoder of the column and the encoded value.
    texts
        The column's values.
    row
        Which of them.
    count
        Number of units.
    """
    kind = encoder.inputs().kind
    if kind == "graph":
        from exapt.bio.chem.atoms_drawing import symbols

        found = symbols(texts[row])
        return found if len(found) == count else [str(i + 1) for i in range(count)]
    if kind == "letters":
        ids = item["x"].tolist()
        tokens = getattr(encoder, "tokens", None)
        return [str(tokens()[i]) or "?" for i in ids] if tokens else [str(i) for i in ids]
    features = getattr(encoder, "features", ())
    return list(features) if len(features) == count else [str(i + 1) for i in range(count)]


def atom_values(encoder: Encoder, smiles: str, values: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Attributions as one number an atom of RDKit's molecule; None where they cannot be brought onto atoms."""
    from exapt.bio.chem.atoms_drawing import atoms_of_tokens, symbols
    from exapt.data.encoders.letters import SMILES

    atoms = len(symbols(smiles))
    if encoder.inputs().kind == "graph":
        return values if len(values) == atoms else None
    tokens = SMILES.findall(smiles)[: len(values)]
    if len(tokens) != len(values) or not hasattr(encoder, "tokens"):
        return None
    found = np.zeros(atoms)
    places = atoms_of_tokens(smiles, tokens)
    np.add.at(found, places[places >= 0], values[places >= 0])
    return found


def _draw(
    folder: Path,
    modality: str,
    encoder: Encoder,
    asked: Asked,
    one: Attributed,
    letters: Sequence[Sequence[str]],
    texts: Any,
) -> None:
    """One SVG a row: a structure with coloured atoms, or a track of letters; of molecules a sheet besides."""
    from exapt.report.figures.track import track

    ids = asked.table.ids()
    titles = [f"{row}: {asked.explained(i)} {asked.prediction(i):.3g}" for i, row in enumerate(ids)]
    names = [f"{i + 1:04d}_{re.sub(r'[^A-Za-z0-9.-]+', '_', row)[:40]}.svg" for i, row in enumerate(ids)]
    unit = unit_of(asked.kind)
    values = [atom_values(encoder, texts[i], one.values[i]) for i in range(len(ids))] if modality == "molecule" else []
    if values and all(value is not None for value in values):
        _draw_molecules(folder, list(texts), values, list(zip(names, titles, strict=True)), unit)
    elif encoder.inputs().kind == "letters":
        for i, name in enumerate(names):
            write_text(folder / name, track(letters[i], one.values[i], title=titles[i], unit=unit))


def _draw_molecules(
    folder: Path, smiles: Sequence[str], values: Sequence[Any], named: Sequence[tuple[str, str]], unit: str
) -> None:
    from exapt.bio.chem.atoms_drawing import draw_atoms, legend, sheet

    limit = float(np.quantile([np.abs(value).max(initial=0.0) for value in values], 0.9)) or 1.0
    drawings = []
    for text, value, (name, title) in zip(smiles, values, named, strict=True):
        svg = draw_atoms(text, value, limit=limit)
        write_text(folder / name, svg)
        drawings.append((svg, title))
    write_text(folder / "sheet.svg", sheet(drawings, legend(limit, unit)))
