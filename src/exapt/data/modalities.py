"""What a column holds, judged by its name and its values; every guess comes with its reason."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

import numpy as np
import pandas as pd
from scipy.sparse import issparse

from exapt.bio.sequence.alphabets import ALPHABETS
from exapt.core.contracts import Matrix, Modality

SAMPLE = 1000
FEW_VALUES = 20
MOSTLY = 0.95
SHORTEST_SEQUENCE = 8
LARGEST_LOG = 15.0
INCHI = "InChI="
_SMILES = re.compile(r"[A-Za-z0-9@+\-\[\]()=#$%/\\.:*]+")
_SMILES_SYNTAX = re.compile(r"[\[\]()=#0-9]")

Guess = tuple[Modality, str]


def of_input(name: str, values: pd.Series) -> Guess | None:
    """Modality of an input column, or None where its values are neither sequences, molecules nor numbers.

    Examples
    --------
    >>> of_input("x", pd.Series(["ACGTTGCATN", "acgtacgtac"]))
    ('dna', '100 % of the letters are ACGT')
    >>> of_input("x", pd.Series(["CC(=O)Oc1ccccc1C(=O)O", "CCO"]))
    ('molecule', 'spelled like SMILES')
    >>> of_input("x", pd.Series([0.5, 1.5]))
    ('number', 'numbers')
    """
    if pd.api.types.is_bool_dtype(values):
        return None
    if pd.api.types.is_numeric_dtype(values):
        return "number", "numbers"
    sample = [value for value in values.head(SAMPLE) if isinstance(value, str) and value]
    if not sample:
        return None
    if "smiles" in name.lower():
        return "molecule", "by its name"
    if all(value.startswith(INCHI) for value in sample):
        return "molecule", "InChI"
    return of_letters(sample) or _of_smiles(sample)


def of_letters(sequences: Sequence[str]) -> Guess | None:
    """DNA, RNA or protein by the share of letters, case ignored; None where it is none of them.

    Examples
    --------
    >>> of_letters(["ACGUUGCA", "ACGU"])
    ('rna', '100 % of the letters are ACGU')
    >>> of_letters(["MKVLAAGI", "ACDEFGHIKL"])
    ('protein', '100 % of the letters are amino acids')
    """
    counts = Counter("".join(sequences).upper())
    total = sum(counts.values())
    if not total:
        return None

    def share(letters: str) -> float:
        return sum(counts[letter] for letter in letters) / total

    for modality, letters in (("dna", "ACGT"), ("rna", "ACGU")):
        wanted = share(letters + "N")
        if wanted >= MOSTLY and (modality == "dna") == (counts["T"] >= counts["U"]):
            return modality, f"{100 * wanted:.3g} % of the letters are {letters}"  # type: ignore[return-value]
    wanted = share(ALPHABETS["protein"].all_letters)
    if wanted >= MOSTLY:
        return "protein", f"{100 * wanted:.3g} % of the letters are amino acids"
    return None


def _of_smiles(values: Sequence[str]) -> Guess | None:
    spelled = sum(bool(_SMILES.fullmatch(value)) for value in values) >= MOSTLY * len(values)
    syntax = sum(bool(_SMILES_SYNTAX.search(value)) for value in values) >= 0.5 * len(values)
    letters = sum(any(c in "CNOcno" for c in value) for value in values) >= MOSTLY * len(values)
    return ("molecule", "spelled like SMILES") if spelled and syntax and letters else None


def is_sequence_column(values: pd.Series) -> bool:
    """Whether a column without a telling name looks like sequences or molecules, not like labels.

    Examples
    --------
    >>> is_sequence_column(pd.Series(["ACGTACGTAC", "ACGTTTTTTT"])), is_sequence_column(pd.Series(["EI", "IE"]))
    (True, False)
    """
    guess = None if pd.api.types.is_numeric_dtype(values) else of_input("", values)
    if guess is None:
        return False
    sample = values.head(SAMPLE).dropna().astype(str)
    varied = sample.nunique() > 0.5 * len(sample)
    return bool(varied and sample.str.len().median() >= SHORTEST_SEQUENCE)


def of_target(values: pd.Series) -> Guess:
    """Label or number: text, yes/no and few whole numbers are labels, all else are numbers.

    Examples
    --------
    >>> of_target(pd.Series([0, 1, 1, 0]))
    ('label', '2 different whole numbers')
    >>> of_target(pd.Series([0.12, 3.4, 1.1]))
    ('number', 'numbers')
    """
    if pd.api.types.is_bool_dtype(values) or not pd.api.types.is_numeric_dtype(values):
        return "label", "text"
    known = values.dropna()
    distinct = known.nunique()
    if distinct <= FEW_VALUES and distinct < len(known) and (known == known.round()).all():
        return "label", f"{distinct} different whole numbers"
    return "number", "numbers"


def unit_of_expression(matrix: Matrix) -> tuple[str, str] | None:
    """Unit of a wide expression input, judged by its first rows; None where nothing can be said.

    Examples
    --------
    >>> unit_of_expression(Matrix(np.array([[0, 3, 1], [2, 0, 0]])))
    ('UMI count', 'whole numbers from 0')
    >>> unit_of_expression(Matrix(np.array([[0.0, -1.5, 1.0]])))
    """
    rows = matrix.values[:SAMPLE]
    sparse = issparse(rows)
    values = np.asarray(rows.data if sparse else rows)
    if not values.size or values.dtype.kind not in "uif" or not np.isfinite(values).all() or values.min() < 0:
        return None
    if (values == np.round(values)).all():
        return "UMI count", "whole numbers from 0"
    if values.max() <= LARGEST_LOG:
        return "log1p CP10k", f"from 0 to {values.max():.3g}, not whole"
    return None
