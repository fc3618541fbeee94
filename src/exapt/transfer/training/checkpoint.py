"""A training that can be killed at any moment: one safetensors file with JSON in its header, replaced in one rename."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from exapt.core.contracts import Model, Strategy
from exapt.core.errors import TrainingError, WeightsError
from exapt.core.examples import Examples
from exapt.core.paths import atomic
from exapt.transfer.training import rng
from exapt.transfer.training.history import Epoch, History

FORMAT = 1
FILE = "checkpoint.safetensors"
SAMPLE = 64  # inputs that are compared bit by bit when a training is continued


@dataclass
class Progress:
    """How far a training has come; all of it is JSON."""

    epoch: int = 0  # epochs that are over
    step: int = 0  # steps of the current epoch
    steps: int = 0  # all steps
    loss_sum: float = 0.0  # of the current epoch, over rows
    loss_rows: int = 0
    seconds: float = 0.0  # of the current epoch
    best_epoch: int | None = None
    best_value: tuple[float, float] | None = None
    stale: int = 0  # epochs since the best
    stopped: bool = False
    micro_batch: int | None = None
    rows: list[Epoch] = field(default_factory=list)

    def history(self) -> History:
        """What the caller sees."""
        return History(list(self.rows), self.best_epoch, self.steps, self.stopped)


class Checkpoint:
    """The checkpoint of one training.

    It holds the tensors that could have moved: parameters that train or have trained, buffers, the best weights so
    far, the optimiser's state and the random generators. Frozen weights are not written; the same call brings them.

    Parameters
    ----------
    folder
        Where the file `checkpoint.safetensors` lies.
    identity
        What must be equal for the training to continue, from `identity`.
    """

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        self.path = folder / FILE
        self.identity = dict(identity)

    def save(
        self,
        progress: Progress,
        weights: Mapping[str, Tensor],
        best: Mapping[str, Tensor],
        optimizer: Mapping[str, Mapping[str, Tensor]],
    ) -> None:
        """Write atomically.

        Parameters
        ----------
        progress
            How far the training is.
        weights, best
            Name -> tensor.
        optimizer
            Parameter name -> slot -> tensor.
        """
        plain, generators = rng.capture()
        tensors = {f"model.{name}": tensor for name, tensor in weights.items()}
        tensors |= {f"best.{name}": tensor for name, tensor in best.items()}
        tensors |= {f"rng.{name}": tensor for name, tensor in generators.items()}
        for name, slots in optimizer.items():
            tensors |= {f"optimizer.{slot}.{name}": tensor for slot, tensor in slots.items()}
        state = {"format": FORMAT, "identity": self.identity, "progress": asdict(progress), "rng": plain}
        write_tensors(self.path, tensors, {"exapt": json.dumps(state)})

    def load(self) -> tuple[Progress, dict[str, dict[str, Tensor]]] | None:
        """Read, restore the random generators, and give the progress and the tensors by kind.

        Returns
        -------
        tuple or None
            Progress and kind (model, best, optimizer) -> name -> tensor; None where there is no checkpoint.

        Raises
        ------
        TrainingError
            Where the file is damaged, or belongs to another training.
        """
        for half in self.path.parent.glob(f".{FILE}.*.tmp"):  # of a process that was killed while it wrote
            half.unlink()
        if not self.path.exists():
            return None
        try:
            tensors, metadata = read_tensors(self.path)
            state = json.loads(metadata["exapt"])
            if state["format"] != FORMAT:
                raise KeyError("format")
            values = state["progress"]
            best = values["best_value"]
            values |= {"rows": [Epoch(**row) for row in values["rows"]], "best_value": tuple(best) if best else None}
            progress = Progress(**values)
        except (WeightsError, KeyError, TypeError, ValueError) as error:
            raise TrainingError(
                f"{self.path}: the checkpoint cannot be read ({' '.join(str(error).split())}). "
                "Delete it to start this training again."
            ) from None
        self._refuse_other(state["identity"])
        kinds: dict[str, dict[str, Tensor]] = {"model": {}, "best": {}, "rng": {}, "optimizer": {}}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            kinds[kind][rest] = tensor
        rng.restore(state["rng"], kinds.pop("rng"))
        return progress, kinds

    def _refuse_other(self, found: Mapping[str, Any]) -> None:
        wanted = json.loads(json.dumps(self.identity))
        differ = [key for key in {**found, **wanted} if found.get(key) != wanted.get(key)]
        if differ:
            changes = "; ".join(f"{key}: {_short(found.get(key))} -> {_short(wanted.get(key))}" for key in differ)
            raise TrainingError(
                f"{self.path}: the checkpoint belongs to another training ({changes}). "
                "Repeat the same call to continue it, or delete the file to start again."
            )


def _short(value: Any) -> str:
    text = str(value)
    return text[:8] if len(text) == 64 else text


def identity(
    model: Model, strategy: Strategy, sets: Mapping[str, Examples], training: Mapping[str, Any], seed: int
) -> dict[str, Any]:
    """What makes a training the same training: strategy, options, seed, data and starting weights.

    Parameters
    ----------
    model
        After `Strategy.prepare`, before the first step.
    strategy
        As it is used.
    sets
        Name -> rows.
    training
        The training options; those that cannot change a result are ignored.
    seed
        Of the training.
    """
    kept = {f"training.{key}": value for key, value in training.items() if key not in ("checkpoint_every", "device")}
    data = {f"{name} rows": _digest_rows(examples) for name, examples in sets.items()}
    return {
        "seed": seed,
        "strategy": describe(strategy),
        **kept,
        **data,
        "starting weights": digest(model.state_dict()),
    }


def describe(strategy: Strategy) -> str:
    """Class and options of a strategy.

    Examples
    --------
    >>> from exapt.transfer.strategies.partial import Partial
    >>> describe(Partial(top=2))
    'Partial(top=2)'
    """
    options = []
    for name, value in sorted(vars(strategy).items()):
        if isinstance(value, int | float | str | None):
            options.append(f"{name}={value!r}")
        elif isinstance(value, Mapping):
            options += [describe(member) for member in value.values() if isinstance(member, Strategy)]
    return f"{type(strategy).__name__}({', '.join(options)})"


def digest(tensors: Mapping[str, Tensor]) -> str:
    """SHA-256 of names, types, shapes and bytes, whatever the order.

    Examples
    --------
    >>> import torch
    >>> a, b = torch.zeros(2), torch.ones(3, dtype=torch.bfloat16)
    >>> digest({"a": a, "b": b}) == digest({"b": b, "a": a})
    True
    """
    total = hashlib.sha256()
    for name, tensor in sorted(tensors.items()):
        flat = tensor.detach().cpu().contiguous().reshape(-1)
        total.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        total.update(flat.view(torch.uint8).numpy().data if flat.numel() else b"")
    return total.hexdigest()


def _digest_rows(examples: Examples) -> str:
    total = hashlib.sha256("\n".join(examples.ids).encode())
    for name, values in sorted(examples.targets.items()):
        total.update(name.encode() + np.ascontiguousarray(values).tobytes())
    for index in np.unique(np.linspace(0, len(examples) - 1, SAMPLE, dtype=np.int64)):
        for items in examples.inputs.values():
            for array in items[index].values():
                total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()


def write_tensors(path: Path, tensors: Mapping[str, Tensor], metadata: Mapping[str, str] | None = None) -> None:
    """Write a safetensors file atomically."""
    from safetensors.torch import save_file

    plain = {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}
    with atomic(path) as temporary:
        save_file(plain, str(temporary), metadata=dict(metadata or {}))


def read_tensors(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """Tensors and metadata of a safetensors file.

    Raises
    ------
    WeightsError
        Where the file is missing, cut short or not a safetensors file.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(str(path), framework="pt") as file:
            return {name: file.get_tensor(name) for name in file.keys()}, file.metadata() or {}  # noqa: SIM118
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such file.") from None
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"{path}: not a whole safetensors file: {' '.join(str(error).split())}") from None
