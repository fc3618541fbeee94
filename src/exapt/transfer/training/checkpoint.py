"""A training that can be killed at any moment: one safetensors file with JSON in its header, replaced in one rename."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from exapt.core.contracts import Model, Strategy
from exapt.core.errors import TrainingError, WeightsError
from exapt.core.examples import Examples
from exapt.core.tensors import digest, read_tensors, write_tensors
from exapt.transfer.training import rng
from exapt.transfer.training.history import Epoch
from exapt.transfer.training.state import Progress, Slots

FORMAT = 1
FILE = "checkpoint.safetensors"
SAMPLE = 64  # inputs that are compared bit by bit when a training is continued


class Checkpoint:
    """The checkpoint of one training.

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

    def save(self, progress: Progress, kinds: Slots) -> None:
        """Write atomically: progress, tensors by kind and name, and the random generators."""
        plain, generators = rng.capture()
        named = {**kinds, "rng": generators}
        tensors = {f"{kind}.{name}": tensor for kind, group in named.items() for name, tensor in group.items()}
        state = {"format": FORMAT, "identity": self.identity, "progress": asdict(progress), "rng": plain}
        write_tensors(self.path, tensors, {"exapt": json.dumps(state)})

    def load(self) -> tuple[Progress, Slots] | None:
        """Read, and restore the random generators.

        Returns
        -------
        tuple or None
            Progress, and tensors by kind and name; None where there is no checkpoint.

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
                raise ValueError(f"format {state['format']}, this exapt reads {FORMAT}")
            progress = _progress(state["progress"])
        except (WeightsError, KeyError, TypeError, ValueError) as error:
            raise TrainingError(
                f"{self.path}: the checkpoint cannot be read ({' '.join(str(error).split())}). "
                "Delete it to start this training again."
            ) from None
        self._refuse_other(state["identity"])
        kinds: Slots = {}
        for name, tensor in tensors.items():
            kind, _, rest = name.partition(".")
            kinds.setdefault(kind, {})[rest] = tensor
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


def _progress(values: dict[str, Any]) -> Progress:
    best = values["best_value"]
    rows = [Epoch(**row) for row in values["rows"]]
    return Progress(**{**values, "rows": rows, "best_value": tuple(best) if best else None})


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
        if isinstance(value, int | float | str | tuple | None):
            options.append(f"{name}={value!r}")
        elif isinstance(value, Mapping):
            options += [describe(member) for member in value.values() if isinstance(member, Strategy)]
    return f"{type(strategy).__name__}({', '.join(options)})"


def _digest_rows(examples: Examples) -> str:
    total = hashlib.sha256("\n".join(examples.ids).encode())
    for name, values in sorted(examples.targets.items()):
        total.update(name.encode() + np.ascontiguousarray(values).tobytes())
    for index in np.unique(np.linspace(0, len(examples) - 1, SAMPLE, dtype=np.int64)):
        for items in examples.inputs.values():
            for array in items[index].values():
                total.update(np.ascontiguousarray(array).tobytes())
    return total.hexdigest()
