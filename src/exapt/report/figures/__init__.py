"""The figures of a report: SVG with text as text, and the numbers behind each."""

from __future__ import annotations

from exapt.report.content import ReportContent
from exapt.report.figures._canvas import COLOURS, FONTS, Drawing, settings

__all__ = ["COLOURS", "FONTS", "Drawing", "draw"]


def draw(content: ReportContent) -> dict[str, Drawing]:
    """All figures that the content gives rise to, by name, in the order of the page.

    Parameters
    ----------
    content
        What a run folder says.

    Returns
    -------
    drawings
        forest, gain; confusion, per_class, roc, pr for classes; scatter, scatter_scratch for numbers;
        training_<arm>; learning_curve, cost; bands; reliability (calibration in runs without detail), abstention,
        conformal. Those that the run has no data for are left out.
    """
    from exapt.report.figures import bands, cost, curves, forest, learning_curve, matrix, scatter, training, trust

    with settings():
        drawings = [forest.forest(content), forest.gain(content)]
        if content.predicts == "class":
            drawings += [matrix.confusion(content), matrix.per_class(content)]
            drawings += [curves.roc(content), curves.precision_recall(content)]
        if content.predicts == "number":
            drawings += [scatter.scatter(content, "transfer"), scatter.scatter(content, "scratch")]
        drawings += [*training.training(content), learning_curve.learning_curve(content), cost.cost(content)]
        drawings.append(bands.bands(content))
        reliability = trust.reliability(content)
        if reliability is None and content.predicts == "class":
            reliability = curves.calibration(content)
        drawings += [reliability, trust.abstention(content), trust.conformal(content)]
    return {drawing.name: drawing for drawing in drawings if drawing is not None}
