"""Golub 1999 leukaemia as an R list (x: patients x probes, y: ALL or AML), split by patient number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from exapt.core.contracts import Matrix
from exapt.data.cards.parsers import Parser, _r
from exapt.data.formats import Raw

LAST_TRAINING_PATIENT = 38


@dataclass(frozen=True)
class Golub(Parser):
    """Average differences as measured: not clipped, not logged."""

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Patients 1-38 are the training set of the paper, 39-72 its independent test set."""
        (path,) = files.values()
        data = _r.read(path, "golub")
        patients = [str(name) for name in data["x"].coords["dim_0"].values]
        probes = tuple(str(name) for name in data["x"].coords["dim_1"].values)
        parts = ["train" if int(patient) <= LAST_TRAINING_PATIENT else "test" for patient in patients]
        labels = [str(label) for label in data["y"]]
        frame = pd.DataFrame({"patient": patients, "leukaemia": labels, "split": parts})
        return Raw(frame, {"expression": Matrix(np.asarray(data["x"].values, dtype=np.float32), probes)})


EXPORT = Golub
