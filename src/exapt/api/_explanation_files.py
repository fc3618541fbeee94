"""The files of an explanation: tables, drawings, tracks along the genome, motifs."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exapt.api._attributions import Attributed
from exapt.api._run import OpenedRun
from exapt.api._sequence_files import letter_ids, map_table, places, write_bedgraph
from exapt.core.contracts import Encoder, Kind, Rows, Table
from exapt.core.examples import Examples
from exapt.core.paths import write_text

if TYPE_CHECKING:
    import pandas as pd

    from exapt.bio.motifs.motif import Motif

DRAWN = 100  # maps of exchanged letters that are drawn; each is some 50 kB


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


@dataclass(frozen=True)
class Known:
    """A collection of motifs to compare with, and what it is called."""

    name: str
    motifs: Sequence[Motif]


def letters_of(opened: OpenedRun, column: str) -> tuple[int, ...]:
    """Ids of the unambiguous letters of a column; empty where it is not read letter by letter."""
    return letter_ids(opened.encoders[column], opened.columns[column]["modality"])


def named_inputs(opened: OpenedRun) -> str:
    """The input columns and what they hold, for messages."""
    return ", ".join(f"{column} ({opened.columns[column]['modality']})" for column in opened.encoders)


def nucleotide_columns(opened: OpenedRun) -> list[str]:
    """Input columns of DNA or RNA that are read letter by letter."""
    return [
        column
        for column in opened.encoders
        if opened.columns[column]["modality"] in ("dna", "rna") and letters_of(opened, column)
    ]


def unit_of(kind: Kind) -> str:
    """Unit of attributions."""
    return "standard deviations of the target" if kind == "number" else "log-odds"


def write_files(
    folder: Path, opened: OpenedRun, asked: Asked, found: Mapping[str, Attributed], note: dict[str, Any]
) -> None:
    """Tables, drawings and tracks of all inputs; what is known of coordinates goes into the note."""
    import pandas as pd

    ids = asked.table.ids()
    rows, frames = [], []
    for column, one in found.items():
        letters = _named(opened, asked, column, one)
        for i, row in enumerate(ids):
            each = {"id": row, "input": column, "explained": asked.explained(i), "prediction": asked.prediction(i)}
            each |= {"score": one.scores[i], "change": one.changes[i], "completeness_error": one.errors[i]}
            rows.append(each)
            frames.append(_positions(row, column, letters[i], one.values[i]))
        place = folder if len(found) == 1 else folder / re.sub(r"[^A-Za-z0-9.-]+", "_", column)
        texts: Any = asked.table.values(column)
        _draw(place, opened, column, asked, one, letters, texts)
        if one.maps is not None:
            table = map_table(ids, letters, one.maps, _alphabet(opened, column))
            place.mkdir(exist_ok=True)
            table.to_csv(place / "mutagenesis.tsv", sep="\t", index=False, float_format="%.6g")
        if column in nucleotide_columns(opened):
            where, known_by = places(asked.table, list(texts))
            note["inputs"][column]["coordinates"] = known_by
            place.mkdir(exist_ok=True)
            said = f"attributions of {column}, {unit_of(asked.kind)}"
            write_bedgraph(place / "attributions.bedgraph", where, one.values, said)
    pd.DataFrame(rows).to_csv(folder / "explained.tsv", sep="\t", index=False, float_format="%.6g")
    pd.concat(frames).to_csv(folder / "attributions.tsv", sep="\t", index=False, float_format="%.6g")


def write_found_motifs(
    folder: Path,
    opened: OpenedRun,
    asked: Asked,
    found: Mapping[str, Attributed],
    known: Known,
    *,
    run: str,
    command: str,
) -> dict[str, Any]:
    """Motifs in the one column of DNA or RNA, and what the notes say of them."""
    from exapt.api._motifs import Searched, write_motifs

    (column,) = nucleotide_columns(opened)
    one = found[column]
    sequences = ["".join(row) for row in _named(opened, asked, column, one)]
    names = [asked.explained(i) for i in range(len(sequences))]
    searched = Searched(asked.table.ids(), sequences, one.values, names)
    return write_motifs(folder, searched, known.motifs, run=run, reference=known.name, command=command)


def _named(opened: OpenedRun, asked: Asked, column: str, one: Attributed) -> list[list[str]]:
    """What stands at each unit of each row."""
    encoder, items, texts = opened.encoders[column], asked.examples.inputs[column], asked.table.values(column)
    return [position_names(encoder, items[i], texts, i, len(values)) for i, values in enumerate(one.values)]


def _alphabet(opened: OpenedRun, column: str) -> str:
    from exapt.bio.sequence.alphabets import alphabet

    return alphabet(opened.columns[column]["modality"]).letters


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
    opened: OpenedRun,
    column: str,
    asked: Asked,
    one: Attributed,
    letters: Sequence[Sequence[str]],
    texts: Any,
) -> None:
    """One SVG a row: a structure with coloured atoms, or a track of letters; of molecules a sheet besides."""
    from exapt.report.figures.letters import mutagenesis
    from exapt.report.figures.track import track

    encoder, modality = opened.encoders[column], opened.columns[column]["modality"]
    ids = asked.table.ids()
    titles = [f"{row}: {asked.explained(i)} {asked.prediction(i):.3g}" for i, row in enumerate(ids)]
    names = [f"{i + 1:04d}_{re.sub(r'[^A-Za-z0-9.-]+', '_', row)[:40]}.svg" for i, row in enumerate(ids)]
    unit = unit_of(asked.kind)
    values = [atom_values(encoder, texts[i], one.values[i]) for i in range(len(ids))] if modality == "molecule" else []
    if values and all(value is not None for value in values):
        _draw_molecules(folder, list(texts), values, list(zip(names, titles, strict=True)), unit)
    elif encoder.inputs().kind == "letters":
        for i, name in enumerate(names):
            if one.maps is not None and i >= DRAWN:
                break
            if one.maps is None:
                svg = track(letters[i], one.values[i], title=titles[i], unit=unit)
            else:
                alphabet = _alphabet(opened, column)
                svg = mutagenesis(letters[i], one.values[i], one.maps[i], alphabet, title=titles[i], unit=unit)
            write_text(folder / name, svg)


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
