"""Source and target at once: L_source + weight * L_target over shared features, one head each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from exapt.core.contracts import Batch, Strategy, Term
from exapt.core.errors import ConfigError
from exapt.transfer.strategies._blocks import is_number, require


class Joint(Strategy):
    """Minimise L_source + lambda * L_target; both share the feature extractor and have their own head.

    An epoch is one pass over the source; the target is repeated as often as that needs, so each step has one
    batch of both. Terms of weight 0 are not computed at all, so with lambda = 0 this is source training exactly.

    Parameters
    ----------
    weight
        The lambda above, at least 0.
    """

    owns = frozenset({"batches"})
    needs_source = True

    def __init__(self, weight: float = 1.0) -> None:
        require(is_number(weight, 0), "joint", "weight", weight, "a number, at least 0")
        self.weight = weight

    def batches(self, target: Iterable[Batch], source: Iterable[Batch] | None) -> Iterator[list[Term]]:
        """A source batch and, unless lambda is 0, a target batch a step.

        Raises
        ------
        ConfigError
            Where there is no source.
        """
        if source is None:
            raise ConfigError("strategy 'joint' needs source data; found none. Add `source:` to the configuration.")
        if not self.weight:
            for batch in source:
                yield [("source", batch, 1.0)]
            return
        for batch, other in zip(source, _repeat(target), strict=False):
            yield [("source", batch, 1.0), ("target", other, self.weight)]


def _repeat(batches: Iterable[Batch]) -> Iterator[Batch]:
    seen = True
    while seen:
        seen = False
        for batch in batches:
            seen = True
            yield batch


EXPORT = Joint
