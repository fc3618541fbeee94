"""Any numbers along any sequences are the same after writing and reading."""

import io

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exapt.bio.formats import bedgraph
from exapt.bio.formats.bedgraph import Piece, Signal

NAMES = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=8).filter(
    lambda name: not name.startswith(("track", "browser"))
)
VALUES = st.lists(st.floats(-1e12, 1e12), min_size=1, max_size=12)


@given(st.lists(st.tuples(NAMES, st.integers(0, 50), st.sampled_from("+-"), VALUES), max_size=6))
@settings(deadline=None, max_examples=60)
def test_parse_of_write_is_the_identity(rows):
    pieces = [Piece(name, start, start + len(values), strand, np.array(values)) for name, start, strand, values in rows]
    signal = Signal(bedgraph.per_base(pieces), ("# made in a test",))
    text = io.StringIO()
    bedgraph.dump(text, signal)
    again = bedgraph.parse(io.BytesIO(text.getvalue().encode()), "x")
    assert again == signal
    covered = {(name, start + i) for name, start, _, values in rows for i in range(len(values))}
    assert {(one.seqid, place) for one in again.stretches for place in range(one.start, one.end)} == covered
