"""Longest frames of transcripts against a scan of every start, and their features."""

import numpy as np
import pytest

from exapt.bio.transcripts.reading_frames import CODONS, FEATURES, frame_features, longest_frame
from exapt.core.errors import ConfigError
from exapt.core.registry import ENCODERS

STOPS = ("TAA", "TAG", "TGA")


def by_scan(text):
    """Every ATG, read to its stop or to the last whole codon."""
    best = (0, 0)
    for start in range(len(text) - 2):
        if text[start : start + 3] != "ATG":
            continue
        end = start
        while end + 3 <= len(text):
            end += 3
            if text[end - 3 : end] in STOPS:
                break
        if end - start > best[1] - best[0]:
            best = (start, end)
    return best


@pytest.mark.parametrize("seed", range(30))
def test_longest_frame_against_a_scan(seed):
    rng = np.random.default_rng(seed)
    text = "".join(rng.choice(list("ACGTN"), rng.integers(0, 200), p=[0.3, 0.15, 0.2, 0.3, 0.05]))
    found, expected = longest_frame(text), by_scan(text)
    assert found[1] - found[0] == expected[1] - expected[0]
    assert found == (0, 0) or text[found[0] : found[0] + 3] == "ATG"


def test_features_of_a_known_transcript():
    names = dict(zip(FEATURES, frame_features(["AccATGGCGGCGTAACC"])[0], strict=True))
    assert names["log_length"] == pytest.approx(np.log(17))
    assert names["frame_share"] == pytest.approx(12 / 17)
    assert names["start_share"] == pytest.approx(3 / 17)
    assert (names["purine_before_start"], names["has_stop"]) == (1, 1)
    assert names["gc_third"] == pytest.approx(3 / 4)
    assert names["codon_GCG"] == pytest.approx(3 / 68 * 64)
    assert len(CODONS) == 64
    assert len(set(FEATURES)) == len(FEATURES)


@pytest.mark.parametrize(
    ("text", "lengths"),
    [
        ("CCATGGCGTAACC", {"whole": 9, "cut_behind": 0, "cut_before": 9, "cut_twice": 12, "stretch": 12}),
        ("CCATGGCGGCG", {"whole": 0, "cut_behind": 9, "cut_before": 0, "cut_twice": 9, "stretch": 9}),
        ("GCGGCGTAGATGTAA", {"whole": 6, "cut_behind": 0, "cut_before": 9, "cut_twice": 12, "stretch": 12}),
    ],
)
def test_frames_that_the_ends_of_a_transcript_cut(text, lengths):
    names = dict(zip(FEATURES, frame_features([text])[0], strict=True))
    found = {name: round(float(np.exp(names[f"log_{name}"]))) - 30 for name in lengths}
    assert found == lengths


@pytest.mark.parametrize("text", ["", "A", "NNNNN", "CCCCCCCC"])
def test_transcripts_without_a_frame(text):
    values = frame_features([text])[0]
    assert np.isfinite(values).all()
    assert values[FEATURES.index("frame_share")] == 0


def test_an_encoder_that_learned_nothing_is_refused():
    with pytest.raises(ConfigError, match="fit it"):
        ENCODERS.build("reading_frame").encode(["ATGTAA"])
