"""Tiny files that the public verbs read, weights to start from, and the command line in this process."""

import sys

import anndata
import numpy as np
import pandas as pd
import pytest

from exapt import api
from exapt.core.config import parse

CNN = {"name": "cnn", "dim": 8, "depth": 1}


def sequences(n, motif="TATAAT", seed=0, length=32):
    """Random DNA in families of four; every second sequence holds the motif."""
    rng = np.random.default_rng(seed)
    letters = rng.choice(list("ACGT"), (n, length))
    for i in range(1, n, 2):
        start = rng.integers(0, length - len(motif))
        letters[i, start : start + len(motif)] = list(motif)
    has = np.arange(n) % 2
    return pd.DataFrame(
        {
            "id": [f"s{i}" for i in range(n)],
            "sequence": ["".join(row) for row in letters],
            "label": np.where(has, "with", "without"),
            "family": [f"f{i // 4}" for i in range(n)],
            "strength": has + rng.normal(0, 0.2, n),
        }
    )


def cells(n, seed=0, genes=60):
    """Counts of three cell types from five donors."""
    rates = np.random.default_rng(99).gamma(1, 2, size=(3, genes))
    kind = np.arange(n) % 3
    counts = np.random.default_rng(seed).poisson(rates[kind]).astype(np.float32)
    obs = pd.DataFrame(
        {"type": np.array(["B", "NK", "T"])[kind], "donor": [f"d{i % 5}" for i in range(n)]},
        index=[f"c{i}" for i in range(n)],
    )
    data = anndata.AnnData(counts, obs=obs)
    data.var_names = [f"G{i}" for i in range(genes)]
    return data


@pytest.fixture(scope="session")
def files(tmp_path_factory):
    """A folder: dna.csv (labelled), new.csv (labelled, unseen), source.csv (another motif), corpus.fa, cells.h5ad."""
    folder = tmp_path_factory.mktemp("files")
    sequences(96).to_csv(folder / "dna.csv", index=False)
    sequences(40, seed=1).to_csv(folder / "new.csv", index=False)
    sequences(64, "TATAAA", seed=2).to_csv(folder / "source.csv", index=False)
    corpus = sequences(80, seed=3)
    (folder / "corpus.fa").write_text("".join(f">c{i}\n{s}\n" for i, s in enumerate(corpus["sequence"])))
    cells(120).write_h5ad(folder / "cells.h5ad")
    return folder


@pytest.fixture(scope="session")
def weights(files):
    """A folder of weights, pre-trained on corpus.fa for two epochs."""
    folder = files / "cnn.tiny"
    values = {"data": str(files / "corpus.fa"), "task": "masked_tokens", "backbone": CNN, "training": {"epochs": 2}}
    api.pretrain(parse(values, "test"), folder, quiet=True)
    return folder


@pytest.fixture(scope="session")
def config(files):
    """Build a configuration about dna.csv; what is given replaces or adds."""

    def build(**values):
        base = {
            "data": {"name": str(files / "dna.csv"), "target": "label"},
            "task": "sequence_property",
            "backbone": CNN,
            "training": {"epochs": 2, "batch_size": 32},
            "baselines": ["majority"],
            "seeds": 1,
        }
        return parse({**base, **values}, "test")

    return build


@pytest.fixture
def call(monkeypatch, capsys):
    """Run the command line in this process; returns (exit code, stdout, stderr)."""
    from exapt.app.cli.main import main

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["exapt", *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run
