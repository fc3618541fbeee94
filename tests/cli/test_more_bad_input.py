"""More bad input, case by case: exit code 2, one or two lines that name the trouble, nothing left behind."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from exapt.app.cli.main import main

SMALL = {"training.epochs": "1", "backbone": "{name: cnn, dim: 8, depth: 1}"}


def run_cli(capsys, *arguments):
    """Exit code, stdout and stderr of a command in this process."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as caught:
        patch.setattr(sys, "argv", ["exapt", *map(str, arguments)])
        main()
    captured = capsys.readouterr()
    return int(caught.value.code or 0), captured.out, captured.err


def frame(n=60, **columns):
    rng = np.random.default_rng(0)
    letters = ["".join(rng.choice(list("ACGT"), 30)) for _ in range(n)]
    table = pd.DataFrame({"id": [f"s{i}" for i in range(n)], "sequence": letters, "label": (["a", "b"] * n)[:n]})
    return table.assign(**columns)


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    path = tmp_path_factory.mktemp("good") / "good.csv"
    frame().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def trained(good, tmp_path_factory):
    """A run folder that tests copy and damage."""
    from exapt import api
    from exapt.core.config import parse

    run = tmp_path_factory.mktemp("trained") / "run"
    values = {"data": {"name": str(good), "target": "label"}, "task": "sequence_property", "seeds": 1}
    values |= {"backbone": {"name": "cnn", "dim": 8, "depth": 1}, "training": {"epochs": 1}, "controls": "none"}
    api.finetune(parse(values, "test"), run, quiet=True)
    return run


def finetune(capsys, data, out, *more, target="label", **settings):
    pairs = {**SMALL, **{key.replace("__", "."): value for key, value in settings.items()}}
    flags = [part for key, value in pairs.items() for part in ("--set", f"{key}={value}")]
    arguments = ["--target", target, "--seeds", "1", "--quiet", "-o", out, *flags, *more]
    return run_cli(capsys, "finetune", data, *arguments)


def assert_refused(result, *words, exit_code=2, lines=2):
    code, out, text = result
    assert code == exit_code, text
    assert text.startswith("error: ")
    assert "Traceback" not in text
    assert out == ""
    assert len(text.strip().splitlines()) <= lines, text
    for word in words:
        assert word in text


