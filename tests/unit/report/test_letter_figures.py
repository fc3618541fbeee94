"""Letters as high as numbers: what is drawn, and that it is drawn where it belongs."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest

from exapt.report.figures.letters import _glyph, colours_of, mutagenesis
from exapt.report.figures.logo import Logo, logos
from exapt.report.figures.track import AGAINST, FOR
from exapt.report.motifs import FoundMotif, MotifsContent, write_motifs_report

SCALE = re.compile(r"translate\(([-\d.]+) ([-\d.]+)\) scale\(([\d.]+) ([\d.]+)\)")


@pytest.mark.parametrize("letter", "ACDEFGHIKLMNPQRSTUVWY")
def test_an_outline_fills_its_box(letter):
    numbers = np.array(re.findall(r"-?\d+\.\d+", _glyph(letter)), dtype=float).reshape(-1, 2)
    assert numbers.min() >= -0.05
    assert numbers.max() <= 1.05
    assert numbers[:, 1].min() < 0.02
    assert numbers[:, 1].max() > 0.98


def test_heights_directions_and_colours():
    changes = np.array([[0.0, -3.0, -3.0, -3.0], [0.5, 0.0, 1.0, 1.5], [0.0, 0.0, 0.0, 0.0]])
    svg = mutagenesis(list("ACN"), [3.0, -1.0, 0.0], changes, "ACGT", title="a & b", unit="log-odds")
    ElementTree.fromstring(svg)
    found = [[float(x) for x in one] for one in SCALE.findall(svg)]
    assert len(found) == 2
    (left, top, width, high), (right, below, _, low) = found
    assert high == pytest.approx(3 * low, rel=1e-3)
    assert below == pytest.approx(top + high, abs=0.01)  # one ends where the other begins: at the base line
    assert right - left == pytest.approx(14)
    assert width < 14
    assert svg.count(f'fill="{AGAINST}"') == 3
    assert svg.count(f'fill="{FOR}"') == 3
    assert svg.count("<circle") == 2
    assert "a &amp; b" in svg
    assert "full height 3 log-odds" in svg


def test_long_sequences_have_lines_and_proteins_their_own_colours():
    letters = list("ACDEFGHIKLMNPQRSTVWY") * 7
    svg = mutagenesis(letters, np.ones(140), np.zeros((140, 20)), "ACDEFGHIKLMNPQRSTVWY", title="p", unit="x")
    assert len(SCALE.findall(svg)) == 140
    assert len({top for _, top, *_ in SCALE.findall(svg)}) == 3
    assert colours_of("ACDEFGHIKLMNPQRSTVWY")["D"] == colours_of("ACDEFGHIKLMNPQRSTVWY")["E"]
    assert len(set(colours_of("ACGU").values())) == 4
    assert mutagenesis([], [], np.zeros((0, 4)), "ACGT", title="none", unit="x").startswith("<svg")


def content():
    shares = np.array([[1.0, 0.0, 0.0, 0.0], [0.0, 0.5, 0.5, 0.0], [0.25] * 4])
    bits = np.array([1.7, 1.0, 0.0])
    found = Logo("motif_1, 30 sites", shares, bits)
    known = Logo("TBP", shares[1:], bits[1:], offset=1)
    rows = [{"known motif": "TBP <x>", "p": "1e-4"}]
    motifs = [
        FoundMotif("motif_1", "30 sites", found, known, rows),
        FoundMotif("motif_2", "20 sites", found, None, []),
    ]
    return MotifsContent("run", "2 motifs found.", [("Looked at", "99 sequences.")], motifs, "exapt explain", "1.0")


def test_logos_are_aligned_and_as_high_as_their_information():
    motif = content().motifs[0]
    drawing = logos("motif_1", motif.logo, motif.known, title="t", caption="c")
    ElementTree.fromstring(drawing.svg)
    found = [[float(x) for x in one] for one in SCALE.findall(drawing.svg)]
    assert len(found) == 3 + 2  # A; C and G; and C and G again
    second, third = found[1], found[3]
    assert third[0] == second[0]  # the known motif stands below the positions that it is like
    assert found[0][3] == pytest.approx(84 * 1.7 / 2, abs=0.02)
    assert found[1][3] + found[2][3] == pytest.approx(84 / 2, abs=0.02)
    assert drawing.numbers.groupby("motif").size().to_dict() == {"TBP": 2, "motif_1, 30 sites": 3}
    assert "var(--ink)" in drawing.inline()


def test_the_page_stands_alone_and_repeats_itself(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write_motifs_report(tmp_path / name, content())
    page = (tmp_path / "a/motifs.html").read_text(encoding="utf-8")
    assert page == (tmp_path / "b/motifs.html").read_text(encoding="utf-8")
    assert page.count("<svg") == 2
    assert "TBP &lt;x&gt;" in page
    assert not re.findall(r'(?:src|href)="https?:', page)
    assert sorted(path.name for path in (tmp_path / "a/figures").iterdir()) == [
        "motif_1.svg", "motif_1.tsv", "motif_2.svg", "motif_2.tsv"
    ]  # fmt: skip
