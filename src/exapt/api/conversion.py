"""`convert`: published checkpoints of other tools as folders of weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from exapt.core.errors import RunExistsError
from exapt.core.paths import refuse_existing, storage_errors


def convert(
    checkpoint: Path, output: Path, *, licence: str = "unknown", title: str | None = None, force: bool = False
) -> dict[str, Any]:
    """Write a published graph network (GIN or GCN of Hu et al. or MolCLR) as weights of backbone `gnn`.

    Parameters
    ----------
    checkpoint
        A local file of torch; nothing but tensors is read from it.
    output
        The folder to make; its name is `arch.tag`.
    licence
        Of the checkpoint, as its authors state it.
    title
        The line that describes the weights; None = the layout and the name of the file.
    force
        Replace weights that are there.

    Returns
    -------
    dict
        The card: layout, SHA-256 of the source, what was dropped or made up.

    Raises
    ------
    WeightsError
        Where the file cannot be read, or its tensors are those of no layout that can be converted.
    RunExistsError
        Where `output` exists and `force` is False, or it is no folder of weights.
    """
    from exapt.models.convert import convert as write

    refuse_existing(output, force=force)
    if output.exists() and not (output / "config.json").is_file():
        raise RunExistsError(f"{output} is no folder of weights, so --force does not replace it. Choose another -o.")
    with storage_errors(output):
        (output / "sketch.json").unlink(missing_ok=True)  # of the corpus of what was there before
        return write(checkpoint, output, licence=licence, title=title)
