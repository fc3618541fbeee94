"""Views of what is no input: missing values, identifiers and headers, columns without a role, the order of the rows."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from scipy import sparse

from exapt.core.contracts import Matrix, Table
from exapt.evaluate.baselines._matrices import dense, is_sparse
from exapt.evaluate.baselines._sequences import ALPHABETS
from exapt.evaluate.metrics._metric import Floats
from exapt.evaluate.shortcuts._inputs import by_rows, letter_shares
from exapt.evaluate.shortcuts._view import Level, View, spread

ORDER = ("line", "row")  # columns that loading adds: where a row stood in its file
TEXT_ROWS = (3000, 1500)  # training and test rows of which texts are read
TEXT_VALUES = 20  # different values from which a column without a role is text, not categories
TOKENS = 5_000  # of the training rows, the most frequent ones
LETTERS = 64  # from which runs of letters are taken; fields are taken from all of a text
SHORT = 20  # letters of a text up to which its form is a token
CATEGORIES = 20  # values of a column that are told apart
SAMPLE = 200  # rows of which it is seen whether an identifier spells out the input
MOSTLY, VARIED = 0.95, 0.2  # shares of them that spell it out, and of different spellings
_FIELDS = re.compile(r"[^0-9A-Za-z]+")
_NUMBER = re.compile(r"[0-9]+")


def views(train: Table, test: Table) -> Iterator[View]:
    """All views that no input column gives."""
    yield from _missing(train, test)
    others = []
    for name in _names(train):
        values = train.frame[name].dropna()
        is_text = not pd.api.types.is_numeric_dtype(values) and values.nunique() > TEXT_VALUES
        if train.columns[name].role == "id" if name in train.columns else is_text:
            yield _text(train, test, name)
        elif values.nunique() > 1:
            others.append(name)
    if others:
        yield _others(train, test, others)
    order = next((name for name in ORDER if name in train.frame and name not in train.columns), None)
    if order:
        first, second = (spread([table.frame[order].to_numpy()]) for table in (train, test))
        what = "where the row stands in the file; no model sees it, but parts cut by position would differ"
        yield View("row_order", order, what, "information", ["row number"], first, second)


def _names(table: Table) -> list[str]:
    """The identifier, and columns without a role."""
    names = [str(name) for name in table.frame.columns if name not in table.columns and name not in ORDER]
    return [*table.names("id"), *names]


def _missing(train: Table, test: Table) -> Iterator[View]:
    """Blank cells of all columns but the targets, unknown letters, and missing values and zeros of wide inputs."""
    roles = [name for name, column in train.columns.items() if column.role != "target" and name in train.frame]
    blank = _blanks(train, test, roles)
    for name in train.names("input"):
        modality = train.columns[name].modality
        first, second = train.values(name), test.values(name)
        if isinstance(first, Matrix) and isinstance(second, Matrix):
            blank[f"share of missing values of {name!r}"] = tuple(
                by_rows(part, _share_missing)[:, 0] for part in (first, second)
            )
            if modality == "expression":
                zeros, more = (by_rows(part, _zeros) for part in (first, second))
                yield View(
                    "missingness", name, "how many genes are 0", "warning", ["number of genes at 0"], zeros, more
                )
        elif modality in ALPHABETS:
            blank[f"share of unknown letters of {name!r}"] = tuple(
                letter_shares(table.frame[name].astype(str).tolist(), modality)[:, -1] for table in (train, test)
            )
    yield from _varying("which values are missing, and the share of unknown letters", "leak", blank)
    free = [str(name) for name in train.frame.columns if name not in train.columns and name not in ORDER]
    yield from _varying("which values of columns without a role are missing", "warning", _blanks(train, test, free))


def _varying(what: str, level: Level, features: dict[str, tuple[Floats, ...]]) -> Iterator[View]:
    kept = {name: parts for name, parts in features.items() if (parts[0] != parts[0][:1]).any()}
    if kept:
        first, second = (spread([parts[number] for parts in kept.values()]) for number in (0, 1))
        columns = _short([name.split("'")[1] for name in kept])
        yield View("missingness", columns, what, level, list(kept), first, second)


def _blanks(train: Table, test: Table, names: Sequence[str]) -> dict[str, tuple[Floats, ...]]:
    return {f"missing {name!r}": (_blank(train.frame[name]), _blank(test.frame[name])) for name in names}


def _blank(values: pd.Series) -> Floats:
    empty = values.isna() | (values.astype(str).str.strip() == "" if values.dtype == object else False)
    return empty.to_numpy().astype(np.float64)


def _share_missing(values: Any) -> Floats:
    cells = np.asarray(values.data if is_sparse(values) else values)
    if cells.dtype.kind != "f" or not np.isnan(cells).any():
        return np.zeros((values.shape[0], 1))
    missing = np.isnan(np.asarray(dense(values), dtype=np.float64).reshape(values.shape[0], -1))
    return np.asarray(missing.mean(1, keepdims=True))


def _zeros(values: Any) -> Floats:
    filled = np.asarray((values != 0).sum(1), dtype=np.float64).reshape(-1, 1)
    return np.asarray(values.shape[1] - filled)


def _short(names: Sequence[str]) -> str:
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def _text(train: Table, test: Table, name: str) -> View:
    from sklearn.feature_extraction.text import CountVectorizer

    texts, more = (
        table.frame[name].fillna("").astype(str).tolist()[:rows]
        for table, rows in zip((train, test), TEXT_ROWS, strict=True)
    )
    counter = CountVectorizer(
        analyzer=tokens, binary=True, dtype=np.float32, min_df=min(2, len(texts)), max_features=TOKENS
    )
    try:
        first = sparse.csr_array(counter.fit_transform(texts))
    except ValueError:  # no token stands in two rows
        first, names = sparse.csr_array((len(texts), 1)), ["nothing"]
        second = sparse.csr_array((len(more), 1))
    else:
        second, names = sparse.csr_array(counter.transform(more)), counter.get_feature_names_out().tolist()
    level, note = _meaning(train, name)
    what = "the identifier" if name in train.columns else "a column without a role, most likely a header"
    what = f"{what} as text: its fields and runs of 1 to 4 letters{note}"
    return View("identifier", name, what, level, names, first, second)


def _meaning(train: Table, name: str) -> tuple[Level, str]:
    """Whether an identifier that predicts the label leaks it, and why not."""
    if spells_input(train, name):
        return "information", "; its letters are those of the input (a variant's name, say), which is no leak"
    if len(train.names("input")) > 1:
        return "warning", "; in pairs it may only say who is paired, as the inputs do (compare the pair degree)"
    return "leak", ""


def tokens(text: str) -> set[str]:
    """Fields of a text, runs of 1 to 4 letters of its beginning, and its shape.

    Examples
    --------
    >>> sorted(token for token in tokens("A-12") if "field" in token)
    ['2 fields', "field '12'", "field 'A'"]
    """
    fields = [field for field in _FIELDS.split(text) if field]
    start = text[:LETTERS]
    runs = {f"run {start[i : i + k]!r}" for k in range(1, 5) for i in range(len(start) - k + 1)}
    shape = _NUMBER.sub("0", text)
    forms = {f"form {shape!r}"} if len(shape) <= SHORT else set()
    return {*runs, *forms, *(f"field {field!r}" for field in fields), f"{len(fields)} fields", f"length {len(text)}"}


def spells_input(table: Table, name: str) -> bool:
    """Whether the letters of an identifier stand in the same order in the input, as those of a variant's name do.

    Letters that are the same in most identifiers (ENSP, say) are a prefix, and tell nothing of the input.
    """
    inputs = [n for n in table.names("input") if table.columns[n].modality in (*ALPHABETS, "molecule")]
    rows = table.frame[[name, *inputs]].head(SAMPLE).astype(str) if inputs else table.frame.head(0)
    letters = ["".join(filter(str.isalpha, row[0])).upper() for row in rows.itertuples(index=False)]
    found = [
        any(_within(part, value.upper()) for value in row[1:])
        for part, row in zip(letters, rows.itertuples(index=False), strict=True)
    ]
    return bool(found) and float(np.mean(found)) >= MOSTLY and len(set(letters)) > VARIED * len(letters)


def _within(letters: str, value: str) -> bool:
    rest = iter(value)
    return len(letters) > 1 and all(letter in rest for letter in letters)


def _others(train: Table, test: Table, names: list[str]) -> View:
    columns: dict[str, tuple[Any, Any]] = {}
    for name in names:
        values, more = train.frame[name], test.frame[name]
        if pd.api.types.is_numeric_dtype(values) and values.nunique() > CATEGORIES:
            middle = values.median()
            columns[repr(name)] = (values.fillna(middle).to_numpy(), more.fillna(middle).to_numpy())
            continue
        for value in values.value_counts().index[:CATEGORIES]:
            columns[f"{name!r} = {value}"] = ((values == value).to_numpy(), (more == value).to_numpy())
    first, second = (spread([parts[number] for parts in columns.values()]) for number in (0, 1))
    what = "columns without a role: another label, a batch, or a measurement of what is to be predicted"
    return View("other_columns", _short(names), what, "warning", list(columns), first, second)
