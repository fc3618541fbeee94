"""FASTA and alphabets on generated sequences."""

import io
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from exapt.bio.formats import fasta
from exapt.bio.formats.fasta import Record
from exapt.bio.sequence.alphabets import DNA, canonical, reverse_complement, reverse_complements

WORD = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=12)
LETTERS = st.text("ACGTNRYacgtn*-", max_size=200)
DESCRIPTION = st.lists(WORD, max_size=3).map(" ".join)
RECORDS = st.lists(st.builds(Record, WORD, LETTERS, DESCRIPTION, st.just(0)), max_size=12)


@settings(deadline=None)
@given(RECORDS, st.integers(0, 70), st.booleans())
def test_what_is_written_is_read(records, width, compressed):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ("a.fa.gz" if compressed else "a.fa")
        assert fasta.write(path, records, width=width) == len(records)
        assert [record._replace(line=0) for record in fasta.read(path)] == records


@given(RECORDS, st.integers(1, 50))
def test_line_numbers_point_at_headers(records, width):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.fa"
        fasta.write(path, records, width=width)
        lines = path.read_text(encoding="utf-8").split("\n")
        for record in fasta.read(path):
            assert lines[record.line - 1].startswith(f">{record.id}")


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(noise):
    from exapt.core.errors import DataError

    try:
        records = list(fasta.parse(io.BytesIO(noise), "x.fa"))
    except DataError as error:
        assert str(error).startswith("x.fa:")
    else:
        assert all("\n" not in record.sequence for record in records)


@given(st.lists(st.text(DNA.all_letters + DNA.all_letters.lower(), max_size=60), max_size=8))
def test_the_other_strand_of_the_other_strand(sequences):
    assert reverse_complements(reverse_complements(sequences)) == sequences
    assert [len(s) for s in reverse_complements(sequences)] == [len(s) for s in sequences]
    assert all(DNA.accepts([reverse_complement(s)]) for s in sequences)
    assert canonical(sequences) == canonical(reverse_complements(sequences))