def assert_clean(folder):
    assert not [path.name for path in folder.iterdir() if "run" in path.name]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("- a\n- b\n", ["holds list"]),
        ("", ["holds NoneType"]),
        ("data:\n\t- x", ["not a YAML file"]),
        ("data: 5\n", ["data: write a card or a file", "found 5"]),
        ("task: [1, 2]\n", ["task: write a name, or a name with options", "found [1, 2]"]),
        ("strategy: 7\n", ["strategy: write a name"]),
        ("strategy: {weight: 7}\n", ["key 'strategy.0.name' is missing"]),
        ("seeds: []\n", ["seeds: write how many, at least 1", "found []"]),
        ("seeds: 0\n", ["seeds: write how many", "found 0"]),
        ("seeds: [-1]\n", ["seeds.0: ", "greater than or equal to 0"]),
        ("seeds: [1, 1]\n", ["different seeds"]),
        ("seeds: [true]\n", ["seeds.0: ", "found True"]),
        ("train_size: many\n", ["train_size: write a fraction in (0, 1]", "found 'many'"]),
        ("train_size: 1.5\n", ["train_size: write a fraction", "found 1.5"]),
        ("training: {epochs: many}\n", ["training.epochs", "found 'many'"]),
        ("training: {batch_size: 0}\n", ["training.batch_size"]),
        ("data: {name: x, clean: 5}\n", ["data.clean: write a name"]),
    ],
)
def test_a_yaml_with_a_wrong_value(capsys, tmp_path, text, words):
    base = {"data": "data: x.csv\n", "task": "task: sequence_property\n", "backbone": "backbone: cnn\n"}
    whole = "".join(line for key, line in base.items() if not text.startswith(key)) + text
    path = tmp_path / "config.yaml"
    path.write_text(text if text in ("", "- a\n- b\n") else whole)
    assert_refused(run_cli(capsys, "finetune", path, "-o", tmp_path / "run"), "config.yaml", *words)
    assert_clean(tmp_path)


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"backbone": "{name: cnn, dim: big}"}, ["dim", "'big'"]),
        ({"backbone": "{name: rnn, dim: 2.5}"}, ["dim", "2.5"]),
        ({"split": "{name: random, valid: x}"}, ["split 'random'", "valid='x'"]),
        ({"split": "{name: random, test: 0.7, valid: 0.5}"}, ["must leave a training part"]),
        ({"split": "{name: random, test: 0.0}"}, ["no test rows"]),
        ({"split": "{name: group, column: donr}"}, ["'donr'"]),
        ({"encoder": "{name: letters, max_length: x}"}, ["encoder 'letters'", "max_length='x'"]),
        ({"encoder": "expression"}, ["column 'sequence' is dna"]),
        ({"task": "{name: sequence_property, hidden: many}"}, ["hidden", "'many'"]),
        ({"task": "{name: sequence_property, dropout: 7}"}, ["dropout", "7"]),
        ({"task": "{name: sequence_property, primary: rmse}"}, ["'rmse' does not fit"]),
        ({"task": "masked_tokens"}, ["exapt pretrain"]),
        ({"strategy": "{name: partial, top: x}"}, ["top is 'x'"]),
        ({"strategy": "[]"}, ["strategy is empty"]),
        ({"strategy": "joint"}, ["source"]),
        ({"baselines": "[{name: random_forest, trees: x}]"}, ["baseline 'random_forest'", "trees='x'"]),
        ({"data__clean": "[{name: keep}]"}, ["'keep' needs the option 'column', 'values'"]),
        ({"data__augment": "[pseudocells]"}, ["'pseudocells' needs an expression input"]),
        ({"data__input": "label"}, ["as input and as target"]),
        ({"training__patience": "3", "split": "{name: random, valid: 0.0}"}, ["patience"]),
        ({"backbone": "mlp"}, ["backbone 'mlp' cannot read column 'sequence' (dna)"]),
        ({"backbone": "cnn.nothing"}, ["Unknown weights 'cnn.nothing'"]),
        ({"training": "{epochs: ["}, ["--set training", "is not YAML"]),
        ({"seeds__0": "3"}, ["'seeds' holds", "no keys"]),
    ],
)
def test_an_option_with_a_wrong_value(capsys, good, tmp_path, settings, words):
    assert_refused(finetune(capsys, good, tmp_path / "run", **settings), *words)
    assert_clean(tmp_path)


FILES = {
    "empty.csv": (b"", "the file is empty"),
    "header.csv": (b"id,sequence,label\n", "no rows"),
    "binary.csv": (bytes(range(256)) * 20, "not UTF-8 text"),
    "latin.csv": ("id,sequence,label\ns1,ACGTACGT,Zürich\n".encode("latin-1"), "not UTF-8 text (byte 0xfc)"),
    "utf16.csv": ("id,sequence,label\ns1,ACGTACGT,a\n".encode("utf-16"), "not UTF-8 text"),
    "ragged.csv": (b"id,sequence,label\ns1,ACGT,a,b,c\ns2,ACGT,a,b,c\n", "2 fields more than the first line has names"),
    "twice.csv": (b"id,sequence,sequence,label\ns1,ACGT,ACGT,a\n", "'sequence' stands twice"),
    "target.csv": (b"id,sequence,label,label\ns1,ACGT,a,b\n", "'label' stands twice"),
    "fake.h5ad": (b"nothing" * 99, "not a readable HDF5 file"),
    "fake.parquet": (b"nothing" * 99, "not a readable Parquet file"),
    "fake.npz": (b"nothing" * 99, "not a readable NumPy file"),
    "table.xyz": (b"id", "unknown kind of file '.xyz'"),
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_no_table(capsys, tmp_path, name):
    content, message = FILES[name]
    (tmp_path / name).write_bytes(content)
    assert_refused(finetune(capsys, tmp_path / name, tmp_path / "run"), name, message)
    assert_clean(tmp_path)


def test_a_folder_in_the_place_of_a_file(capsys, tmp_path):
    (tmp_path / "folder.csv").mkdir()
    assert_refused(finetune(capsys, tmp_path / "folder.csv", tmp_path / "run"), "folder.csv")
    assert_refused(run_cli(capsys, "finetune", tmp_path / "folder.csv" / "..", "-o", tmp_path / "run"), "error: ")


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"n": 1}, ["only one class, 'a'"]),
        ({"n": 4}, ["validation part", "empty"]),
        ({"label": [np.inf, *np.linspace(0, 1, 59)]}, ["target 'label' is missing in 1 of 60 rows"]),
        ({"label": 0.5}, ["only one value, 0.5"]),
        ({"sequence": [""] * 60}, ["the input is empty (60 such rows)"]),
    ],
)
def test_rows_that_cannot_be_learned_from(capsys, tmp_path, columns, words):
    frame(**columns).to_csv(tmp_path / "bad.csv", index=False)
    assert_refused(finetune(capsys, tmp_path / "bad.csv", tmp_path / "run"), "bad.csv", *words)
    assert_clean(tmp_path)


