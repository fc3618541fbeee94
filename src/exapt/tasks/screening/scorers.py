"""Scorers from their description."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from exapt.core.errors import ConfigError, nearest
from exapt.tasks.screening.learned import LearnedScorer
from exapt.tasks.screening.scorer import Scorer
from exapt.tasks.screening.similarity import SimilarityScorer

Maker = Callable[[Mapping[str, Any]], Scorer]


def build_scorer(plain: Mapping[str, Any], makers: Mapping[str, Maker] | None = None) -> Scorer:
    """The scorer that `plain` describes.

    Parameters
    ----------
    plain
        What `Scorer.plain` wrote.
    makers
        Kind -> what builds it, for kinds of which this room knows nothing (a run, a protein).

    Raises
    ------
    ConfigError
        Where the kind or an option is unknown.
    """
    known: dict[str, Maker] = {"similarity": _options(SimilarityScorer), "learned": _options(LearnedScorer)}
    known |= makers or {}
    kind = plain.get("kind")
    if kind not in known:
        raise ConfigError(f"Unknown kind of scorer {kind!r}. {nearest(str(kind), known)}")
    try:
        return known[kind](plain)
    except TypeError as error:
        raise ConfigError(f"scorer {plain.get('name', kind)!r}: {error}.") from error


def _options(scorer: Callable[..., Scorer]) -> Maker:
    return lambda plain: scorer(**{key: value for key, value in plain.items() if key != "kind"})
