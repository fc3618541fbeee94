"""Grey images as lines of numbers: all pixels of an image, then its label (CSV without header, plain or gzip)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from exapt.bio.formats.compressed import open_binary
from exapt.core.contracts import Matrix
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw


@dataclass(frozen=True)
class FlatImages(Parser):
    """Column `image` (n, H, W, 1) of whole numbers and column `label`.

    Parameters
    ----------
    shape
        Height and width.
    """

    shape: Sequence[int]

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read all images."""
        (path,) = files.values()
        with open_binary(path) as file:
            numbers = pd.read_csv(file, header=None).to_numpy()
        images = numbers[:, :-1].astype(np.uint8).reshape(len(numbers), *self.shape, 1)
        return Raw(pd.DataFrame({"label": numbers[:, -1].astype(np.int64)}), {"image": Matrix(images)})


EXPORT = FlatImages
