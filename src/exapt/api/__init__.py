"""The verbs; the only room that sees every other.

Each verb is a function of a configuration or of names and paths; the command line parses, calls one and prints.
Verbs are imported when they are first used, so that `import exapt.api` costs nothing; the files behind them are named
otherwise, because a submodule would hide the verb of its name.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "RunScorer": "_screen_request",
    "ScreenConfig": "_screen_request",
    "audit": "inspection",
    "compare": "curves",
    "compare_genomes": "genomes",
    "convert": "conversion",
    "curve_table": "curves",
    "data_get": "inspection",
    "data_show": "inspection",
    "embed": "prediction",
    "evaluate": "evaluation",
    "explain": "explanation",
    "find_gene_structures": "gene_structures",
    "find_genes": "genes",
    "finetune": "finetuning",
    "list_pieces": "inspection",
    "predict": "prediction",
    "pretrain": "pretraining",
    "quickstart": "demonstration",
    "quickstart_configs": "demonstration",
    "quickstart_molecules": "demonstration",
    "report": "reporting",
    "scores_sentence": "reporting",
    "scores_table": "reporting",
    "screen": "screening",
    "split": "inspection",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"exapt.api has no verb {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"exapt.api.{_HOMES[name]}"), name)
