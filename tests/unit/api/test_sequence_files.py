"""Where a row stands on the genome, and which letters of a column may be exchanged."""

import pandas as pd
import pytest

from exapt.api._sequence_files import Place, letter_ids, places
from exapt.core.contracts import Column, Table
from exapt.core.errors import InputError
from exapt.core.registry import ENCODERS


def table(ids, **columns):
    frame = pd.DataFrame({"id": ids, **columns})
    return Table(frame, {"id": Column("id", "label")}, "x.csv")


@pytest.mark.parametrize(
    ("ids", "expected", "how"),
    [
        (
            ["chr1:10-14", "chr2:0-4(-)"],
            [Place("chr1", 10, 14), Place("chr2", 0, 4, "-")],
            "identifiers, counted from 0",
        ),
        (
            ["chr1:11-14", "chr2:1-4:-"],
            [Place("chr1", 10, 14), Place("chr2", 0, 4, "-")],
            "identifiers, counted from 1",
        ),
        (["chr1:10-14", "chr2:1-4"], [Place("chr1:10-14", 0, 4), Place("chr2:1-4", 0, 4)], "rows"),
        (["chr1:10-14", "b"], [Place("chr1:10-14", 0, 4), Place("b", 0, 4)], "rows"),
        (["a b", "a b"], [Place("a_b", 0, 4), Place("row2_a_b", 0, 4)], "rows"),
        (["track", "#x"], [Place("row1_track", 0, 4), Place("row2_#x", 0, 4)], "rows"),
    ],
)
def test_identifiers(ids, expected, how):
    assert places(table(ids), ["ACGT", "ACGT"]) == (expected, how)


def test_columns_come_first_and_must_agree():
    columns = {"chrom": ["c", "d"], "start": [5, 0], "end": [9, 4], "strand": ["-", "+"]}
    found, how = places(table(["chr1:1-5", "x"], **columns), ["ACGT", "ACGT"])
    assert found == [Place("c", 5, 9, "-"), Place("d", 0, 4)]
    assert how == "columns chrom, start, end"
    with pytest.raises(InputError, match=r"row x: d:0-4 has 4 letters"):
        places(table(["a", "x"], **columns), ["ACGT", "ACG"])
    with pytest.raises(InputError, match="whole numbers"):
        places(table(["a", "x"], **{**columns, "start": ["five", 0]}), ["ACGT", "ACGT"])


def test_letters_to_choose_from():
    tokens = {modality: ENCODERS.build("letters", modality=modality) for modality in ("dna", "rna", "protein")}
    assert letter_ids(tokens["dna"], "dna") == (2, 3, 4, 5)  # not N
    assert letter_ids(tokens["rna"], "rna") == (2, 3, 4, 5)
    assert len(letter_ids(tokens["protein"], "protein")) == 20
    smiles = ENCODERS.build("letters", modality="molecule").fit(["CCO"])
    assert letter_ids(smiles, "molecule") == ()
