"""examples/image_classes/cifar.py reads the binary version of CIFAR, here on made-up bytes."""

import runpy
from pathlib import Path

import numpy as np
import pytest

from exapt.core.config import DataConfig
from exapt.data.loading import load

SCRIPT = Path(__file__).parents[2] / "examples/image_classes/cifar.py"


@pytest.fixture
def cifar():
    """What the script defines."""
    return runpy.run_path(str(SCRIPT))


def write_rows(path, labels, seed):
    """Rows of the binary version: label bytes, then 1,024 red, green and blue values."""
    pixels = np.random.default_rng(seed).integers(0, 256, (len(labels), 3072), dtype=np.uint8)
    np.hstack([np.array(labels, dtype=np.uint8).reshape(len(labels), -1), pixels]).tofile(path)
    return pixels


@pytest.fixture
def cifar10(tmp_path):
    for number in range(1, 6):
        write_rows(tmp_path / f"data_batch_{number}.bin", [0, 1, 2, 1], number)
    write_rows(tmp_path / "test_batch.bin", [2, 0], 6)
    (tmp_path / "batches.meta.txt").write_text("airplane\nbird\ncat\n\n")
    return tmp_path


def test_cifar10_becomes_images_labels_and_parts(cifar, cifar10, tmp_path, capsys):
    cifar["main"]([str(cifar10), str(tmp_path / "out.npz")])
    assert "22 images of 3 classes" in capsys.readouterr().out
    made = np.load(tmp_path / "out.npz", allow_pickle=False)
    assert made["image"].shape == (22, 32, 32, 3)
    assert made["image"].dtype == np.uint8
    assert made["label"].tolist()[:4] == ["airplane", "bird", "cat", "bird"]
    assert made["split"].tolist() == ["train"] * 20 + ["test"] * 2
    pixels = np.fromfile(cifar10 / "data_batch_1.bin", dtype=np.uint8).reshape(4, 3073)[1]
    assert made["image"][1, 0, 5].tolist() == [pixels[1 + 5], pixels[1 + 1024 + 5], pixels[1 + 2048 + 5]]
    assert made["image"][1, 2, 0, 0] == pixels[1 + 64]


def test_cifar100_is_read_with_its_fine_labels(cifar, tmp_path):
    write_rows(tmp_path / "train.bin", [[7, 0], [7, 1], [3, 1], [3, 1]], 0)
    write_rows(tmp_path / "test.bin", [[7, 0], [3, 1]], 1)
    (tmp_path / "fine_label_names.txt").write_text("apple\nbee\n")
    cifar["main"]([str(tmp_path), str(tmp_path / "new" / "out.npz"), "--per-class", "1", "--classes", "bee"])
    made = np.load(tmp_path / "new" / "out.npz", allow_pickle=False)
    assert made["label"].tolist() == ["bee", "bee"]
    assert made["split"].tolist() == ["train", "test"]


def test_exapt_reads_what_cifar_writes(cifar, cifar10, tmp_path):
    cifar["main"]([str(cifar10), str(tmp_path / "out.npz")])
    loaded = load(DataConfig(name=str(tmp_path / "out.npz")))
    assert loaded.split.name == "predefined"
    assert loaded.table.columns["image"].modality == "image"
    assert loaded.table.columns["label"].role == "target"


def break_it(folder, how):
    batch = folder / "data_batch_2.bin"
    if how == "cut":
        batch.write_bytes(batch.read_bytes()[:-1])
    elif how == "missing":
        batch.unlink()
    elif how == "unnamed":
        write_rows(batch, [0, 3], 0)
    elif how == "no names":
        (folder / "batches.meta.txt").unlink()
    elif how == "elsewhere":
        (folder / "data_batch_1.bin").unlink()


@pytest.mark.parametrize(
    ("how", "options", "message"),
    [
        ("cut", [], r"data_batch_2.bin: 12,291 bytes are not whole rows of 3,073"),
        ("missing", [], r"data_batch_2.bin: no such file. Unpack the binary version"),
        ("unnamed", [], r"label 3 in a data set of 3 classes"),
        ("no names", [], r"batches.meta.txt: no such file"),
        ("elsewhere", [], r"neither data_batch_1.bin \(CIFAR-10\) nor train.bin \(CIFAR-100\)"),
        ("", ["--classes", "brid"], r"No class 'brid'. Did you mean 'bird'\?"),
    ],
)
def test_cifar_says_what_is_wrong(cifar, cifar10, tmp_path, how, options, message):
    break_it(cifar10, how)
    with pytest.raises(SystemExit, match=message):
        cifar["main"]([str(cifar10), str(tmp_path / "out.npz"), *options])
    assert not (tmp_path / "out.npz").exists()
