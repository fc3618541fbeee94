"""Predict a label or numbers of an expression profile: cell types, tissues, tumour classes, responses."""

from __future__ import annotations

from exapt.tasks._supervised import Supervised


class Expression(Supervised):
    """Pooled features of a profile -> cross-entropy, binary cross-entropy or Huber loss, as the target columns ask."""


EXPORT = Expression
