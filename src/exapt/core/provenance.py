"""Where a result came from: code, data, seeds, versions, command."""

from __future__ import annotations

import hashlib
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import exapt

LIBRARIES = ("torch", "accelerate", "transformers", "peft", "numpy", "pandas", "scikit-learn", "scipy", "anndata")


def sha256(path: Path) -> str:
    """SHA-256 of a file, hexadecimal, read in pieces of 1 MiB."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(1 << 20):
            digest.update(piece)
    return digest.hexdigest()


def code_version() -> str:
    """Version of exapt, with the commit where it runs from a checkout."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        commit = subprocess.run(command, capture_output=True, text=True, check=True, timeout=5).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return exapt.__version__
    return f"{exapt.__version__}+{commit}"


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that decide numbers."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def provenance(data: Mapping[str, str], seeds: Sequence[int]) -> dict[str, Any]:
    """What stands in `provenance.json`.

    Parameters
    ----------
    data
        File name -> SHA-256 of everything that was read.
    seeds
        The seeds of the runs.
    """
    return {
        "exapt": code_version(),
        "command": ["exapt", *sys.argv[1:]],
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        "data": dict(data),
        "seeds": list(seeds),
        "versions": versions(),
        "platform": platform.platform(),
    }
