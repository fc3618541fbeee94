"""Predict a class, several labels or numbers of a sequence, molecule or image."""

from __future__ import annotations

from exapt.tasks._supervised import Supervised


class SequenceProperty(Supervised):
    """Pooled features -> cross-entropy, binary cross-entropy or Huber loss, as the target columns ask."""


EXPORT = SequenceProperty
