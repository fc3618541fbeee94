"""Pre-training: several tasks at once on one backbone, their losses weighted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from exapt.core.contracts import Backbone, Batch, Column, Features, Table, Task
from exapt.core.errors import ConfigError
from exapt.core.registry import TASKS
from exapt.models.heads.side_by_side import SideBySide

OWN = ("name", "weight", "targets")


@dataclass
class _Part:
    """A task of the mixture; `width` is the number of its outputs, of one position where it reads tokens."""

    name: str
    task: Task
    weight: float
    patterns: tuple[str, ...]
    width: int = 0


class Mixture(Task):
    """The loss is the weighted sum over the parts; each has its own head.

    The parts damage the inputs one after another (`view`), and all of them see the result, so that a part with given
    targets learns to predict them in spite of the damage.

    Parameters
    ----------
    parts
        Tasks with their options, as in a configuration: ``{name: masked_atoms, weight: 1.0, rate: 0.15}``. A supervised
        part says in ``targets`` which columns of numbers it predicts: names or shell patterns (``CHEMBL*``) of columns
        without a role, in which values may be missing.
    """

    supervised: ClassVar[bool] = False
    needs: ClassVar[Literal["pooled", "tokens"]] = "tokens"

    def __init__(self, *, parts: Sequence[Mapping[str, Any]]) -> None:
        if isinstance(parts, str) or not parts or not all(isinstance(p, Mapping) and "name" in p for p in parts):
            raise ConfigError(
                "task 'mixture': parts is a list of tasks, for example "
                "[{name: masked_atoms, weight: 1}, {name: molecule_descriptors, weight: 1}]."
            )
        self.parts = [_part(options) for options in parts]

    def fit(self, train: Table) -> None:
        """Each part learns from the training rows."""
        for part in self.parts:
            part.task.fit(_with_targets(train, part))

    def targets(self, table: Table) -> dict[str, NDArray[Any]]:
        """Those of each part, under `number/name`."""
        return {
            f"{number}/{name}": values
            for number, part in enumerate(self.parts)
            for name, values in part.task.targets(_with_targets(table, part)).items()
        }

    def build_head(self, backbones: Sequence[Backbone]) -> nn.Module:
        """The heads of all parts, side by side."""
        heads = [part.task.build_head(backbones) for part in self.parts]
        empty = [
            Features(torch.zeros(2, 1, b.dim), torch.ones(2, 1, dtype=torch.bool), torch.zeros(2, b.dim))
            for b in backbones
        ]
        for part, head in zip(self.parts, heads, strict=True):
            with torch.no_grad():
                part.width = head(*empty)[0].numel()
        return SideBySide(heads)

    def view(self, batch: Batch) -> Batch:
        """The views of all parts, one after another; a part that repeats rows repeats the targets of the others."""
        targets = dict(batch.targets)
        for number, part in enumerate(self.parts):
            seen = part.task.view(replace(batch, targets=_own(targets, number)))
            times = len(seen) // len(batch)
            if times > 1:
                targets = {name: values.repeat_interleave(times, 0) for name, values in targets.items()}
            targets |= {f"{number}/{name}": values for name, values in seen.targets.items()}
            batch = replace(seen, targets={})
        return replace(batch, targets=targets)

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        """The weighted sum."""
        total = output.new_zeros(())
        for number, (part, own) in enumerate(zip(self.parts, self._cut(output), strict=True)):
            loss = part.task.loss(own, replace(batch, targets=_own(batch.targets, number)))
            total = total + part.weight * loss
        return total

    def _cut(self, output: Tensor) -> list[Tensor]:
        """The output of each part (B, K), or (B, L, K) of one that reads tokens."""
        per_row = sum(part.width for part in self.parts if part.task.needs == "pooled")
        per_token = sum(part.width for part in self.parts if part.task.needs == "tokens")
        positions = (output.shape[1] - per_row) // per_token if per_token else 0
        tokens = [part.task.needs == "tokens" for part in self.parts]
        sizes = [part.width * (positions if own else 1) for part, own in zip(self.parts, tokens, strict=True)]
        pieces = zip(self.parts, tokens, torch.split(output, sizes, dim=1), strict=True)
        return [piece.reshape(-1, positions, part.width) if own else piece for part, own, piece in pieces]

    def decode(self, output: Tensor) -> NDArray[np.float64]:
        """What each part decodes, flattened after the rows, side by side."""
        decoded = [part.task.decode(own) for part, own in zip(self.parts, self._cut(output), strict=True)]
        return np.concatenate([values.reshape(len(values), -1) for values in decoded], axis=1)

    def metrics(self) -> list[str]:
        """None but the loss."""
        return []

    def frame(self, decoded: NDArray[np.float64], ids: Sequence[str]) -> pd.DataFrame:
        """One row an example, one column a value."""
        return pd.concat([pd.DataFrame({"id": list(ids)}), pd.DataFrame(decoded)], axis=1)

    def state(self) -> dict[str, Any]:
        """The parts with what they have learned."""
        return {
            "parts": [
                {
                    "name": part.name,
                    "weight": part.weight,
                    **({"targets": list(part.patterns)} if part.patterns else {}),
                    **part.task.state(),
                }
                for part in self.parts
            ]
        }


def _part(options: Mapping[str, Any]) -> _Part:
    name, weight, patterns = str(options["name"]), options.get("weight", 1.0), options.get("targets", ())
    if not (isinstance(weight, int | float) and weight > 0):
        raise ConfigError(f"task 'mixture': weight of {name!r} is above 0; found {weight!r}.")
    task: Task = TASKS.build(name, **{key: value for key, value in options.items() if key not in OWN})
    patterns = (patterns,) if isinstance(patterns, str) else tuple(patterns)
    if task.supervised != bool(patterns):
        needed = "needs `targets`, the columns that it predicts" if task.supervised else "takes no `targets`"
        raise ConfigError(f"task 'mixture': part {name!r} {needed}.")
    return _Part(name, task, float(weight), patterns)


def _with_targets(table: Table, part: _Part) -> Table:
    """The table in which the columns of this part, and no others, are targets."""
    if not part.patterns:
        return table
    free = [str(name) for name in table.frame.columns if name not in table.columns]
    chosen = [name for name in free if any(fnmatchcase(name, pattern) for pattern in part.patterns)]
    if not chosen:
        raise ConfigError(
            f"{table.source}: task 'mixture': no column without a role is called {' or '.join(part.patterns)}; "
            f"such columns: {', '.join(free[:12]) or 'none'}."
        )
    others = {name: column for name, column in table.columns.items() if column.role != "target"}
    return replace(table, columns={**others, **dict.fromkeys(chosen, Column("target", "number"))})


def _own(targets: Mapping[str, Tensor], number: int) -> dict[str, Tensor]:
    start = f"{number}/"
    return {name.removeprefix(start): values for name, values in targets.items() if name.startswith(start)}


EXPORT = Mixture
