"""One optimiser step: the weighted loss as one forward pass, in pieces where memory runs out."""

from __future__ import annotations

import gc
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from exapt.core.contracts import Domain, Model, Strategy, Task, Term
from exapt.core.errors import TrainingError
from exapt.transfer.training.devices import Precision, autocast, out_of_memory, part


class Objective(nn.Module):
    """The weighted sum over the terms plus the penalty; one call, so that DDP sees one forward for one backward."""

    def __init__(self, model: Model, tasks: Mapping[Domain, Task], strategy: Strategy, precision: Precision) -> None:
        super().__init__()
        self.model = model
        self.tasks = tasks
        self.strategy = strategy
        self.precision = precision

    def forward(self, terms: Sequence[Term], device: torch.device, penalty: bool) -> Tensor | float:
        """Loss of some terms; losses are computed in float32 whatever the precision."""
        total: Tensor | float = self.strategy.penalty(self.model) if penalty else 0.0
        for domain, batch, weight in terms:
            there = batch.to(device)
            with autocast(device, self.precision):
                output = self.model(there, domain)
            total = total + weight * self.tasks[domain].loss(output.float(), there)
        return total


class Stepper:
    """Gradients of one step, whatever the number of processes and the memory.

    Parameters
    ----------
    objective
        What is minimised.
    accelerator
        Device and processes.
    """

    def __init__(self, objective: Objective, accelerator: Any) -> None:
        self.objective = objective
        self.accelerator = accelerator
        self.micro_batch: int | None = None
        self.wrapped: nn.Module | None = None

    def wrap(self) -> None:
        """Wrap anew: DDP only synchronises what was trainable when it was made."""
        self.wrapped = self.objective
        if self.accelerator.num_processes > 1:
            self.accelerator.free_memory()
            self.wrapped = self.accelerator.prepare_model(self.objective)

    def gradients(self, terms: Sequence[Term]) -> tuple[float, int]:
        """Add the gradients of a step to the parameters.

        Returns
        -------
        tuple
            The loss, and the number of rows it is a mean over.

        Raises
        ------
        TrainingError
            Where one row does not fit into memory.
        """
        rows = sum(len(batch) for _, batch, _ in terms)
        if self.accelerator.num_processes > 1:
            own = self._backward([_share(term, self.accelerator) for term in terms], penalty=True)
            return float(self.accelerator.reduce(torch.tensor(own, device=self.accelerator.device), "mean")), rows
        before = self.micro_batch
        while True:
            try:
                loss = self._accumulate(terms)
                break
            except (RuntimeError, MemoryError) as error:
                if not out_of_memory(error):
                    raise
            self._shrink(max(len(batch) for _, batch, _ in terms))
        if self.micro_batch != before:
            sys.stderr.write(
                f"exapt: out of memory; from here {self.micro_batch} rows at a time, added up so that the batch size "
                "stays what it was.\n"
            )
        return loss, rows

    def _shrink(self, largest: int) -> None:
        size = min(self.micro_batch or largest, largest)
        if size == 1:
            raise TrainingError(
                "Out of memory with a single row. Shorten the inputs (an encoder's max_length, say), take a smaller "
                "backbone, or set training.precision: bf16."
            )
        self.micro_batch = math.ceil(size / 2)
        self.objective.zero_grad(set_to_none=True)
        gc.collect()
        if torch.cuda.is_available():
            torch.cuda.empty_cache()

    def _accumulate(self, terms: Sequence[Term]) -> float:
        pieces = list(zip(*(_cut(term, self._pieces(terms)) for term in terms), strict=True))
        return sum(self._backward(piece, penalty=index == 0) for index, piece in enumerate(pieces))

    def _pieces(self, terms: Sequence[Term]) -> int:
        largest = max(len(batch) for _, batch, _ in terms)
        return math.ceil(largest / (self.micro_batch or largest))

    def _backward(self, terms: Sequence[Term], penalty: bool) -> float:
        assert self.wrapped is not None, "call wrap() first"
        loss = self.wrapped([term for term in terms if len(term[1])], self.accelerator.device, penalty)
        if isinstance(loss, Tensor) and loss.requires_grad:
            self.accelerator.backward(loss)
        return float(loss.detach()) if isinstance(loss, Tensor) else loss


def _cut(term: Term, pieces: int) -> Iterator[Term]:
    """Cut a term into even pieces whose weights follow their rows."""
    domain, batch, weight = term
    rows = len(batch)
    if pieces == 1:
        yield term
        return
    for index in range(pieces):
        start, stop = rows * index // pieces, rows * (index + 1) // pieces
        yield domain, part(batch, start, stop), weight * (stop - start) / rows


def _share(term: Term, accelerator: Any) -> Term:
    """The rows of this process; gradients are averaged over processes, so shares are weighted by their rows."""
    domain, batch, weight = term
    rank, processes, rows = accelerator.process_index, accelerator.num_processes, len(batch)
    start, stop = rows * rank // processes, rows * (rank + 1) // processes
    if start == stop:  # fewer rows than processes: take part without weight
        return domain, part(batch, 0, 1), 0.0
    return domain, part(batch, start, stop), weight * (stop - start) * processes / rows
