"""The verbs; the only room that sees every other.

Each verb is a function of a configuration or of names and paths; the command line parses, calls one and prints.
Verbs are imported when they are first used, so that `import exapt.api` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOMES = {
    "audit": "inspect",
    "compare": "compare",
    "data_get": "inspect",
    "data_show": "inspect",
    "embed": "predict",
    "evaluate": "predict",
    "finetune": "finetune",
    "list_pieces": "inspect",
    "predict": "predict",
    "pretrain": "pretrain",
    "quickstart": "quickstart",
    "quickstart_config": "quickstart",
    "report": "report",
    "scores_sentence": "report",
    "scores_table": "report",
    "split": "inspect",
}

__all__ = list(_HOMES)


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"exapt.api has no verb {name!r}; it has {', '.join(__all__)}")
    return getattr(importlib.import_module(f"exapt.api.{_HOMES[name]}"), name)
