"""Expression profiles as one position with a channel a gene: normalised, variable genes, standardised."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

from exapt.core.contracts import Encoded, Encoder, Inputs, Matrix, Modality, Stream
from exapt.core.errors import ConfigError
from exapt.core.examples import stack
from exapt.data.encoders._cells import NORMALISE, Scale
from exapt.data.encoders._profiles import Learned, Recipe, apply, learn
from exapt.data.encoders._state import as_json, check_choice, check_positive, freeze

MIN_SHARE = 0.01


@dataclass(frozen=True)
class Expression(Encoder):
    """Cells or samples by genes, dense or CSR, as float32 "x" (1, G).

    Genes are matched by name. A query that lacks genes is filled with the average of the training rows and a
    warning is logged below 80 % of shared genes; a query without one shared gene is refused.

    Parameters
    ----------
    normalise
        ``auto``: counts become log1p CP10k (natural logarithm of 1 + counts scaled to 10,000 a cell over all measured
        genes), log1p CP10k stays, array intensities (by their unit: average difference, intensity) are clipped to
        100 .. 16,000 and become log2, anything else is taken as given. ``log1p_cp10k``, ``log2_intensity``: so,
        whatever the unit says. ``none``: as given. ``rank``, ``binary``, ``unit``, ``sqrt``: after ``auto``, within
        each cell over the chosen genes, ranks in [0, 1], detected or not, Euclidean norm 1, or square root of the
        share (Hellinger); these are more robust to depth. ``cell``: ln(1 + 1000 x share) standardised within each
        cell, free of other cells.
    n_genes
        The most variable genes of the training rows (dispersion within bins of the mean); None = all that at least
        1 % of the training rows express.
    scale
        Standardise each gene with the mean and standard deviation of the training rows.
    clip
        Largest absolute standardised value; None = no limit.
    unit
        Unit of the values, e.g. "UMI count" or "log1p CP10k"; None = judged from the values: whole numbers are counts.
    genes, mean, std, learned_scale
        What `fit` learned; an encoder that has learned keeps it.

    Examples
    --------
    >>> import numpy as np
    >>> counts = Matrix(np.array([[0, 4, 6], [5, 5, 0], [1, 0, 9]]), ("CD3E", "LYZ", "MS4A1"))
    >>> encoder = Expression(scale=False).fit(counts)
    >>> encoder.genes, encoder.learned_scale
    (('CD3E', 'LYZ', 'MS4A1'), 'log1p CP10k')
    >>> encoder.encode(counts)[0]["x"].round(2).tolist()
    [[0.0, 8.289999961853027, 8.699999809265137]]
    """

    normalise: str = "auto"
    n_genes: int | None = None
    scale: bool = True
    clip: float | None = 10.0
    unit: str | None = None
    genes: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    learned_scale: Scale | None = None

    modalities: ClassVar[tuple[Modality, ...]] = ("expression",)

    def __post_init__(self) -> None:
        freeze(self, "genes", "mean", "std")
        check_choice("expression", "normalise", self.normalise, NORMALISE)
        check_positive("expression", "n_genes", self.n_genes)
        check_positive("expression", "clip", self.clip)

    def fit(self, values: Sequence[Any] | Matrix) -> Self:
        """Learn genes, their mean and standard deviation, and the scale of the values from training rows."""
        if self.learned_scale is not None:
            return self
        learned = learn(values, self._recipe(), n=self.n_genes, min_share=MIN_SHARE)
        return replace(self, genes=learned.names, mean=learned.mean, std=learned.std, learned_scale=learned.scale)

    def inputs(self) -> Inputs:
        """Values, one channel a gene."""
        return Inputs("values", len(self._learned().names))

    def encode(self, values: Sequence[Any] | Matrix) -> list[Encoded]:
        """One float32 array "x" (1, G) a row."""
        rows = apply(values, self._learned(), self._recipe())
        return [{"x": row} for row in rows[:, None, :]]

    def collate(self, items: Sequence[Encoded]) -> Stream:
        """Tensor "x" (B, 1, G) and "mask" (B, 1)."""
        return stack(items)

    def state(self) -> dict[str, Any]:
        """The options and what was learned."""
        return as_json(self)

    def _recipe(self) -> Recipe:
        return Recipe("expression", "genes", self.normalise, self.unit, self.scale, self.clip)

    def _learned(self) -> Learned:
        if self.learned_scale is None:
            raise ConfigError("encoder 'expression' has learned no genes yet: fit it on the training rows.")
        return Learned(self.learned_scale, self.genes, self.mean, self.std)


EXPORT = Expression
