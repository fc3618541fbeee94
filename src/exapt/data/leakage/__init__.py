"""Leakage: test rows that training, or the corpus behind the weights, has seen already."""

from exapt.data.leakage.audit import audit, describe
from exapt.data.leakage.evidence import Evidence, gather
from exapt.data.leakage.fix import fix
from exapt.data.leakage.similarity import Nearest, nearest_training
from exapt.data.leakage.sketches import coverage, overlap, similar, sketch

__all__ = [
    "Evidence",
    "Nearest",
    "audit",
    "coverage",
    "describe",
    "fix",
    "gather",
    "nearest_training",
    "overlap",
    "similar",
    "sketch",
]
