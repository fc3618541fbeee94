"""What networks found in public sets, as benchmarks/science/results/motifs.json has it, and as the docs tell it.

Provenance: `python benchmarks/science/motifs.py`; the factors of the mouse sets are not named by their source.
"""

import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RESULT = json.loads((ROOT / "benchmarks/science/results/motifs.json").read_text(encoding="utf-8"))


def test_the_tata_box_is_recovered():
    found = RESULT["sets"]["gue_prom_core_tata"]["mutagenesis"]["known_factor"]
    assert (found["name"], found["rank"], found["of"]) == ("TBP", 1, 2346)
    assert found["recovered"]
    assert found["p"] < 1e-4


@pytest.mark.parametrize(("name", "factor"), [("gue_mouse2", "FOSL1"), ("gue_mouse3", "Mafg")])
@pytest.mark.parametrize("method", ["mutagenesis", "integrated_gradients"])
def test_factors_of_the_mouse_sets(name, factor, method):
    motifs = RESULT["sets"][name][method]["motifs"]
    (one,) = [motif for motif in motifs if motif["effect"] == "for" and motif["matches"][0]["name"] == factor]
    assert one["matches"][0]["q"] < 1e-4
    assert one["best_match_alone"]["fisher_p"] < 1e-9  # without any model, the site stands in bound rows


def test_the_docs_tell_these_numbers():
    page = (ROOT / "docs/howto/explain_sequences.md").read_text(encoding="utf-8")
    for one in RESULT["sets"].values():
        for motif in one["mutagenesis"]["motifs"]:
            best = motif["matches"][0]
            if motif["effect"] == "for":
                assert f"| {best['p']:.1e} |" in page, motif["motif"]


def test_the_measure_is_the_better_one_on_drawn_sites():
    drawn = RESULT["drawn_sites"]
    assert drawn["euclid"]["same_matrix"] >= drawn["pearson"]["same_matrix"] >= 0.7
    assert drawn["euclid"]["same_family"] >= 0.9
