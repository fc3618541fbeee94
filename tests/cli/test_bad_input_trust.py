"""Bad input of splits and audits: exit code 2 and a line that names the trouble, or a fallback that is told."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from exapt.app.cli.main import main

N = 60


def run_cli(capsys, *arguments):
    """Exit code, stdout and stderr of a command in this process."""
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as caught:
        patch.setattr(sys, "argv", ["exapt", *map(str, arguments)])
        main()
    captured = capsys.readouterr()
    return int(caught.value.code or 0), captured.out, captured.err


def assert_refused(result, *words):
    code, out, text = result
    assert code == 2, text
    assert out == ""
    assert "Traceback" not in text
    (line,) = [line for line in text.splitlines() if line.startswith("error: ")]
    for word in words:
        assert word in line


def letters(rng, n, length=60):
    return ["".join(row) for row in rng.choice(list("ACGT"), (n, length))]


@pytest.fixture
def data(tmp_path):
    """Sixty random sequences of two classes, one donor, and parts with a misspelt word."""
    rng = np.random.default_rng(0)
    columns = {"sequence": letters(rng, N), "label": ["a", "b"] * (N // 2), "donor": "d1"}
    frame = pd.DataFrame({"id": [f"s{i}" for i in range(N)], **columns})
    frame["split"] = (["train", "tets", "test"] * N)[:N]
    frame.to_csv(tmp_path / "data.csv", index=False)
    return tmp_path / "data.csv"


@pytest.fixture
def classes_of_relatives(tmp_path):
    """Five classes, each of one sequence with a letter changed: every class is a cluster."""
    rng = np.random.default_rng(0)
    rows = []
    for number, founder in enumerate(letters(rng, 5)):
        for place in range(8):
            rows.append((founder[: place * 7] + "A" + founder[place * 7 + 1 :], f"class {number}"))
    pd.DataFrame(rows, columns=["sequence", "label"]).to_csv(tmp_path / "families.csv", index=False)
    return tmp_path / "families.csv"


@pytest.fixture
def pairs(tmp_path):
    """Pairs of which the last one has a drug that no file has."""
    pd.DataFrame({"drug": [f"d{i}" for i in range(6)], "smiles": ["C" * (i + 1) + "O" for i in range(6)]}).to_csv(
        tmp_path / "drugs.csv", index=False
    )
    (tmp_path / "proteins.fasta").write_text("".join(f">P{i}\nMKV{'ACDEFG'[i] * 20}\n" for i in range(6)))
    rows = [(f"d{i}", f"P{j}", 5.0 + i + j) for i in range(6) for j in range(6)]
    pd.DataFrame([*rows, ("d99", "P1", 3.0)], columns=["drug", "target", "pkd"]).to_csv(
        tmp_path / "pairs.csv", index=False
    )
    return tmp_path / "pairs.csv"


@pytest.mark.parametrize("flags", [("--by", "group:column=donor"), ("--group", "donor")])
def test_a_group_column_with_one_group(capsys, data, flags):
    assert_refused(run_cli(capsys, "audit", data, *flags), "data.csv", "column 'donor' has 1 group, and 3 are needed")


def test_a_split_that_is_refused_leaves_no_file(capsys, data, tmp_path):
    result = run_cli(capsys, "split", data, "--by", "group:column=donor", "-o", tmp_path / "split.tsv")
    assert_refused(result, "has 1 group")
    assert not (tmp_path / "split.tsv").exists()


@pytest.mark.parametrize("verb", ["audit", "split"])
def test_a_homology_split_that_leaves_a_class_without_training_rows(capsys, classes_of_relatives, tmp_path, verb):
    output = ["-o", tmp_path / "split.tsv"] if verb == "split" else []
    result = run_cli(capsys, verb, classes_of_relatives, "--by", "homology:identity=0.8", *output)
    assert_refused(result, "families.csv: label 'class ", "and not in training", "raise the identity")
    assert not (tmp_path / "split.tsv").exists()


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--by", "homology:identity=80"), ["identity is a share in [0, 1]; found 80. Did you mean 0.8?"]),
        (("--by", "homology:identity=-0.1"), ["identity is a share in [0, 1]; found -0.1"]),
        (("--by", "homology:coverage=1.5"), ["coverage is a share in [0, 1]; found 1.5"]),
        (("--by", "homology:identity=high"), ["identity", "'high'"]),
        (("--near", "95"), ["similarity in (0, 1]; found 95"]),
        (("--near", "0"), ["similarity in (0, 1]; found 0"]),
    ],
)
def test_a_threshold_out_of_range(capsys, data, flags, words):
    assert_refused(run_cli(capsys, "audit", data, *flags), *words)


def test_a_pair_file_with_an_unknown_identifier(capsys, pairs):
    entities = "options.entities={drug: drugs.csv, target: proteins.fasta}"
    result = run_cli(capsys, "audit", pairs, "--set", entities, "--target", "pkd")
    assert_refused(result, "pairs.csv:38: 'drug' 'd99' is not in ", "drugs.csv", "Known: d0, d1")


def test_a_split_column_with_an_unknown_word(capsys, data):
    result = run_cli(capsys, "audit", data, "--split", "split")
    assert_refused(result, "row s1, column 'split': 'tets' names no part (20 such rows)", "Known: train, training")


def test_without_mmseqs_our_own_search_is_used_and_told(capsys, caplog, data, monkeypatch, tmp_path):
    monkeypatch.setenv("MMSEQS2_PATH", str(tmp_path / "nothing"))
    code, out, _ = run_cli(capsys, "audit", data, "--by", "homology:identity=0.8", "--json")
    assert code == 0
    assert json.loads(out)["near_measure"] == "identity over 80% of the sequence, shared k-mers and alignment"
    assert "MMseqs2 does not work here (MMSEQS2_PATH" in caplog.text
    assert "of our own are used instead" in caplog.text


def test_without_mmseqs_it_cannot_be_asked_for_by_name(capsys, data, monkeypatch, tmp_path):
    monkeypatch.setenv("MMSEQS2_PATH", str(tmp_path / "nothing"))
    result = run_cli(capsys, "audit", data, "--by", "homology:identity=0.8,tool=mmseqs")
    assert_refused(result, "MMseqs2 does not work here", "use tool: kmers")


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        (("--leaks", "copy"), ["Unknown kind of leak 'copy'", "'copies'"]),
        (("--drop", "both"), ["--drop 'both': write test or train"]),
        (("--against", "nothing.csv"), ["'nothing.csv'"]),
    ],
)
def test_a_fix_that_makes_no_sense(capsys, data, tmp_path, flags, words):
    assert_refused(run_cli(capsys, "audit", data, "--fix", tmp_path / "fixed.tsv", *flags), *words)
    assert not (tmp_path / "fixed.tsv").exists()


def test_a_fix_that_would_leave_no_test_rows(capsys, tmp_path):
    """Every test row is a copy of a training row."""
    frame = pd.DataFrame({"sequence": letters(np.random.default_rng(0), 10) * 2, "label": ["a", "b"] * 10})
    frame.assign(split=["train"] * 10 + ["test"] * 10).to_csv(tmp_path / "copies.csv", index=False)
    result = run_cli(capsys, "audit", tmp_path / "copies.csv", "--split", "split", "--fix", tmp_path / "fixed.tsv")
    assert_refused(result, "without the leaks no test row is left of 10", "--drop train")
    assert not (tmp_path / "fixed.tsv").exists()
