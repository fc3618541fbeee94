"""Where the numbers are computed, in which precision, and what happens when memory runs out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace
from typing import Any, Literal, TypeVar

import torch

from exapt.core.contracts import COPIES, Batch, Stream

# oneDNN keeps a compiled kernel for every shape of batch that it has seen, 1,024 of them; batches of molecules or of
# sequences hardly ever have the same shape, so the memory grows and nothing is used again. Read at its first kernel.
os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
SMALL = 5e7
Precision = Literal["fp32", "bf16"]
T = TypeVar("T")


def accelerator(device: Literal["auto", "cpu"]) -> Any:
    """An `accelerate.Accelerator`; its precision is off because `autocast` leaves the losses in float32.

    Parameters
    ----------
    device
        ``auto``: the accelerator that is there, and as many processes as were launched.
    """
    from accelerate import Accelerator, DistributedDataParallelKwargs
    from accelerate.state import AcceleratorState, PartialState

    if PartialState().num_processes == 1:  # an earlier training of this process may have run on another device
        AcceleratorState._reset_state(reset_partial_state=True)
    # A step may leave heads or frozen blocks out, so not every parameter has a gradient each time.
    unused = DistributedDataParallelKwargs(find_unused_parameters=True)
    return Accelerator(cpu=device == "cpu", mixed_precision="no", kwargs_handlers=[unused])


@contextmanager
def threads_for(work: float) -> Iterator[None]:
    """Use one thread where a step has little to compute: waking others takes longer, most of all on a busy machine.

    Parameters
    ----------
    work
        Multiplications of a typical step, roughly: positions x parameters.
    """
    before = torch.get_num_threads()
    if work < SMALL:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def autocast(device: torch.device, precision: Precision) -> AbstractContextManager[Any]:
    """Run matrix products in bfloat16 where that is asked for."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=precision == "bf16")


def device_of(module: torch.nn.Module) -> torch.device:
    """Where the module's parameters are."""
    parameter = next(module.parameters(), None)
    return torch.device("cpu") if parameter is None else parameter.device


def out_of_memory(error: BaseException) -> bool:
    """Whether it is the device's or the machine's memory that ran out.

    Examples
    --------
    >>> out_of_memory(torch.OutOfMemoryError("CUDA out of memory.")), out_of_memory(RuntimeError("shape"))
    (True, False)
    """
    from accelerate.utils.memory import should_reduce_batch_size

    return isinstance(error, torch.OutOfMemoryError | MemoryError) or bool(should_reduce_batch_size(error))


def part(batch: Batch, start: int, stop: int) -> Batch:
    """Rows `start` to `stop` of a batch, padded as the whole.

    Examples
    --------
    >>> part(Batch({}, {"y": torch.tensor([1, 2, 3])}, ["a", "b", "c"]), 1, 3).ids
    ['b', 'c']
    """
    inputs = {name: _rows(stream, start, stop) for name, stream in batch.inputs.items()}
    targets = {name: value[start:stop] for name, value in batch.targets.items()}
    return replace(batch, inputs=inputs, targets=targets, ids=batch.ids[start:stop])


def _rows(stream: Stream, start: int, stop: int) -> Stream:
    if COPIES not in stream:
        return {key: value[start:stop] for key, value in stream.items()}
    kept, copies = torch.unique(stream[COPIES][start:stop], return_inverse=True)
    return {key: copies if key == COPIES else value[kept] for key, value in stream.items()}


def in_halves(apply: Callable[[Batch], T], batch: Batch) -> list[T]:
    """Apply a function to a batch; where memory runs out, to its halves, and so on. Results in order."""
    try:
        return [apply(batch)]
    except (RuntimeError, MemoryError) as error:
        if len(batch) == 1 or not out_of_memory(error):
            raise
    if torch.cuda.is_available():
        torch.cuda.empty_cache()
    middle = len(batch) // 2
    return in_halves(apply, part(batch, 0, middle)) + in_halves(apply, part(batch, middle, len(batch)))
