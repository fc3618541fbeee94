"""Predict the side effects of a drug: several yes/no labels, each with a probability."""

from __future__ import annotations

import pandas as pd

from exapt.core.contracts import Table
from exapt.core.errors import DataError
from exapt.tasks._supervised import Supervised
from exapt.tasks.side_effects.decode import by_effect


class SideEffects(Supervised):
    """Pooled features -> binary cross-entropy for each effect; AUROC and AUPRC, mean over the effects."""

    def fit(self, train: Table) -> None:
        """Take the names of the effects.

        Raises
        ------
        DataError
            Where the rows have no molecule, or their targets are no yes/no labels.
        """
        kinds = [train.columns[name].modality for name in train.names("input")]
        if kinds != ["molecule"]:
            raise DataError(
                f"{train.source}: task 'side_effects' reads one column of molecules; the input columns hold "
                f"{', '.join(kinds) or 'nothing'}. Name it with --input."
            )
        super().fit(train)
        if self.kind != "multilabel":
            raise DataError(
                f"{train.source}: task 'side_effects' predicts several yes/no labels, one column of 0 and 1 each; "
                f"the targets are of kind {self.kind!r}. For one target take task 'sequence_property'."
            )

    def metrics(self) -> list[str]:
        """AUROC and AUPRC, each the mean over the effects, and the Brier score for calibration."""
        return [*super().metrics(), *(["brier"] if self.primary != "brier" else [])]

    def listed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """One row a drug and effect, the most probable effect of each drug first."""
        return by_effect(frame, self.fitted.names)


EXPORT = SideEffects
