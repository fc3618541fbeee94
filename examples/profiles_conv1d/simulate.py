"""Write the simulated matrices: `python examples/profiles_conv1d/simulate.py FOLDER`.

10,000 x 1,000 numbers for pre-training and 1,000 x 1,000 for the target, both standard normal, with labels drawn
independently of them. Nothing can be transferred, so a fair comparison must find no evidence that it helped.
"""

import sys
from pathlib import Path

import numpy as np


def main(folder: Path) -> None:
    """Write source.npz and target.npz: `x` (n, 1000) float32 and `label` (n,)."""
    rng = np.random.default_rng(0)
    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in (("source", 10_000), ("target", 1_000)):
        values = rng.standard_normal((rows, 1_000), dtype=np.float32)
        np.savez(folder / f"{name}.npz", x=values, label=rng.integers(0, 2, rows))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
