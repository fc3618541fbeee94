"""Bad input: one or two lines that say what to do, exit code 2 (1 for the disk), no traceback, nothing half-written."""

import errno
import gzip
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

FAST = ["--set", "training.epochs=1", "--set", "backbone={name: cnn, dim: 8, depth: 1}", "--seeds", "1", "--quiet"]


@pytest.fixture
def table(tmp_path):
    """A good table of 60 short DNA sequences in two classes."""
    rng = np.random.default_rng(0)
    letters = ["".join(rng.choice(list("ACGT"), 30)) for _ in range(60)]
    frame = pd.DataFrame({"id": [f"s{i}" for i in range(60)], "sequence": letters, "label": ["a", "b"] * 30})
    path = tmp_path / "good.csv"
    frame.to_csv(path, index=False)
    return path


def change(table, **columns):
    frame = pd.read_csv(table).assign(**columns)
    path = table.with_name("bad.csv")
    frame.to_csv(path, index=False)
    return path


def finetune(call, data, out, *more):
    return call("finetune", data, "--target", "label", "-o", out, *FAST, *more)


def assert_plain(code, text, out, *, exit_code=2):
    assert code == exit_code, text
    assert text.startswith("error: ")
    assert "Traceback" not in text
    assert len(text.strip().splitlines()) <= 3
    assert not out.exists()


def test_missing_file(call, tmp_path):
    code, text = finetune(call, tmp_path / "nothing.csv", tmp_path / "run")
    assert_plain(code, text, tmp_path / "run")
    assert "nothing.csv" in text


