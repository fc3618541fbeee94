"""What is learned on an annotated genome and carried over to others: weights of linear models, and its own tables."""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.features import FRAME_FEATURES, START_WIDTH
from exapt.bio.genes.tables import Array, Tables
from exapt.core.errors import WeightsError
from exapt.core.paths import atomic

SHIPPED = Path(__file__).with_name("ecoli_k12.safetensors")


@dataclass(frozen=True)
class Model:
    """Everything that finding genes carries over from the genome that it was trained on.

    Attributes
    ----------
    starts
        (rounds, START_WIDTH) weights of the utility of a start, for each round of adaptation.
    frames
        (rounds, len(FRAME_FEATURES)) weights of the log-odds of a frame.
    tables
        Of the training genome: what is used without adaptation, and what few genes of a target are blended with.
    ribosomal
        Sorted k-mers of ribosomal RNA, as numbers in base 4.
    """

    starts: Array
    frames: Array
    tables: Tables
    ribosomal: NDArray[np.uint32]

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        from safetensors.numpy import save_file

        tables = {f"tables.{field.name}": getattr(self.tables, field.name) for field in fields(Tables)}
        arrays = {"starts": self.starts, "frames": self.frames, **tables}
        single = {name: np.ascontiguousarray(values, dtype=np.float32) for name, values in arrays.items()}
        with atomic(path) as temporary:
            save_file({**single, "ribosomal": self.ribosomal}, temporary)


def load(path: Path = SHIPPED) -> Model:
    """Read what `Model.save` wrote.

    Raises
    ------
    WeightsError
        Where the file is missing, damaged, or has other features.

    Examples
    --------
    >>> load().starts.shape[0]
    2
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        arrays = load_file(path)
        ribosomal = arrays.pop("ribosomal")
        real = {name: values.astype(np.float64) for name, values in arrays.items()}
        tables = Tables(*(real[f"tables.{field.name}"] for field in fields(Tables)))
        model = Model(real["starts"], real["frames"], tables, ribosomal)
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such file. Install the package again.") from None
    except (SafetensorError, KeyError) as error:
        raise WeightsError(f"{path}: no weights of gene finding ({error}).") from None
    rounds = len(model.starts)
    if model.starts.shape != (rounds, START_WIDTH) or model.frames.shape != (rounds, len(FRAME_FEATURES)):
        raise WeightsError(f"{path}: made for other features than this version reads. Train it again.")
    return model


@cache
def shipped() -> Model:
    """The model of E. coli K-12 that comes with the package."""
    return load()
