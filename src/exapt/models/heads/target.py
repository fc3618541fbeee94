"""What a supervised head predicts: a class, several yes/no labels, or numbers, with loss and decoding.

Tasks hold one `Target`; it learns class names or the scale of numbers from training rows only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from exapt.core.contracts import Kind, Table
from exapt.core.errors import DataError


@dataclass(frozen=True)
class Target:
    """One kind of target; a frozen dataclass whose fields are JSON.

    Attributes
    ----------
    kind
        ``class`` (one of C names), ``multilabel`` (T independent 0/1 columns), ``number`` (T columns in their unit).
    names
        The target columns.
    classes
        Class names in the order of the outputs; empty for the other kinds.
    mean, scale
        Per number column, learned; the network works on (value - mean) / scale.
    weights
        Loss weight of each class; empty = all equal.
    smoothing
        Label smoothing in [0, 1) (arXiv:1512.00567).
    """

    kind: Kind
    names: tuple[str, ...]
    classes: tuple[str, ...] = ()
    mean: tuple[float, ...] = ()
    scale: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()
    smoothing: float = 0.0

    @classmethod
    def learn(
        cls, train: Table, *, balanced: bool = False, smoothing: float = 0.0, classes: tuple[str, ...] = ()
    ) -> Target:
        """Decide the kind from the target columns and learn from the training rows.

        Parameters
        ----------
        train
            Rows whose targets may be used.
        balanced
            Weigh each class by the inverse of its frequency in these rows.
        smoothing
            Label smoothing.
        classes
            Names that are known already; empty = those of the rows.

        Raises
        ------
        DataError
            Where there is no target column, only one class, or a number column without spread.
        """
        names = tuple(train.names("target"))
        if not names:
            known = ", ".join(train.columns)
            raise DataError(f"{train.source}: no target column. Name one with --target; columns: {known}.")
        if all(train.columns[name].modality == "number" for name in names):
            mean, scale = _scale(train, names)
            return cls("number", names, mean=mean, scale=scale)
        if len(names) > 1:
            return cls("multilabel", names)
        labels = train.frame[names[0]].dropna().astype(str)
        classes = classes or tuple(_in_order(labels.unique().tolist()))
        if len(classes) < 2:
            found = f"only {classes[0]!r}" if classes else "no label"
            raise DataError(f"{train.source}: target {names[0]!r} has {found} in the training part; two are needed.")
        weights: tuple[float, ...] = ()
        if balanced:
            counts = labels.value_counts().reindex(list(classes), fill_value=1)
            weights = tuple(float(len(labels) / (len(classes) * count)) for count in counts)
        return cls("class", names, classes, weights=weights, smoothing=smoothing)

    @property
    def n_out(self) -> int:
        """Number of outputs of the head."""
        return len(self.classes) if self.kind == "class" else len(self.names)

    def array(self, table: Table) -> NDArray[Any]:
        """Truth of each row: class number (n,), -1 = missing; 0/1 or numbers (n, T), NaN = missing.

        Raises
        ------
        DataError
            Where a label was not seen in training.
        """
        if self.kind != "class":
            return table.frame[list(self.names)].to_numpy(dtype=np.float32)
        values = table.frame[self.names[0]]
        labels = values.astype(str)
        codes = pd.Categorical(labels, categories=list(self.classes)).codes.astype(np.int64)
        unseen = sorted(set(labels[(codes < 0) & values.notna().to_numpy()]))
        if unseen:
            raise DataError(
                f"{table.source}: label {unseen[0]!r} of {self.names[0]!r} does not occur in the training part "
                f"({len(unseen)} such). Known: {', '.join(self.classes[:12])}. Split by label, or drop these rows."
            )
        return codes

    def loss(self, output: Tensor, truth: Tensor) -> Tensor:
        """Cross-entropy, binary cross-entropy or Huber loss, mean over the known targets.

        Parameters
        ----------
        output
            (B, n_out) head outputs.
        truth
            As `array` makes them.
        """
        if self.kind == "class":
            weight = torch.tensor(self.weights, device=output.device) if self.weights else None
            return F.cross_entropy(output.float(), truth, weight, ignore_index=-1, label_smoothing=self.smoothing)
        known = ~torch.isnan(truth)
        if self.kind == "multilabel":
            losses = F.binary_cross_entropy_with_logits(output.float(), truth.nan_to_num(), reduction="none")
        else:
            mean, scale = (torch.tensor(v, device=output.device) for v in (self.mean, self.scale))
            losses = F.huber_loss(output.float(), ((truth - mean) / scale).nan_to_num(), reduction="none")
        return (losses * known).sum() / known.sum().clamp(min=1)

    def decode(self, output: Tensor) -> NDArray[np.float64]:
        """Probabilities (n, C) or (n, T), or numbers in their unit: (n,) for one column, else (n, T)."""
        values = output.detach().double().cpu()
        if self.kind == "class":
            return values.softmax(-1).numpy()
        if self.kind == "multilabel":
            return values.sigmoid().numpy()
        numbers: NDArray[np.float64] = values.numpy() * np.array(self.scale) + np.array(self.mean)
        return numbers[:, 0] if len(self.names) == 1 else numbers

    def truth(self, array: NDArray[Any]) -> NDArray[Any]:
        """The truth in the shape that metrics take: (n,) for a class or a single number, else (n, T)."""
        return array[:, 0] if self.kind == "number" and len(self.names) == 1 else array

    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """One row an example: id, predicted, probability and `p:<class>`; or one column a target."""
        frame = pd.DataFrame({"id": list(ids)})
        if self.kind == "class":
            frame["predicted"] = np.array(self.classes)[decoded.argmax(1)]
            frame["probability"] = decoded.max(1)
            chances = pd.DataFrame(decoded, columns=[f"p:{name}" for name in self.classes])
            return pd.concat([frame, chances], axis=1)
        if decoded.ndim == 1:
            frame["predicted"] = decoded
            return frame
        prefix = "p:" if self.kind == "multilabel" else ""
        return pd.concat([frame, pd.DataFrame(decoded, columns=[prefix + name for name in self.names])], axis=1)

    def metrics(self) -> list[str]:
        """Names of the metrics that suit this kind, the primary one first."""
        if self.kind == "number":
            return ["spearman", "pearson", "r2", "rmse", "mae"]
        if self.kind == "multilabel":
            return ["auroc", "auprc"]
        return [
            *("macro_f1", "accuracy", "balanced_accuracy", "micro_f1", "recall", "precision", "f1", "mcc"),
            *("auroc", "auprc"),
        ]

    def state(self) -> dict[str, Any]:
        """JSON for `from_state`."""
        return asdict(self)

    @classmethod
    def from_state(cls, state: dict[str, Any]) -> Target:
        """The target that `state` describes."""
        fields: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in state.items()}
        return cls(**fields)


def _in_order(labels: Sequence[str]) -> list[str]:
    try:
        return sorted(labels, key=float)
    except ValueError:
        return sorted(labels)


def _scale(train: Table, names: Sequence[str]) -> tuple[tuple[float, ...], tuple[float, ...]]:
    values = train.frame[list(names)].to_numpy(dtype=np.float64)
    mean, scale = np.nanmean(values, axis=0), np.nanstd(values, axis=0)
    flat = [name for name, spread in zip(names, scale, strict=True) if not spread > 0]
    if flat:
        raise DataError(
            f"{train.source}: target {flat[0]!r} has the same value in all training rows; nothing to learn."
        )
    return tuple(mean.tolist()), tuple(scale.tolist())