def test_gzip_cut_in_the_middle(call, tmp_path):
    records = "".join(f">s{i} label={'ab'[i % 2]}\n{'ACGT' * 200}\n" for i in range(500))
    whole = gzip.compress(records.encode())
    path = tmp_path / "cut.fa.gz"
    path.write_bytes(whole[: len(whole) // 2])
    code, text = finetune(call, path, tmp_path / "run")
    assert_plain(code, text, tmp_path / "run")
    assert "cut.fa.gz" in text


def test_wrong_column_offers_the_nearest(call, table, tmp_path):
    code, text = call("finetune", table, "--target", "lable", "-o", tmp_path / "run", *FAST)
    assert_plain(code, text, tmp_path / "run")
    assert "Did you mean 'label'" in text


def test_unknown_letter(call, table, tmp_path):
    frame = pd.read_csv(table)
    frame.loc[3, "sequence"] = "ACGTJ" + "A" * 25
    path = change(table, sequence=frame["sequence"])
    code, text = finetune(call, path, tmp_path / "run", "--set", "data.modality={sequence: dna}")
    assert_plain(code, text, tmp_path / "run")
    assert "'J'" in text
    assert "bad.csv" in text


def test_label_only_in_the_test_part(call, table, tmp_path):
    part = ["train"] * 40 + ["valid"] * 10 + ["test"] * 10
    path = change(table, split=part, label=["a", "b"] * 29 + ["c", "c"])
    code, text = finetune(call, path, tmp_path / "run", "--set", "split={name: predefined, column: split}")
    assert_plain(code, text, tmp_path / "run")
    assert "'c'" in text


def test_one_class_only(call, table, tmp_path):
    code, text = finetune(call, change(table, label="a"), tmp_path / "run")
    assert_plain(code, text, tmp_path / "run")
    assert "'a'" in text


def test_fewer_rows_than_classes(call, table, tmp_path):
    code, text = finetune(call, change(table, label=[f"c{i}" for i in range(60)]), tmp_path / "run")
    assert_plain(code, text, tmp_path / "run")


def test_nan_targets(call, table, tmp_path):
    values = np.linspace(0, 1, 60)
    values[7] = np.nan
    code, text = finetune(call, change(table, label=values), tmp_path / "run")
    assert_plain(code, text, tmp_path / "run")
    assert "label" in text


def test_existing_run_is_left_alone(call, table, tmp_path):
    run = tmp_path / "run"
    run.mkdir()
    (run / "precious.txt").write_text("mine")
    code, text = finetune(call, table, run)
    assert code == 2
    assert "--force" in text
    assert [path.name for path in run.iterdir()] == ["precious.txt"]


def test_unknown_names_all_at_once(call, table, tmp_path):
    code, text = finetune(call, table, tmp_path / "run", "--strategy", "frozn", "--task", "sequence_propertie")
    assert code == 2
    assert "Did you mean 'frozen'" in text
    assert "Did you mean 'sequence_property'" in text


def weights(folder):
    """Weights of a small cnn that reads DNA."""
    from exapt.core.contracts import Inputs
    from exapt.core.registry import BACKBONES, ENCODERS
    from exapt.models import hub

    options = {"dim": 8, "depth": 1}
    encoder = ENCODERS.build("letters", modality="dna")
    backbone = BACKBONES.build("cnn", inputs=Inputs("letters", encoder.inputs().size), **options)
    state = {"name": "letters", "state": encoder.state()}
    hub.save(folder, backbone, arch="cnn", options=options, encoder=state, card={"title": "toy"})
    return folder


def test_weights_of_another_architecture(call, table, tmp_path):
    saved = weights(tmp_path / "cnn.toy")
    settings = ["--set", f"backbone={{name: rnn, weights: '{saved}'}}"]
    code, text = finetune(call, table, tmp_path / "run", *settings)
    assert_plain(code, text, tmp_path / "run")
    assert "cnn" in text
    assert "rnn" in text


def proteins(table):
    rng = np.random.default_rng(1)
    return change(table, sequence=["".join(rng.choice(list("DEFHIKLMPQRSVWY"), 30)) for _ in range(60)])


def test_weights_of_another_modality(call, table, tmp_path):
    """The ids of a protein's letters would be read as nucleotides, without any error of shape."""
    saved = weights(tmp_path / "cnn.toy")
    settings = ["--set", f"backbone={{name: cnn, weights: '{saved}'}}"]
    code, text = finetune(call, proteins(table), tmp_path / "run", *settings)
    assert_plain(code, text, tmp_path / "run")
    assert "'sequence' is protein" in text
    assert "reads dna" in text


def test_embedding_another_modality(call, table, tmp_path):
    out = tmp_path / "vectors.tsv"
    code, text = call("embed", weights(tmp_path / "cnn.toy"), proteins(table), "-o", out, "--quiet")
    assert_plain(code, text, out)
    assert "dna" in text.lower()


def test_weights_of_letters_applied_to_expression(call, tmp_path):
    saved, cells = weights(tmp_path / "cnn.toy"), tmp_path / "cells.csv"
    counts = np.random.default_rng(0).poisson(3, (60, 5))
    frame = pd.DataFrame(counts, columns=[f"g{i}" for i in range(5)]).assign(label=["a", "b"] * 30)
    frame.to_csv(cells, index=False)
    settings = ["--set", f"backbone={{name: cnn, weights: '{saved}'}}", "--set", "data.options={matrix: counts}"]
    code, text = finetune(call, cells, tmp_path / "run", *settings)
    assert_plain(code, text, tmp_path / "run")
    assert "'counts' is expression" in text


def test_truncated_safetensors(call, table, tmp_path):
    saved = weights(tmp_path / "cnn.toy")
    tensors = saved / "model.safetensors"
    tensors.write_bytes(tensors.read_bytes()[:-100])
    settings = ["--set", f"backbone={{name: cnn, weights: '{saved}', dim: 8, depth: 1}}"]
    code, text = finetune(call, table, tmp_path / "run", *settings)
    assert_plain(code, text, tmp_path / "run")
    assert "model.safetensors" in text


def test_no_space_left(call, table, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    code, text = finetune(call, table, tmp_path / "run")
    assert_plain(code, text, tmp_path / "run", exit_code=1)
    assert "no space left" in text


@pytest.mark.skipif(shutil.which("mount") is None or os.geteuid() != 0, reason="needs root to mount a tiny disk")
def test_a_disk_that_is_really_full(call, table, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", small], capture_output=True).returncode:
        pytest.skip("mount is not allowed here")
    try:
        code, text = finetune(call, table, small / "run")
        assert code == 1, text
        assert "no space left" in text
        assert not (small / "run").exists()
    finally:
        subprocess.run(["umount", small], check=True)


def test_help_is_fast_and_loads_no_torch():
    command = [sys.executable, "-X", "importtime", "-m", "exapt.app.cli", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "quickstart" in done.stdout
    loaded = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not loaded & {"torch", "pandas", "numpy", "sklearn", "anndata"}
