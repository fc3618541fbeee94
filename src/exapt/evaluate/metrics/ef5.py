"""Enrichment factor of the top 5 % (last of two classes; several classes and labels as for auroc)."""

from __future__ import annotations

from exapt.evaluate.metrics._early import enrichment
from exapt.evaluate.metrics._metric import Metric
from exapt.evaluate.metrics._ranking import prepare

# Riniker and Landrum 2013, Open-source platform to benchmark fingerprints. doi:10.1186/1758-2946-5-26
EXPORT = Metric("ef5", "EF 5 %", True, ("class", "multilabel"), prepare, enrichment(0.05), bounds=(0.0, 20.0))
