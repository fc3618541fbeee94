"""Molecules that cannot be read: refused with rows and reasons at the command line, or left out by name and listed."""

import json

import pytest

BAD = ["C(C", "CN(C)(C)C", "xx"]


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "potency.csv"
    good = [f"{'C' * (1 + n % 12)}{'O' if n % 2 else 'N'}{'C' * (n // 12)},{n / 10}" for n in range(40)]
    path.write_text("\n".join(["smiles,pic50", *good, *(f"{text},1.5" for text in BAD)]) + "\n")
    return path


def fine_tune(table, run, *more):
    flags = ["--task", "sequence_property", "--target", "pic50", "--strategy", "scratch", "--controls", "none"]
    small = ["--set", "backbone={name: cnn, dim: 8, depth: 1}", "--set", "training.epochs=1", "--seeds", "1", "--quiet"]
    return ["finetune", table, *flags, *small, "--set", "split=random", "-o", run, *more]


def test_without_the_rule_the_rows_are_named(call, table, tmp_path):
    code, message = call(*fine_tune(table, tmp_path / "run"))
    assert code == 2
    assert "Traceback" not in message
    assert "RDKit cannot read 3 of 43 molecules" in message
    assert f"{table}:42: the spelling is no SMILES: C(C" in message
    assert f"{table}:43: Explicit valence for atom # 1 N, 4, is greater than permitted" in message
    assert "clean: [readable_smiles]" in message
    assert not (tmp_path / "run").exists()


def test_with_the_rule_they_are_left_out_and_listed(call, table, tmp_path):
    run = tmp_path / "run"
    code, message = call(*fine_tune(table, run, "--set", "data.clean=[readable_smiles]"))
    assert code == 0, message
    notes = json.loads((run / "notes.json").read_text())
    assert any(note.startswith("readable_smiles: 43 -> 40 rows") for note in notes)
    for text in BAD:
        assert any(note.endswith(f": {text}") for note in notes)
