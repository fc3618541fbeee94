"""What is learned of genes of RNA and carried over to other genomes."""

from __future__ import annotations

import json
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from exapt.bio.rna.cloverleaf import Cloverleaf
from exapt.bio.rna.families import Family
from exapt.bio.rna.small import FEATURES, SmallModel, basis
from exapt.core.errors import WeightsError
from exapt.core.paths import atomic

SHIPPED = Path(__file__).with_name("ecoli_k12_rfam.safetensors")
LEAF_FEATURES = ("one", "total")
FAMILY_FEATURES = ("one", "share_of_best", "score")
Weights = NDArray[np.float64]


@dataclass(frozen=True)
class Model:
    """Profiles of transfer RNA and of families, and what their scores count for.

    Attributes
    ----------
    cloverleaf
        Of transfer RNA.
    leaf_weights
        (len(LEAF_FEATURES),) of the log-odds that a cloverleaf is a gene. The sum of its parts is all that is weighed:
        weights of single parts would rest on what the transfer RNA of one genome is like.
    families
        Of ribosomal and other RNA.
    family_weights
        (len(FAMILY_FEATURES),) of the log-odds that a hit is a gene.
    small
        Of small RNA between genes.
    """

    cloverleaf: Cloverleaf
    leaf_weights: Weights
    families: tuple[Family, ...]
    family_weights: Weights
    small: SmallModel

    def save(self, path: Path) -> None:
        """Write a safetensors file."""
        from safetensors.numpy import save_file

        arrays: dict[str, NDArray[np.generic]] = {
            f"cloverleaf.{field.name}": getattr(self.cloverleaf, field.name) for field in fields(Cloverleaf)
        }
        arrays |= {"leaf_weights": self.leaf_weights, "family_weights": self.family_weights}
        arrays |= {f"small.{field.name}": getattr(self.small, field.name) for field in fields(SmallModel)}
        for family in self.families:
            arrays[f"profile.{family.name}"] = family.profile.astype(np.int8)
            arrays[f"words.{family.name}"] = family.words[:, 0].astype(np.uint32)
            arrays[f"columns.{family.name}"] = family.words[:, 1].astype(np.uint16)
        told = [[family.name, family.kind, family.product] for family in self.families]
        whole = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
        with atomic(path) as temporary:
            save_file(whole, temporary, metadata={"families": json.dumps(told)})


def load(path: Path = SHIPPED) -> Model:
    """Read what `Model.save` wrote.

    Raises
    ------
    WeightsError
        Where the file is missing, damaged, or has other features.

    Examples
    --------
    >>> sorted(family.name for family in load().families)[:3]
    ['16S', '23S', '4.5S']
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - no mapping
            told = json.loads(file.metadata()["families"])
        leaf = Cloverleaf(**{field.name: arrays[f"cloverleaf.{field.name}"] for field in fields(Cloverleaf)})
        small = SmallModel(**{field.name: arrays[f"small.{field.name}"] for field in fields(SmallModel)})
        families = tuple(Family(name, kind, product, *_numbers(arrays, name)) for name, kind, product in told)
        model = Model(leaf, arrays["leaf_weights"], families, arrays["family_weights"], small)
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such file. Install the package again.") from None
    except (SafetensorError, KeyError, TypeError) as error:
        raise WeightsError(f"{path}: no weights of genes of RNA ({error}).") from None
    if model.small.weights.shape != basis(np.zeros((1, len(FEATURES))), model.small.cuts).shape[1:]:
        raise WeightsError(f"{path}: made for other features than this version reads. Train it again.")
    if model.leaf_weights.shape != (len(LEAF_FEATURES),) or model.family_weights.shape != (len(FAMILY_FEATURES),):
        raise WeightsError(f"{path}: made for other features than this version reads. Train it again.")
    return model


def _numbers(arrays: dict[str, NDArray[np.generic]], name: str) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    words = np.stack([arrays[f"words.{name}"].astype(np.int64), arrays[f"columns.{name}"].astype(np.int64)], axis=1)
    return arrays[f"profile.{name}"].astype(np.int64), words


@cache
def shipped() -> Model:
    """The model of E. coli K-12 and Rfam that comes with the package."""
    return load()
