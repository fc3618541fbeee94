"""How to fine-tune the molecule weights: recipes compared inside the training parts of five benchmarks.

`python benchmarks/science/molecule_recipe.py [RECIPE ...]` prints ROC-AUC of the last epoch, 3 folds over scaffolds
inside the training part of each set (no test part is read), one seed, and the gain over scratch with the same budget.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from exapt import api
from exapt.core.config import DataConfig, parse
from exapt.core.registry import SPLITS
from exapt.data.loading import load

NEUTRAL = ["readable_smiles", "largest_fragment", "neutralise", "no_stereo", "canonical_smiles"]
SETS: dict[str, dict[str, Any]] = {
    "bbbp": {"epochs": 16},
    "sider": {"epochs": 10},
    "clintox": {"epochs": 16, "data": {"clean": NEUTRAL}},
    "bace": {"epochs": 20},
}
GRADED = ["lp_ft", {"name": "discriminative_lr", "decay": 0.7}, "frozen_norm"]
RECIPES: dict[str, dict[str, Any]] = {
    "graded, 0.001": {"strategy": GRADED, "lr": 1e-3},
    "graded, 0.0003": {"strategy": GRADED, "lr": 3e-4},
    "full, 0.0003": {"strategy": ["full", "frozen_norm"], "lr": 3e-4},
    "graded, hidden layer, 0.0003": {"strategy": GRADED, "lr": 3e-4, "hidden": 256},
    "frozen, hidden layer, 0.001": {"strategy": "frozen", "lr": 1e-3, "hidden": 256},
}


def training_part(data: DataConfig, folder: Path) -> tuple[Path, list[str]]:
    """The training rows of a card's own split as CSV with a column `smiles`, and their target columns."""
    loaded = load(data)
    assert loaded.split is not None
    (fold,) = SPLITS.build(loaded.split.name, **loaded.split.options)(loaded.table)
    table = loaded.table.take(fold.train)
    path = folder / f"{data.name}.csv"
    table.frame.rename(columns={table.names("input")[0]: "smiles"}).to_csv(path, index=False)
    return path, table.names("target")


def score(path: Path, targets: list[str], recipe: dict[str, Any], epochs: int) -> tuple[float, float]:
    """ROC-AUC % of the transfer, and its gain over scratch."""
    hidden = {"hidden": recipe["hidden"]} if "hidden" in recipe else {}
    config = {
        "data": {"name": str(path), "input": "smiles", "target": targets, "modality": {"smiles": "molecule"}},
        "task": {"name": "sequence_property", "primary": "auroc", "dropout": 0.1, **hidden},
        "split": {"name": "scaffold", "folds": 3, "valid": 0.0},
        "backbone": {"name": "gnn", "weights": "gnn.zinc_chembl"},
        "strategy": recipe["strategy"],
        "training": {"epochs": epochs, "batch_size": 64, "lr": recipe["lr"], "keep": "last", "precision": "bf16"},
        "controls": ["scratch"],
        "baselines": [],
        "seeds": 1,
    }
    scores = api.finetune(parse(config, "recipe"), path.with_suffix(""), force=True, quiet=True)
    transfer, scratch = (100 * scores["arms"][arm]["auroc"]["value"] for arm in ("transfer", "scratch"))
    return transfer, transfer - scratch


def main(names: list[str]) -> None:
    """Print the table, a row as soon as it is known."""
    print("| recipe | " + " | ".join(SETS) + " |", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        for name in names or RECIPES:
            cells = []
            for data, values in SETS.items():
                path, targets = training_part(DataConfig(name=data, **values.get("data", {})), Path(folder))
                found, gain = score(path, targets, RECIPES[name], values["epochs"])
                cells.append(f"{found:.1f} ({gain:+.1f})")
            print(f"| {name} | " + " | ".join(cells) + " |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
