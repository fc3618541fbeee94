"""Concordance index: share of pairs with different truth that are predicted in the right order; a tie is one half."""

from __future__ import annotations

from exapt.evaluate.metrics._concordance import prepare
from exapt.evaluate.metrics._metric import Floats, Metric, mean_defined


def concordance(found: Floats) -> Floats:
    """Concordance index of each replicate, from 0 to 1 (several targets: mean over columns); NaN for constant truth.

    References
    ----------
    Gonen and Heller 2005, Concordance probability and discriminatory power. doi:10.1093/biomet/92.4.965
    Ozturk, Ozgur and Ozkirimli 2018, DeepDTA. doi:10.1093/bioinformatics/bty593
    """
    return mean_defined(found)


EXPORT = Metric("concordance", "CI", True, ("number",), prepare, concordance)
