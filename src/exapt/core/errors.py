"""Every error that exapt raises on purpose.

A message says what is wrong, where (file:line or row id), what was found, what is allowed and what to do.

    ExaptError                     exit code 1
    ├── InputError                 exit code 2: the user can mend it
    │   ├── ConfigError            a YAML, a flag, an option, an unknown name
    │   ├── DataError              a file or its rows
    │   ├── WeightsError           a checkpoint does not fit, is cut short, or is not there
    │   └── RunExistsError         the output is there already and --force was not given
    ├── TrainingError              the loss is not finite, the checkpoint cannot be continued
    └── StorageError               no space left, no permission
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class ExaptError(Exception):
    """Base of all errors of exapt; its text is one or two lines meant for the user."""

    exit_code = 1


class InputError(ExaptError):
    """The user gave something that cannot be used and can mend it."""

    exit_code = 2


class ConfigError(InputError):
    """A configuration cannot be used. Collects all problems before anything is loaded."""


class DataError(InputError):
    """A file or its rows cannot be used."""


class WeightsError(InputError):
    """Weights are missing, cut short, or belong to another architecture."""


class RunExistsError(InputError):
    """The output exists already; nothing was changed."""


class TrainingError(ExaptError):
    """Training stopped; the last good checkpoint is kept."""


class StorageError(ExaptError):
    """The disk is full or cannot be written; nothing half-written was left."""


def nearest(name: str, known: Iterable[str], *, show: int = 12) -> str:
    """Say which known names are nearest to an unknown one, then list them.

    Examples
    --------
    >>> nearest("frozn", ["frozen", "full"])
    "Did you mean 'frozen'? Known: frozen, full."
    >>> nearest("x", [])
    'None is known.'
    """
    names = sorted(set(known))
    if not names:
        return "None is known."
    close = difflib.get_close_matches(name, names, n=3)
    if not close:
        close = [other for other in names if other.lower() == name.lower()]
    hint = f"Did you mean {', '.join(map(repr, close))}? " if close else ""
    rest = f" and {len(names) - show} more" if len(names) > show else ""
    return f"{hint}Known: {', '.join(names[:show])}{rest}."
