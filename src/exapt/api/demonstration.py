"""`quickstart`: the main job on real data that is already installed, without any network."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any

import yaml

from exapt.api._work import is_finished
from exapt.api.finetuning import finetune
from exapt.core.config import RunConfig, parse
from exapt.core.paths import read_json


def quickstart_configs() -> dict[str, RunConfig]:
    """The two runs of the quickstart, as they ship with the package: `robust` and `naive`."""
    text = resources.files("exapt.api").joinpath("quickstart.yaml").read_text(encoding="utf-8")
    return {name: parse(values, f"quickstart.yaml: {name}") for name, values in yaml.safe_load(text).items()}


def quickstart_molecules(run: Path, *, force: bool = False, quiet: bool = False) -> dict[str, Any]:
    """Potency of a chemical series from 100 measured molecules, tested on ring frameworks that training lacks.

    Parameters
    ----------
    run
        The run folder.

    Returns
    -------
    dict
        The content of its `scores.json`.
    """
    text = resources.files("exapt.api").joinpath("quickstart_molecules.yaml").read_text(encoding="utf-8")
    config = parse(yaml.safe_load(text), "quickstart_molecules.yaml")
    return finetune(config, run, force=force, quiet=quiet)


def quickstart(run: Path, *, force: bool = False, quiet: bool = False) -> dict[str, dict[str, Any]]:
    """Few-label cell typing on 700 blood cells with five labels a type, once the right way and once the naive one.

    Both transfer from the same sorted cells. `robust` weights have seen them at many depths and read each cell by
    itself; `naive` weights have seen them as they are, on the scale of their own study.

    Parameters
    ----------
    run
        The run folder of `robust`; that of `naive` is `<run>/naive`.

    Returns
    -------
    dict
        Name -> the content of its `scores.json`.
    """
    configs = quickstart_configs()
    if not force and is_finished(configs["robust"], run) and not (run / "naive").exists():
        scores = {"robust": read_json(run / "scores.json")}  # interrupted in the second run
    else:
        scores = {"robust": finetune(configs["robust"], run, force=force, quiet=quiet)}
    scores["naive"] = finetune(configs["naive"], run / "naive", force=force, quiet=quiet)
    return scores