@pytest.mark.parametrize(
    "columns",
    [
        {"label": ['T cell, CD8+ "naïve"', "β-Zelle\tx"] * 30},
        {"id": ["same"] * 60},
        {"sequence": list("ACGT") * 15},
        {"sequence": ["A", "ACGT" * 12_500, *["ACGTACGTAC", "TTTTGGGGCC"] * 29]},
        {"sequence": ["N" * 30] * 60},
    ],
    ids=["labels", "ids", "one letter", "50,000 letters", "only N"],
)
def test_odd_but_usable_rows(capsys, tmp_path, columns):
    frame(**columns).to_csv(tmp_path / "odd.csv", index=False)
    code, out, text = finetune(capsys, tmp_path / "odd.csv", tmp_path / "run", data__modality="{sequence: dna}")
    assert code == 0, text
    assert (tmp_path / "run" / "report.html").is_file()
    assert "baseline:linear" in out


@pytest.mark.parametrize("name", ["seq.1", "values", "training", "keys", "a b/c"])
def test_a_column_may_have_any_name(capsys, tmp_path, name):
    """Torch allows no module of some names."""
    frame().rename(columns={"sequence": name}).to_csv(tmp_path / "odd.csv", index=False)
    flags = ["--input", name, "--controls", "none"]
    code, _, text = finetune(capsys, tmp_path / "odd.csv", tmp_path / "run", *flags)
    assert code == 0, text
    code, _, text = run_cli(
        capsys, "predict", tmp_path / "run", tmp_path / "odd.csv", "-o", tmp_path / "p.tsv", "--quiet"
    )
    assert code == 0, text
    assert len(pd.read_csv(tmp_path / "p.tsv", sep="\t")) == 60


@pytest.mark.parametrize("settings", [{"train_size": "500"}, {"training__batch_size": "1"}, {"train_size": "0.001"}])
def test_extreme_settings_that_work(capsys, good, tmp_path, settings):
    code, _, text = finetune(capsys, good, tmp_path / "run", "--controls", "none", **settings)
    assert code == 0, text


def test_a_rate_that_makes_the_network_diverge(capsys, good, tmp_path):
    result = finetune(capsys, good, tmp_path / "run", training__lr="1e30")
    assert_refused(result, "Lower training.lr", exit_code=1)
    assert not (tmp_path / "run").exists()


