"""Ray Data: the same blocks on many machines, which may come and go."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.api._screen_work import Done, Work
from exapt.app.engines.local import alone_in_process, processors
from exapt.core.errors import ExaptError, InputError

MOST_TASKS = 10_000  # of more blocks than this, several go to an actor at a time


@dataclass(frozen=True)
class RayData:
    """Blocks are mapped over a pool of actors, one a processor of the cluster, that build the scorers once.

    A block that was lost with its machine is done again elsewhere. All machines need exapt, and the folder of the
    output (and of the runs) under the same path.

    Parameters
    ----------
    address
        Of a running cluster: `auto` for the one of this machine, or host:port; None = a cluster of this machine alone,
        which ends with the command.
    """

    address: str | None = None

    def __call__(self, work: Work, numbers: Sequence[int]) -> Iterator[Done]:
        """Do the work on each block.

        Raises
        ------
        InputError
            Where Ray is not installed, or no cluster answers.
        """
        ray = _ray()
        started = not ray.is_initialized()
        if started:
            _connect(ray, self.address)
        try:
            with contextlib.redirect_stdout(sys.stderr):  # where Ray tells of machines that are gone
                yield from self._map(ray, work, numbers)
        finally:
            if started:
                ray.shutdown()

    def _map(self, ray: Any, work: Work, numbers: Sequence[int]) -> Iterator[Done]:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        pool = ray.data.ActorPoolStrategy(min_size=1, max_size=len(numbers))  # as many as there are processors for
        items = [{"number": number} for number in numbers]
        blocks = ray.data.from_items(items, override_num_blocks=min(len(items), MOST_TASKS))
        done = blocks.map_batches(
            _Actor, fn_constructor_args=(work,), batch_size=1, batch_format="numpy", compute=pool, num_cpus=1
        )
        try:
            for row in done.iter_rows():
                if row["error"]:
                    raise (InputError if row["code"] == InputError.exit_code else ExaptError)(row["error"])
                yield Done(int(row["number"]), int(row["rows"]), int(row["rejected"]))
        except ray.exceptions.RayError as error:
            told = [line.strip() for line in str(error).splitlines() if line.strip()]
            raise ExaptError(f"Ray gave up: {told[-1] if told else error!r}. Finished parts are kept.") from error


class _Actor:
    """A process somewhere, with its scorers."""

    def __init__(self, work: Work) -> None:
        alone_in_process()
        self.work = work

    def __call__(self, batch: dict[str, NDArray[np.int64]]) -> dict[str, NDArray[Any]]:
        """One row a block: what is done of it, or the error, which Ray would bury in one of its own."""
        rows = [self._one(int(number)) for number in batch["number"]]
        return {name: np.array([row[name] for row in rows]) for name in rows[0]}

    def _one(self, number: int) -> dict[str, Any]:
        try:
            return {**vars(self.work(number)), "error": "", "code": 0}
        except ExaptError as error:
            return {"number": number, "rows": 0, "rejected": 0, "error": str(error), "code": error.exit_code}


def _ray() -> Any:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # actors share the accelerator of their machine
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    try:
        import ray
        import ray.data
        import ray.exceptions
    except ImportError:
        raise InputError("--engine ray needs Ray, which is not installed: pip install 'exapt[ray]'.") from None
    logging.getLogger("ray.data").setLevel(logging.ERROR)  # what it does is shown by our own progress
    return ray


def _connect(ray: Any, address: str | None) -> None:
    try:
        if address is None:
            ray.init(
                "local", num_cpus=processors(), include_dashboard=False, log_to_driver=False, logging_level="ERROR"
            )
        else:
            ray.init(address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, ValueError) as error:
        raise InputError(
            f"--address {address}: no Ray cluster answers ({str(error).splitlines()[0]}). "
            "Start one with `ray start --head`, or leave --address out for this machine alone."
        ) from None
