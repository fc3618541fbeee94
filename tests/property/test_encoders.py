"""Letters survive encoding and padding; profiles survive the order of their columns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from exapt.core.contracts import Matrix
from exapt.data.encoders import _cells
from exapt.data.encoders.expression import Expression
from exapt.data.encoders.letters import ORDER, Letters
from exapt.data.keys import canonical_keys


def decode(encoder, x):
    return "".join(encoder.tokens()[i] for i in x)


@pytest.mark.parametrize("modality", list(ORDER))
@settings(max_examples=60, deadline=None)
@given(data=st.data())
def test_letters_are_read_back_from_a_padded_batch(modality, data):
    letters = ORDER[modality]
    values = data.draw(st.lists(st.text(letters + letters.lower(), max_size=40), min_size=1, max_size=8))
    encoder = Letters(modality)
    batch = encoder.collate(encoder.encode(values))
    for x, mask, value in zip(batch["x"], batch["mask"], values, strict=True):
        assert decode(encoder, x[mask]) == value.upper()
        assert not x[~mask].any()
        assert int(mask.sum()) == len(value)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=6))
def test_any_text_becomes_known_letters(values):
    for item, value in zip(Letters("protein").encode(values), values, strict=True):
        assert len(item["x"]) == len(value)
        assert ((item["x"] >= 2) & (item["x"] < 23)).all()


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("CNO()=#123[]+-@HBrcl%", min_size=1, max_size=30), min_size=1, max_size=6))
def test_molecules_are_read_back_from_learned_tokens(values):
    encoder = Letters("molecule").fit(values)
    for item, value in zip(encoder.encode(values), values, strict=True):
        assert decode(encoder, item["x"]) == value


@settings(max_examples=60, deadline=None)
@given(
    counts=hnp.arrays(np.int64, st.tuples(st.integers(2, 9), st.integers(2, 12)), elements=st.integers(0, 50)),
    form=st.sampled_from(_cells.NORMALISE),
    data=st.data(),
)
def test_the_order_of_genes_does_not_matter(counts, form, data):
    counts[:, 0] += 1
    names = tuple(f"g{i}" for i in range(counts.shape[1]))
    order = np.array(data.draw(st.permutations(range(len(names)))))
    encoder = Expression(normalise=form).fit(Matrix(counts, names))
    one = encoder.encode(Matrix(counts, names))
    other = encoder.encode(Matrix(counts[:, order], tuple(names[i] for i in order)))
    for a, b in zip(one, other, strict=True):
        assert np.isfinite(a["x"]).all()
        np.testing.assert_allclose(a["x"], b["x"], atol=1e-4)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text("ACGTNacgtn", max_size=30), min_size=1, max_size=10))
def test_both_strands_have_one_key(values):
    other = [value[::-1].translate(str.maketrans("ACGTNacgtn", "TGCANtgcan")) for value in values]
    assert (canonical_keys(values, "dna") == canonical_keys(other, "dna")).all()
