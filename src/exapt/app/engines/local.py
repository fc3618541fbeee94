"""Processes of this machine."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass

from exapt.api._screen_work import Done, Work
from exapt.core.errors import ExaptError


@dataclass(frozen=True)
class Local:
    """One block at a time in each of several processes; molecules are parsed by RDKit, which threads do not speed up.

    Parameters
    ----------
    processes
        How many; None = one for each processor that this process may use.
    """

    processes: int | None = None

    def __call__(self, work: Work, numbers: Sequence[int]) -> Iterator[Done]:
        """Do the work on each block.

        Raises
        ------
        ExaptError
            Where a process was killed (by the system, when memory is short); finished parts are kept.
        """
        processes = min(self.processes or processors(), len(numbers))
        if processes < 2:
            yield from map(work, numbers)
            return
        # Started afresh, not forked: a copy of a process with threads (torch, Arrow) may hang.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(work,))
        try:
            for finished in as_completed([pool.submit(_one, number) for number in numbers]):
                yield finished.result()
        except BrokenProcessPool:
            raise ExaptError(
                "A process of the screen was killed, perhaps because memory ran out. Finished parts are kept: "
                "repeat the command, with --processes 1 if it happens again."
            ) from None
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def processors() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1


_work: Work | None = None


def _begin(work: Work) -> None:
    global _work
    _work = work
    alone_in_process()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the process that started this one
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _one(number: int) -> Done:
    assert _work is not None
    return _work(number)


def alone_in_process() -> None:
    """One process of several starts no processes and no threads of its own."""
    multiprocessing.current_process().daemon = True
    os.environ["OMP_NUM_THREADS"] = "1"
    if "torch" in sys.modules:  # else it will read the variable when a scorer needs it
        import torch

        torch.set_num_threads(1)


def _end_with_parent() -> None:
    """A parent that is killed cannot say so; without it nobody waits for the work."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
