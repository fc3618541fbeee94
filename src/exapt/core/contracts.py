"""The seven contracts that every room speaks. Imports no other room."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, ClassVar, Literal, Self

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Role = Literal["id", "input", "target", "group", "weight"]
Modality = Literal["dna", "rna", "protein", "molecule", "expression", "structure", "image", "number", "label"]
Domain = Literal["target", "source"]
Kind = Literal["class", "multilabel", "number"]
Rows = NDArray[np.int64]
Encoded = dict[str, NDArray[Any]]
Stream = dict[str, Tensor]
COPIES = "copies"  # of a stream: which of its values each row of the batch holds, where rows share values


# 1. Table ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Column:
    """What a column is for, what it holds, and in which unit (None where the value has none)."""

    role: Role
    modality: Modality
    unit: str | None = None


@dataclass(frozen=True)
class Matrix:
    """A wide numeric input, one row an example.

    `values` is (n, F) or, for images, (n, H, W, C): an array, a scipy CSR matrix or a memory map;
    `features` are the F names (genes), empty where positions have none.
    """

    values: Any
    features: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.values.shape[0])

    def take(self, rows: Rows) -> Matrix:
        """The given rows, in the given order."""
        return Matrix(self.values[rows], self.features)


@dataclass(frozen=True)
class Table:
    """Examples, one a row, before any encoding.

    Narrow columns live in `frame` (index 0..n-1), wide inputs in `matrices`; `columns` describes both.
    """

    frame: pd.DataFrame
    columns: Mapping[str, Column]
    source: str
    matrices: Mapping[str, Matrix] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.frame)

    def names(self, role: Role) -> list[str]:
        """Column names of one role, in order."""
        return [name for name, column in self.columns.items() if column.role == role]

    def ids(self) -> list[str]:
        """One identifier a row: the id column, or the row number."""
        names = self.names("id")
        return self.frame[names[0]].astype(str).tolist() if names else [str(i) for i in range(len(self))]

    def values(self, name: str) -> Sequence[Any] | Matrix:
        """The values of one column, as an encoder takes them."""
        return self.matrices[name] if name in self.matrices else self.frame[name].tolist()

    def take(self, rows: Rows) -> Table:
        """The given rows, in the given order."""
        return replace(
            self,
            frame=self.frame.iloc[rows].reset_index(drop=True),
            matrices={name: matrix.take(rows) for name, matrix in self.matrices.items()},
        )


# 2. Split ---------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Fold:
    """Row numbers of three disjoint parts. `dropped` are rows in none of them (mixed pairs, say)."""

    train: Rows
    valid: Rows
    test: Rows
    dropped: Rows = field(default_factory=lambda: np.empty(0, dtype=np.int64))


class Split(ABC):
    """Table -> folds that are disjoint and, with `dropped`, cover all rows."""

    @abstractmethod
    def __call__(self, table: Table) -> list[Fold]:
        """Cut the table: one fold, or those of a cross-validation one after another."""

    def groups(self, table: Table) -> NDArray[Any] | None:
        """The group of each row (n,), of which none stands in two parts; None where rows are dealt one by one."""
        return None


# 3. Encoder -------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Inputs:
    """What an encoder feeds a backbone.

    ``letters``: x (L,) integer ids below `size`. ``values``: x (L, size) floats. ``image``: x (H, W, size) floats.
    ``graph``: x (N, size) integers, one row a node, feature f below `levels[f]`; with "edges" (E, 2 + F) integers, one
    row a directed edge: from, to, and its F features, feature f below `edge_levels[f]`. Padding of "edges" is -1.
    """

    kind: Literal["letters", "values", "image", "graph"]
    size: int
    mask: int | None = 1  # id of the mask letter, of a graph's first feature; None = there is none
    special: tuple[int, ...] = (0, 1)  # ids that are no letters: padding, mask, perhaps start and end
    levels: tuple[int, ...] = ()
    edge_levels: tuple[int, ...] = ()


class Encoder(ABC):
    """Values of one column -> arrays -> padded tensors. A frozen dataclass; all its fields are JSON.

    What is learned (vocabulary, gene list, scaler) is learned by `fit` from training rows only.
    """

    modalities: ClassVar[tuple[Modality, ...]]

    def fit(self, values: Sequence[Any] | Matrix) -> Self:
        """A copy that has learned from the training rows; an encoder that learns nothing returns itself."""
        return self

    @abstractmethod
    def inputs(self) -> Inputs:
        """What a backbone receives."""

    @abstractmethod
    def encode(self, values: Sequence[Any] | Matrix) -> list[Encoded]:
        """One dict of arrays a value; "x" has the position axes first. Vectorised over the values."""

    @abstractmethod
    def collate(self, items: Sequence[Encoded]) -> Stream:
        """Padded on the right: "x" (B, L), (B, L, C) or (B, H, W, C) and "mask" (B, L) or (B, H, W), True = real.

        Of graphs, "edges" (B, E, 2 + F) beside them.
        """

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """JSON from which the registry builds an equal encoder."""


@dataclass(frozen=True)
class Batch:
    """Encoded examples. `depth` is the number of backbone blocks that were applied already (prefix cache).

    A stream with "copies" (B,) holds fewer values than the batch has rows: row i holds value copies[i].
    """

    inputs: Mapping[str, Stream]
    targets: Mapping[str, Tensor]
    ids: Sequence[str]
    depth: int = 0

    def __len__(self) -> int:
        return len(self.ids)

    def to(self, device: torch.device | str) -> Batch:
        """The same batch on a device."""
        inputs = {name: {k: v.to(device) for k, v in stream.items()} for name, stream in self.inputs.items()}
        return replace(self, inputs=inputs, targets={k: v.to(device) for k, v in self.targets.items()})


Term = tuple[Domain, Batch, float]


# 4. Backbone ------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Features:
    """tokens (B, L, D), mask (B, L) True = real, pooled (B, D), pair (B, L, L, C) or None."""

    tokens: Tensor
    mask: Tensor
    pooled: Tensor
    pair: Tensor | None = None

    def take(self, rows: Tensor) -> Features:
        """The features of the given rows (n,), in the given order."""
        pair = None if self.pair is None else self.pair[rows]
        return Features(self.tokens[rows], self.mask[rows], self.pooled[rows], pair)


class Backbone(nn.Module, ABC):
    """Blocks in a row, then a readout without parameters.

    A block maps a stream to a stream: {"x": ..., "mask": ...} and whatever else the encoder made. Names say which
    axis follows the batch: "edge..." the edges of a graph, "graph..." none, any other the positions. So a forward
    pass may start above block `start` with cached activations, and freezing, layer-wise rates, LoRA and caching all
    follow from `blocks()`. The constructor takes `inputs` first, then named options.
    """

    encoders: ClassVar[Mapping[str, str]]  # modality -> the encoder it reads by default
    inputs: Inputs  # what the encoder feeds it
    dim: int  # width D of tokens and pooled

    @abstractmethod
    def blocks(self) -> list[nn.Module]:
        """Every parameter in exactly one block, input side first."""

    @abstractmethod
    def readout(self, stream: Stream) -> Features:
        """Features of the last block's stream."""

    def forward(self, stream: Stream, start: int = 0) -> Features:
        """Features of an encoded batch; `start` blocks were applied already. What rows share is computed once."""
        if COPIES in stream:
            rows = stream[COPIES]
            once: Features = self({key: value for key, value in stream.items() if key != COPIES}, start)
            return once.take(rows)
        if "pooled" in stream:  # a fully frozen backbone was cached after its readout
            pooled = stream["pooled"]
            return Features(pooled.unsqueeze(1), pooled.new_ones(len(pooled), 1, dtype=torch.bool), pooled)
        for block in self.blocks()[start:]:
            stream = block(stream)
        return self.readout(stream)


