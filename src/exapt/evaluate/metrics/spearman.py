"""Spearman rank correlation of prediction and truth (several targets: mean over columns)."""

from __future__ import annotations

from exapt.evaluate.metrics._metric import Metric, mean_defined
from exapt.evaluate.metrics._ranks import prepare

EXPORT = Metric("spearman", "Spearman rho", True, ("number",), prepare, mean_defined, (-1.0, 1.0))
