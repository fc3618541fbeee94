"""`exapt screen` on the command line: one sentence, JSON, and exit code 2 with a clear message for bad input."""

import json
import sys

import pandas as pd
import pytest

from exapt.app.cli.main import main


@pytest.fixture
def screen(monkeypatch, capsys, tmp_path):
    """Run the command in a folder with library.smi and known.smi; returns (exit code, stdout, stderr)."""
    monkeypatch.chdir(tmp_path)
    rows = ["CCO a", "CCN b", "c1ccccc1O c", "CCCC=O d", "OCC e", "C(C f"]
    (tmp_path / "library.smi").write_text("\n".join(rows) + "\n")
    (tmp_path / "known.smi").write_text("CCCO propanol\n")

    def run(*arguments, actives=True, library="library.smi"):
        given = ["--actives", "known.smi"] if actives else []
        monkeypatch.setattr(sys, "argv", ["exapt", "screen", library, *given, *map(str, arguments)])
        code = 0
        try:
            main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return run


def test_one_sentence(screen, tmp_path):
    code, out, _ = screen("-o", "ranked.tsv", "--filters", "ro5,brenk", "--pick", 2, "--quiet")
    assert code == 0
    assert out.startswith("ranked.tsv: 5 molecules ranked by similarity, best a; 1 without a score in rejected.tsv; ")
    assert "; 1 duplicate; 1 marked; " in out
    assert out.count("\n") == 1
    assert len(pd.read_csv("picked.tsv", sep="\t")) == 2


def test_json_is_the_note(screen, tmp_path):
    code, out, _ = screen("-o", "out/ranked.tsv.gz", "--json", "--quiet", "--processes", 1)
    assert code == 0
    assert json.loads(out) == json.loads((tmp_path / "out" / "screen.json").read_text())
    assert (tmp_path / "out" / "ranked.sdf").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["-o", "ranked"], "write the name of a TSV"),
        (["-o", "r.tsv", "--fuse", "median"], "--fuse 'median': write mean, reciprocal, best"),
        (["-o", "r.tsv", "--filters", "pain"], "Did you mean 'pains'"),
        (["-o", "r.tsv", "--smarts", "none.txt"], "none.txt: no such file"),
        (["-o", "r.tsv", "--engine", "spark"], "--engine 'spark': write local or ray"),
        (["-o", "r.tsv", "--address", "auto"], "--address is for --engine ray"),
        (["-o", "r.tsv", "--engine", "ray", "--processes", "2"], "--processes is for --engine local"),
        (["-o", "r.tsv", "--processes", "0"], "--processes is a whole number of at least 1"),
        (["-o", "r.tsv", "--chunk", "0"], "--chunk is a whole number of at least 1"),
        (["-o", "r.tsv", "--by", "looks"], "write similarity or learned"),
        (["-o", "r.tsv", "--input", "smile"], "no column 'smile'. Did you mean 'smiles'"),
        (["-o", "r.tsv", "--run", "runs/none"], "not a run folder"),
        (["-o", "r.tsv", "--run", "runs/none:order=up"], "no option 'order'"),
        (["-o", "r.tsv", "--target", "none.fa"], "a protein needs a run"),
    ],
)
def test_bad_flags(screen, tmp_path, arguments, message):
    before = {path.name for path in tmp_path.iterdir()}
    code, out, err = screen(*arguments)
    assert (code, out) == (2, "")
    assert message in err
    assert err.startswith("error: ")
    assert len(err.strip().splitlines()) <= 2
    assert {path.name for path in tmp_path.iterdir()} == before


def test_bad_files(screen, tmp_path):
    (tmp_path / "empty.csv").write_text("")
    (tmp_path / "binary.csv").write_bytes(b"\x00\xff\xfe" * 10)
    (tmp_path / "ragged.csv").write_text("id,smiles\na,CCO\nb,CCN,1,2\n")
    (tmp_path / "cut.csv.gz").write_bytes(b"\x1f\x8b\x08\x00")
    for name in ("empty.csv", "binary.csv", "ragged.csv", "cut.csv.gz", "none.csv"):
        code, out, err = screen("-o", "r.tsv", library=name)
        assert (code, out) == (2, ""), name
        assert name in err
        assert "Traceback" not in err
    code, _, err = screen("-o", "r.tsv", actives=False)
    assert code == 2
    assert "nothing to rank by: give known actives" in err
    (tmp_path / "known.smi").write_text("CCO ok\nC(C broken\n")
    code, _, err = screen("-o", "r.tsv")
    assert code == 2
    assert "known.smi" in err
    assert "active 2 of 2, 'C(C', cannot be read" in err
    assert not list(tmp_path.glob("r.tsv*"))


def test_ray_that_is_not_there(screen, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    code, _, err = screen("-o", "r.tsv", "--engine", "ray", "--quiet")
    assert code == 2
    assert "pip install 'exapt[ray]'" in err
