"""Prediction and embedding of long files: in order, complete, in memory that does not grow."""

import gzip
import json
import os
import subprocess
import sys
from itertools import islice

import numpy as np
import pandas as pd
import pytest

from exapt import api
from exapt.api import prediction
from exapt.core.errors import DataError, InputError

LENGTH = 100


@pytest.fixture(scope="module")
def run(files, config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    backbone = {"name": "cnn", "dim": 4, "depth": 1, "reverse_complement": False}
    training = {"epochs": 1, "batch_size": 256}
    api.finetune(config(backbone=backbone, training=training, controls="none"), folder, quiet=True)
    return folder


def write_fasta(path, n):
    rng = np.random.default_rng(0)
    letters = np.frombuffer(b"ACGT", dtype="S1")
    with path.open("w") as file:
        for start in range(0, n, 10_000):
            rows = letters[rng.integers(0, 4, (min(10_000, n - start), LENGTH))].view(f"S{LENGTH}").ravel()
            file.writelines(f">r{start + i}\n{row.decode()}\n" for i, row in enumerate(rows))
    return path


def test_thirty_thousand_sequences_in_order(run, tmp_path):
    n = 30_000
    data = write_fasta(tmp_path / "data.fa", n)
    assert api.predict(run, str(data), tmp_path / "out.tsv", quiet=True) == n
    out = pd.read_csv(tmp_path / "out.tsv", sep="\t")
    assert list(out) == ["id", "predicted", "probability", "p:with", "p:without"]
    assert out["id"].tolist() == [f"r{i}" for i in range(n)]
    np.testing.assert_allclose(out["p:with"] + out["p:without"], 1)
    rows = [0, 1, prediction.CHUNK - 1, prediction.CHUNK, n - 1]
    lines = data.read_text().splitlines()
    few = "".join(f"{lines[2 * i]}\n{lines[2 * i + 1]}\n" for i in rows)
    (tmp_path / "few.fa").write_text(few)
    api.predict(run, str(tmp_path / "few.fa"), tmp_path / "few.tsv", quiet=True)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "few.tsv", sep="\t"), out.iloc[rows].reset_index(drop=True))


@pytest.mark.parametrize("chunk", [1, 7, 40, 41])
def test_the_size_of_the_pieces_changes_nothing(chunk, run, files, tmp_path, monkeypatch):
    whole, pieces = tmp_path / "whole.tsv", tmp_path / "pieces.tsv"
    api.predict(run, str(files / "new.csv"), whole, quiet=True)
    api.embed(str(run), str(files / "new.csv"), tmp_path / "whole.npy", quiet=True)
    monkeypatch.setattr(prediction, "CHUNK", chunk)
    assert api.predict(run, str(files / "new.csv"), pieces, quiet=True) == 40
    assert api.embed(str(run), str(files / "new.csv"), tmp_path / "pieces.npy", quiet=True) == 40
    pd.testing.assert_frame_equal(pd.read_csv(pieces, sep="\t"), pd.read_csv(whole, sep="\t"), atol=1e-6)
    embedded = np.load(tmp_path / "pieces.npy")
    assert (embedded.dtype, embedded.shape) == (np.float32, (40, 4))
    np.testing.assert_allclose(embedded, np.load(tmp_path / "whole.npy"), atol=1e-6)


def test_the_name_of_the_output_decides_its_format(run, files, tmp_path):
    data = str(files / "new.csv")
    for name in ("a.tsv", "a.csv", "a.tsv.gz", "a.csv.gz"):
        api.predict(run, data, tmp_path / name, quiet=True)
        api.embed(str(run), data, tmp_path / f"e{name}", quiet=True)
    with gzip.open(tmp_path / "a.tsv.gz", "rt") as file:
        assert file.read() == (tmp_path / "a.tsv").read_text()
    first, second = pd.read_csv(tmp_path / "a.csv.gz"), pd.read_csv(tmp_path / "a.tsv", sep="\t")
    pd.testing.assert_frame_equal(first, second)
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "ea.csv"), pd.read_csv(tmp_path / "ea.tsv.gz", sep="\t"))


def test_nothing_is_left_where_row_9001_is_bad(run, tmp_path):
    data = write_fasta(tmp_path / "data.fa", 10_000)
    lines = data.read_text().splitlines()
    lines[2 * 9000 + 1] = "ACGTJ" + lines[2 * 9000 + 1][5:]
    data.write_text("\n".join(lines))
    for output in (tmp_path / "out.tsv", tmp_path / "out.npy"):
        with pytest.raises(DataError, match=r"data.fa:18001 \(r9000\).*'J'"):
            verb = api.embed if output.suffix == ".npy" else api.predict
            verb(str(run) if verb is api.embed else run, str(data), output, quiet=True)
    assert [path.name for path in tmp_path.iterdir()] == ["data.fa"]


def test_a_folder_is_no_output(run, files, tmp_path):
    with pytest.raises(InputError, match="is a folder"):
        api.predict(run, str(files / "new.csv"), tmp_path, force=True, quiet=True)
    with pytest.raises(InputError, match="is a folder"):
        api.embed(str(run), str(files / "new.csv"), tmp_path, force=True, quiet=True)


MEASURE = """
import json, resource, sys, time
from pathlib import Path
from exapt import api
run, data, output = sys.argv[1:]
start = time.perf_counter()
rows = api.predict(Path(run), data, Path(output), quiet=True)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
print(json.dumps({"rows": rows, "seconds": time.perf_counter() - start, "peak_mib": peak}))
"""


def measured(run, data, output):
    command = [sys.executable, "-c", MEASURE, run, data, output]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([*map(str, command)], capture_output=True, text=True, check=True, env=environment)
    return json.loads(done.stdout)


@pytest.mark.slow
def test_a_million_sequences_in_bounded_memory(run, tmp_path):
    few = measured(run, write_fasta(tmp_path / "few.fa", 200_000), tmp_path / "few.tsv")
    many = measured(run, write_fasta(tmp_path / "many.fa", 1_000_000), tmp_path / "many.tsv")
    assert (few["rows"], many["rows"]) == (200_000, 1_000_000)
    assert many["peak_mib"] < 1536
    assert many["peak_mib"] - few["peak_mib"] < 100
    with (tmp_path / "many.tsv").open() as file:
        assert sum(1 for _ in file) == 1_000_001
    with (tmp_path / "many.tsv").open() as file:
        assert all(line.startswith(f"r{i}\t") for i, line in enumerate(islice(file, 1, None)))


def test_the_features_of_several_inputs_stand_side_by_side(files, config, tmp_path):
    frame = pd.read_csv(files / "dna.csv")
    frame.assign(mirror=frame["sequence"].str[::-1]).to_csv(tmp_path / "two.csv", index=False)
    data = {"name": str(tmp_path / "two.csv"), "input": ["sequence", "mirror"], "target": "label"}
    api.finetune(config(data=data, controls="none"), tmp_path / "run", quiet=True)
    assert api.predict(tmp_path / "run", data["name"], tmp_path / "out.tsv", quiet=True) == 96
    api.embed(str(tmp_path / "run"), data["name"], tmp_path / "out.npy", quiet=True)
    both = np.load(tmp_path / "out.npy")
    assert both.shape == (96, 16)
    assert not np.allclose(both[:, :8], both[:, 8:])
