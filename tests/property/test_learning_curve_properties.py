"""Labels needed: what must hold for every learning curve."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from exapt.evaluate.learning_curve import labels_needed

quick = settings(max_examples=200, deadline=None)
scores = st.floats(-1, 1).map(lambda value: round(value, 3))


@st.composite
def curves(draw):
    """Ascending numbers of labels, and a score with each."""
    labels = sorted(draw(st.sets(st.integers(1, 10_000), min_size=1, max_size=6)))
    return labels, draw(st.lists(scores, min_size=len(labels), max_size=len(labels)))


@quick
@given(curves(), scores)
def test_it_lies_within_what_was_measured_exactly_where_the_score_does(curve, target):
    labels, values = curve
    found = labels_needed(labels, values, target, higher_is_better=True)
    assert (found is not None) == (values[0] <= target <= max(values))
    if found is not None:
        assert labels[0] * (1 - 1e-9) <= found <= labels[-1] * (1 + 1e-9)


@quick
@given(curves(), scores, scores)
def test_a_higher_score_never_needs_fewer_labels(curve, one, other):
    labels, values = curve
    few, many = (labels_needed(labels, values, target, higher_is_better=True) for target in sorted((one, other)))
    if few is not None and many is not None:
        assert few <= many * (1 + 1e-9)


@quick
@given(curves(), scores)
def test_an_error_is_a_score_turned_round(curve, target):
    labels, values = curve
    up = labels_needed(labels, values, target, higher_is_better=True)
    assert labels_needed(labels, [-value for value in values], -target, higher_is_better=False) == up


@quick
@given(curves(), scores, st.integers(2, 50))
def test_with_k_times_the_labels_it_is_k_times_as_many(curve, target, factor):
    labels, values = curve
    found = labels_needed(labels, values, target, higher_is_better=True)
    more = labels_needed([factor * count for count in labels], values, target, higher_is_better=True)
    assert (found is None) == (more is None)
    if found is not None:
        assert np.isclose(more, factor * found)


@quick
@given(curves(), st.floats(0, 1))
def test_a_rising_curve_is_read_as_numpy_interpolates_it(curve, share):
    labels, values = curve
    rising = np.cumsum(np.abs(values) + 0.01)
    target = rising[0] + share * (rising[-1] - rising[0])
    found = labels_needed(labels, rising.tolist(), float(target), higher_is_better=True)
    if found is not None:  # rounding may put the target just beyond the last score
        assert np.isclose(np.log(found), np.interp(target, rising, np.log(labels)))


@quick
@given(curves())
def test_every_best_score_so_far_needs_no_more_than_its_own_labels(curve):
    labels, values = curve
    for count, value in zip(labels, values, strict=True):
        found = labels_needed(labels, values, value, higher_is_better=True)
        assert found is None or found <= count * (1 + 1e-9)