class Model(nn.Module):
    """Backbones by input column (shared where the object is shared), one head a domain."""

    def __init__(self, backbones: Mapping[str, Backbone], heads: Mapping[Domain, nn.Module]) -> None:
        super().__init__()
        self.columns = tuple(backbones)
        self.backbones = nn.ModuleDict({_module_name(column): backbone for column, backbone in backbones.items()})
        self.heads = nn.ModuleDict({str(domain): head for domain, head in heads.items()})

    def forward(self, batch: Batch, domain: Domain = "target") -> Tensor:
        """The head's output for a batch of one domain."""
        features = [self.backbone(column)(stream, batch.depth) for column, stream in batch.inputs.items()]
        output: Tensor = self.heads[domain](*features)
        return output

    def backbone(self, column: str) -> Backbone:
        """The backbone that reads an input column."""
        found: Any = self.backbones[_module_name(column)]
        backbone: Backbone = found
        return backbone

    def distinct_backbones(self) -> list[Backbone]:
        """Each backbone once."""
        return list({id(b): b for b in self.backbones.values() if isinstance(b, Backbone)}.values())


_RESERVED = frozenset(dir(nn.ModuleDict()))


def _module_name(column: str) -> str:
    """The column's name, unless torch allows no module of that name: a dot in it, or an attribute of `ModuleDict`."""
    return f"column {column.replace('.', '·')}" if "." in column or column in _RESERVED else column


