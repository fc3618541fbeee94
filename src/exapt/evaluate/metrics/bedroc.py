"""BEDROC with alpha 20: early recognition, weighted by rank (last of two classes; otherwise as for auroc)."""

from __future__ import annotations

from exapt.evaluate.metrics._early import boltzmann
from exapt.evaluate.metrics._metric import Metric
from exapt.evaluate.metrics._ranking import prepare

# Truchon and Bayly 2007, Good and bad examples for the "early recognition" problem. doi:10.1021/ci600426e
EXPORT = Metric("bedroc", "BEDROC", True, ("class", "multilabel"), prepare, boltzmann(20.0))
