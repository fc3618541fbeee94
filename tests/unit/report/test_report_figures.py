"""Figures: what is drawn, the files, and that letters and marks can be seen."""

import re
from xml.etree import ElementTree

import pandas as pd
import pytest

from exapt.report import ReportContent, measures
from exapt.report.figures import COLOURS, draw

ALWAYS = {"forest"}
CLASSES = {"forest", "gain", "confusion", "per_class", "roc", "pr", "calibration"}
TRAINED = {"training_transfer", "training_scratch", "training_frozen"}
EXPECTED = {
    "helped": CLASSES | TRAINED,
    "no_evidence": CLASSES | TRAINED | {"learning_curve"},
    "regression": {"forest", "gain", "scatter", "scatter_scratch"} | TRAINED,
    "many": CLASSES | (TRAINED - {"training_frozen"}),
    "bare": {"forest"},
    "detailed": (CLASSES | TRAINED | {"bands", "reliability", "abstention", "conformal"}) - {"calibration"},
    "detailed_numbers": {"forest", "gain", "scatter", "scatter_scratch", "bands"} | TRAINED,
    "undecided": (CLASSES | TRAINED | {"learning_curve", "reliability", "abstention"}) - {"calibration"},
}


@pytest.mark.parametrize("case", EXPECTED)
def test_every_figure_has_an_svg_and_its_numbers(run_folder, case):
    folder = run_folder(case) / "figures"
    assert {path.stem for path in folder.glob("*.svg")} == EXPECTED[case]
    for name in EXPECTED[case]:
        root = ElementTree.parse(folder / f"{name}.svg").getroot()
        assert root.tag.endswith("svg")
        assert root.get("aria-label")
        numbers = pd.read_csv(folder / f"{name}.tsv", sep="\t", keep_default_na=False)
        assert len(numbers) > 0


def test_the_numbers_are_those_of_the_scores(run_folder):
    folder = run_folder("helped")
    content = ReportContent.read(folder)
    numbers = pd.read_csv(folder / "figures" / "forest.tsv", sep="\t").set_index("arm")
    for arm in content.arms:
        assert numbers.loc[arm.name, "value"] == pytest.approx(arm.scores["macro_f1"].value)
    gain = pd.read_csv(folder / "figures" / "gain.tsv", sep="\t")
    assert gain["verdict"].tolist() == ["helped", "helped"]
    assert gain["against"].tolist() == ["scratch", "baseline:linear"]


def test_the_confusion_matrix_adds_up_to_the_test_data(run_folder):
    numbers = pd.read_csv(run_folder("helped") / "figures" / "confusion.tsv", sep="\t", index_col="true")
    assert numbers.to_numpy().sum() == pytest.approx(200, abs=0.01)
    many = pd.read_csv(run_folder("many") / "figures" / "confusion.tsv", sep="\t", index_col="true")
    assert many.shape == (measures.MOST_CLASSES, measures.MOST_CLASSES)
    assert many.index[-1] == "5 smaller classes"


def test_text_stays_text_and_odd_names_are_escaped(run_folder):
    svg = (run_folder("odd") / "figures" / "confusion.svg").read_text(encoding="utf-8")
    texts = [element.text for element in ElementTree.fromstring(svg).iter() if element.tag.endswith("text")]
    assert any(text.startswith("<b>bold</b> & co") for text in texts)
    assert any(text.startswith('$alpha$ "quoted"') for text in texts)
    assert any(text.startswith("日本 <script>") for text in texts)
    assert "<script" not in svg


def test_inlined_figures_follow_the_colours_of_the_page(run_folder):
    for drawing in draw(ReportContent.read(run_folder("helped"))).values():
        inline = drawing.inline()
        assert not re.search(r"(fill|stroke): #", inline), drawing.name
        assert "var(--ink)" in inline
        assert "xmlns" not in inline
        assert re.search(r"(fill|stroke): #", drawing.svg)


def test_the_chosen_epoch_is_the_best_on_validation(run_folder):
    from exapt.report.figures.training import _chosen

    content = ReportContent.read(run_folder("helped"))
    mine = content.history[content.history["arm"] == "transfer"]
    chosen = _chosen(content, mine)
    assert len(chosen) == 3
    for _, row in chosen.iterrows():
        assert row["valid_score"] == mine.loc[mine["seed"] == row["seed"], "valid_score"].max()


def test_the_validation_loss_decides_between_equal_scores(run_folder):
    from exapt.report.figures.training import _chosen

    content = ReportContent.read(run_folder("helped"))
    run = content.history[(content.history["arm"] == "transfer") & (content.history["seed"] == "0")]
    tied = run.assign(valid_score=1.0)
    assert _chosen(content, tied).index[0] == run["valid_loss"].idxmin()


def test_without_validation_no_epoch_is_marked(run_folder):
    svg = (run_folder("few_labels") / "figures" / "training_transfer.svg").read_text()
    assert "chosen epoch" not in svg
    assert "validation" not in svg.split(">", 1)[1]


def test_many_points_become_hexagons(tmp_path):
    from unit.report import synthetic_run_folders as synthetic

    content = ReportContent.read(synthetic.regression(tmp_path / "run", n=2500))
    drawing = draw(content)["scatter"]
    assert "hexagon" in drawing.caption
    assert len(drawing.svg) < 300_000
    assert len(drawing.numbers) == 2500


def luminance(colour):
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_letters_and_marks_stand_out(theme):
    """WCAG 2: 4.5 for text, 3 for marks."""
    paper = COLOURS["paper"][theme]
    for name in ("ink", "muted", "transfer", "helped", "hurt", "neutral"):
        assert contrast(COLOURS[name][theme], paper) >= 4.5, name
    for name in set(COLOURS) - {"paper", "grid"}:
        assert contrast(COLOURS[name][theme], paper) >= 3, name


def test_light_colours_are_distinct():
    assert len({light for light, _ in COLOURS.values()}) == len(COLOURS)
