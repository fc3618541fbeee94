"""A query whose genes do not match those of training: silent, warned about, or refused."""

import json

import anndata
import numpy as np
import pandas as pd
import pytest

from exapt import api


@pytest.fixture(scope="module")
def run(files, config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    data = {"name": str(files / "cells.h5ad"), "target": "type", "group": "donor"}
    backbone = {"name": "mlp", "widths": [16]}
    wanted = config(
        data=data, task="expression", backbone=backbone, controls="none", training={"epochs": 30, "batch_size": 16}
    )
    api.finetune(wanted, folder, quiet=True)
    return folder


@pytest.fixture
def query(files, tmp_path):
    def write(share=1.0, rename=str, order=1):
        data = anndata.read_h5ad(files / "cells.h5ad")
        data = data[:, : round(share * data.n_vars)].copy()
        data = data[:, ::order].copy()
        data.var_names = [rename(name) for name in data.var_names]
        data.write_h5ad(tmp_path / "query.h5ad")
        return tmp_path / "query.h5ad"

    return write


def predicted(call, run, data, tmp_path):
    output = tmp_path / "out.tsv"
    code, _, err = call("predict", run, data, "-o", output, "--quiet")
    return code, err, pd.read_csv(output, sep="\t") if output.exists() else None


def test_ninety_percent_are_silent_and_half_are_warned_about(call, run, query, tmp_path, caplog):
    code, err, table = predicted(call, run, query(0.9), tmp_path)
    assert (code, err, len(table)) == (0, "", 120)
    assert caplog.text == ""
    (tmp_path / "out.tsv").unlink()
    code, err, table = predicted(call, run, query(0.5), tmp_path)
    assert (code, len(table)) == (0, 120)
    assert "Only 50.0 % of the 60 genes" in caplog.text


def test_no_shared_gene_stops_with_exit_code_2(call, run, query, tmp_path):
    for verb in ("predict", "embed"):
        code, _, err = call(verb, run, query(rename=lambda name: f"X{name}"), "-o", tmp_path / "out.tsv", "--quiet")
        assert code == 2
        assert err.startswith("error: None of the 60 genes that were learned (G0, ")
        assert "(XG0, " in err
        assert len(err.splitlines()) <= 2
    code, _, err = call("evaluate", run, query(rename=lambda name: f"X{name}"))
    assert (code, "None of the 60 genes" in err) == (2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["query.h5ad"]


def test_genes_are_found_by_name_whatever_their_order_and_version(call, run, query, tmp_path):
    _, _, straight = predicted(call, run, query(), tmp_path)
    (tmp_path / "out.tsv").unlink()
    _, _, turned = predicted(call, run, query(order=-1), tmp_path)
    pd.testing.assert_frame_equal(straight, turned, atol=1e-6)


def test_the_genes_of_the_run_are_those_of_training(run):
    encoder = json.loads((run / "encoder.json").read_text())["expression"]
    assert {*encoder["state"]["genes"]} == {f"G{i}" for i in range(60)}


def test_the_run_is_right_about_the_cells_it_knows(call, run, query):
    code, out, _ = call("evaluate", run, query(), "--json")
    assert code == 0
    scored = json.loads(out)
    assert scored["n"] == 120
    assert scored["metrics"]["accuracy"]["value"] > 0.9
    assert all(np.isfinite(list(metric.values())).all() for metric in scored["metrics"].values())