# 5. Task ----------------------------------------------------------------------------------------
class Task(ABC):
    """An application: which head, which loss, which metrics, which standard file.

    A pre-training task makes its targets from its inputs in `view`; `pretrain` and `finetune` share one loop.
    """

    needs: ClassVar[Literal["pooled", "tokens"]] = "pooled"  # what the head reads; decides what is cached
    supervised: ClassVar[bool] = True  # False: the targets come from the inputs
    kind: Kind = "class"  # what a supervised task predicts; `fit` decides, metrics and baselines ask
    classes: Sequence[str] = ()  # their names in the order of the outputs; empty for other kinds

    @abstractmethod
    def fit(self, train: Table) -> None:
        """Learn class names, target scaling and the like from training rows only."""

    @abstractmethod
    def targets(self, table: Table) -> dict[str, NDArray[Any]]:
        """Target name -> array (n, ...) for the loss and the metrics; NaN = missing."""

    @abstractmethod
    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """A head for the features of these backbones, one an input column."""

    def view(self, batch: Batch) -> Batch:
        """What the model sees in this step: the batch itself, or a corrupted one whose targets are the original."""
        return batch

    @abstractmethod
    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """Scalar loss, mean over the known targets."""

    @abstractmethod
    def decode(self, output: Tensor) -> NDArray[np.float64]:
        """Head outputs -> probabilities (n, C) or values (n,) / (n, T) in the target's own unit."""

    def truth(self, targets: Mapping[str, NDArray[Any]]) -> NDArray[Any]:
        """The truth as metrics compare it with what `decode` makes: classes (n,), labels or values (n,) / (n, T)."""
        return next(iter(targets.values()))

    @abstractmethod
    def metrics(self) -> list[str]:
        """Names of metrics, the primary one first."""

    @abstractmethod
    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """Predictions as a table with biological names, one row an example."""

    def listed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """What `predict` writes of `frame` and columns on each example beside it: the same, or the standard file."""
        return frame

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """JSON from which the registry builds an equal task."""


# 6. Strategy ------------------------------------------------------------------------------------
class Strategy:
    """How the weights are allowed to move. The base class is full fine-tuning.

    `owns` names what a strategy decides; two strategies that own the same thing conflict.
    """

    owns: ClassVar[frozenset[Literal["trainable", "rates", "penalty", "batches"]]] = frozenset()
    pretrained: ClassVar[bool] = True  # False: start from random weights
    needs_source: ClassVar[bool] = False
    solves_head: ClassVar[bool] = False  # True: the linear head is solved, nothing is trained step by step
    trains_backbone: ClassVar[bool] = True  # False: the head alone is trained, on features as they are

    def prepare(self, model: Model) -> None:
        """Change the model once, before the optimiser exists."""

    def on_epoch(self, model: Model, epoch: int, epochs: int) -> bool:
        """Open or close blocks before an epoch; True where the trainable set changed."""
        return False

    def train_mode(self, model: Model) -> None:
        """`model.train()`, but a block with nothing to train stays in eval mode."""
        model.train()
        for backbone in model.distinct_backbones():
            for block in backbone.blocks():
                parameters = list(block.parameters())
                if parameters and not any(p.requires_grad for p in parameters):
                    block.eval()

    def param_groups(self, model: Model, lr: float) -> list[dict[str, Any]]:
        """Optimiser groups; every parameter in exactly one, frozen ones too (they get no gradient)."""
        return [{"params": list(model.parameters()), "lr": lr}]

    def penalty(self, model: Model) -> Tensor | float:
        """Added to the loss of each step."""
        return 0.0

    def batches(self, target: Iterable[Batch], source: Iterable[Batch] | None) -> Iterator[list[Term]]:
        """The terms of each optimiser step: the loss is the weighted sum over (domain, batch, weight)."""
        for batch in target:
            yield [("target", batch, 1.0)]


# 7. Run -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Run:
    """The folder that a training leaves; evaluate, predict, explain, report and serve read nothing else."""

    folder: Path
    config: Mapping[str, Any]
    provenance: Mapping[str, Any]
    encoders: Mapping[str, Mapping[str, Any]]
    scores: Mapping[str, Any]
