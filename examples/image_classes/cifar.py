"""CIFAR-10 or CIFAR-100, binary version -> .npz: `python examples/image_classes/cifar.py FOLDER OUT.npz`.

FOLDER is the unpacked official archive of the *binary* version: `cifar-10-batches-bin` (data_batch_1.bin to
data_batch_5.bin, test_batch.bin, batches.meta.txt) or `cifar-100-binary` (train.bin, test.bin, fine_label_names.txt).
A row is 3,073 bytes (label, then 1,024 red, green and blue values) or 3,074 (coarse label, fine label, then the same);
CIFAR-100 is read with its fine labels. The .npz holds `image` (n, 32, 32, 3) uint8, `label` and `split` (train, test).

`--classes apple,bee` keeps some classes only, `--per-class 100` the first so many images of each class and part.

Krizhevsky (2009), Learning multiple layers of features from tiny images.
"""

from __future__ import annotations

import argparse
import difflib
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

SIDE, COLOURS = 32, 3
PIXELS = SIDE * SIDE * COLOURS
Rows = tuple[NDArray[np.uint8], NDArray[np.uint8]]


class CifarError(Exception):
    """The files are not those of the binary version; the text says what to do."""


def read_bin(path: Path, labels: int) -> Rows:
    """Images (n, 32, 32, 3) uint8 and the last of the `labels` label bytes of each row (n,).

    Raises
    ------
    CifarError
        Where the file is missing or does not hold whole rows.
    """
    if not path.is_file():
        raise CifarError(f"{path}: no such file. Unpack the binary version of CIFAR (not the Python or Matlab one).")
    content = np.fromfile(path, dtype=np.uint8)
    size = labels + PIXELS
    if not len(content) or len(content) % size:
        raise CifarError(f"{path}: {len(content):,} bytes are not whole rows of {size:,}. Download it again.")
    rows = content.reshape(-1, size)
    images = rows[:, labels:].reshape(-1, COLOURS, SIDE, SIDE).transpose(0, 2, 3, 1)
    return np.ascontiguousarray(images), rows[:, labels - 1]


def read_names(path: Path) -> list[str]:
    """Class names, one a line.

    Raises
    ------
    CifarError
        Where the file is missing.
    """
    if not path.is_file():
        raise CifarError(f"{path}: no such file; it holds the class names and comes in the same archive.")
    return path.read_text(encoding="utf-8").split()


def read_folder(folder: Path) -> tuple[NDArray[np.uint8], NDArray[np.str_], NDArray[np.str_]]:
    """Images, class names and parts (train, test) of all rows of either data set.

    Raises
    ------
    CifarError
        Where the folder is neither, or a label has no name.
    """
    if (folder / "data_batch_1.bin").is_file():
        labels, names = 1, read_names(folder / "batches.meta.txt")
        parts = {"train": [f"data_batch_{i}.bin" for i in range(1, 6)], "test": ["test_batch.bin"]}
    elif (folder / "train.bin").is_file():
        labels, names = 2, read_names(folder / "fine_label_names.txt")
        parts = {"train": ["train.bin"], "test": ["test.bin"]}
    else:
        raise CifarError(f"{folder}: neither data_batch_1.bin (CIFAR-10) nor train.bin (CIFAR-100) is there.")
    images, codes, split = [], [], []
    for part, files in parts.items():
        for file in files:
            image, code = read_bin(folder / file, labels)
            if code.max() >= len(names):
                raise CifarError(f"{folder / file}: label {code.max()} in a data set of {len(names)} classes.")
            images.append(image)
            codes.append(code)
            split += [part] * len(code)
    return np.concatenate(images), np.array(names)[np.concatenate(codes)], np.array(split)


def choose(
    label: NDArray[np.str_], split: NDArray[np.str_], classes: Sequence[str], per_class: int | None
) -> NDArray[np.int64]:
    """Rows of some classes (none named: all), and of these the first `per_class` of each class and part.

    Raises
    ------
    CifarError
        Where a class does not exist; the nearest is offered.
    """
    known = sorted(set(label.tolist()))
    for name in classes:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1)
            hint = f"Did you mean {near[0]!r}? " if near else ""
            raise CifarError(f"No class {name!r}. {hint}Known: {', '.join(known)}.")
    keep = np.isin(label, list(classes)) if classes else np.ones(len(label), dtype=bool)
    if per_class is not None:
        for part in ("train", "test"):
            for name in known:
                rows = np.flatnonzero((split == part) & (label == name))
                keep[rows[per_class:]] = False
    return np.flatnonzero(keep)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read, choose, write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--classes", default="", help="names joined by commas")
    parser.add_argument("--per-class", type=int, help="images of each class and part")
    given = parser.parse_args(arguments)
    try:
        images, label, split = read_folder(given.folder)
        rows = choose(label, split, [name for name in given.classes.split(",") if name], given.per_class)
    except CifarError as error:
        sys.exit(f"error: {error}")
    given.output.parent.mkdir(parents=True, exist_ok=True)
    np.savez(given.output, image=images[rows], label=label[rows], split=split[rows])
    print(f"{given.output}: {len(rows):,} images of {len(set(label[rows].tolist()))} classes")


if __name__ == "__main__":
    main()