def test_several_targets_of_different_kinds(capsys, tmp_path):
    frame(label=[0, 1] * 30, other=np.linspace(0, 1, 60)).to_csv(tmp_path / "bad.csv", index=False)
    assert_refused(finetune(capsys, tmp_path / "bad.csv", tmp_path / "run", target="label,other"), "'other'")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["list", "nonsense"], ["Unknown kind 'nonsense'"]),
        (["data", "show", "pbmc_fac"], ["Did you mean 'pbmc_facs'"]),
        (["report", "nope"], ["nope: not a run folder"]),
        (["predict", "nope", "DATA", "-o", "out"], ["nope: not a run folder"]),
        (["evaluate", "nope", "DATA"], ["nope: not a run folder"]),
        (["embed", "cnn.x", "DATA", "-o", "out"], ["Unknown weights 'cnn.x'"]),
        (["audit", "DATA", "--by", "randm"], ["Did you mean 'random'"]),
        (["audit", "DATA", "--by", "random:valid=x"], ["split 'random'"]),
        (["audit", "DATA", "--by", "random:valid=["], ["is not YAML"]),
        (["audit", "DATA", "--split", "nothing"], ["'nothing'"]),
        (["audit", "DATA", "--against", "nothing"], ["Unknown weights 'nothing'"]),
        (["pretrain", "DATA", "--backbone", "cnn", "--task", "reconstruction", "-o", "out"], ["masked_tokens"]),
        (["finetune", "pbmc_fac", "--backbone", "mlp", "-o", "out"], ["Did you mean 'pbmc_facs'"]),
    ],
)
def test_other_verbs(capsys, good, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    assert_refused(run_cli(capsys, *(good if word == "DATA" else word for word in arguments)), *words)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (["--sizes", "x,y"], ["size 'x'", "train_size"]),
        (["--sizes", "0"], ["size 0", "train_size"]),
        (["--strategies", "ful"], ["Did you mean 'full'"]),
        (["--strategies", "joint:weight"], ["name:option=value"]),
    ],
)
def test_compare(capsys, good, tmp_path, flags, words):
    (tmp_path / "c.yaml").write_text(
        f"data: {{name: '{good}', target: label}}\ntask: sequence_property\nbackbone: cnn\n"
    )
    assert_refused(run_cli(capsys, "compare", tmp_path / "c.yaml", "-o", tmp_path / "out", *flags), *words)
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("file", ["model.json", "encoder.json", "scores.json", "provenance.json", "run.yaml"])
@pytest.mark.parametrize("content", [None, "{"])
def test_a_damaged_run_folder(capsys, good, trained, tmp_path, file, content):
    run = shutil.copytree(trained, tmp_path / "folder")
    if content is None:
        (run / file).unlink()
    else:
        (run / file).write_text(content)
    assert_refused(run_cli(capsys, "predict", run, good, "-o", tmp_path / "p.tsv", "--quiet"), file)
    assert not (tmp_path / "p.tsv").exists()


@pytest.mark.parametrize(
    ("columns", "words"),
    [
        ({"sequence": ["ACGJ"] * 60}, ["'J'"]),
        ({"sequence": ["MKVLEFWYHIP"] * 60}, ["DNA"]),
        ({"sequence": [""] + ["ACGT"] * 59}, ["the input is empty"]),
    ],
)
def test_predicting_what_the_run_cannot_read(capsys, trained, tmp_path, columns, words):
    frame(**columns).to_csv(tmp_path / "new.csv", index=False)
    result = run_cli(capsys, "predict", trained, tmp_path / "new.csv", "-o", tmp_path / "p.tsv", "--quiet")
    assert_refused(result, *words)
    assert not (tmp_path / "p.tsv").exists()


def test_evaluating_a_label_that_the_run_does_not_know(capsys, trained, tmp_path):
    frame(label=["a", "z"] * 30).to_csv(tmp_path / "new.csv", index=False)
    assert_refused(run_cli(capsys, "evaluate", trained, tmp_path / "new.csv"), "'z'")


def test_ctrl_c_says_how_to_go_on(good, tmp_path):
    command = [sys.executable, "-m", "exapt.app.cli", "finetune", good, "--target", "label", "--backbone", "cnn"]
    options = ["--set", "training.epochs=100000", "--set", "backbone.dim=4", "-o", tmp_path / "run", "--quiet"]
    process = subprocess.Popen(
        [*command, *options],
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # ignored in background jobs
    )
    started = tmp_path / "run.partial" / "run.yaml"
    for _ in range(600):
        if started.exists() or process.poll() is not None:
            break
        time.sleep(0.1)
    time.sleep(2)
    process.send_signal(signal.SIGINT)
    try:
        _, text = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode in (130, -signal.SIGINT), text  # a shell says 130 to both
    assert text.strip().splitlines()[-1].startswith("Interrupted. ")
    assert "Traceback" not in text
    assert not Path(tmp_path / "run").exists()
