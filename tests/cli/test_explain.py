"""`exapt explain`: what it writes, and what it says of bad input."""

import json
import xml.etree.ElementTree as ElementTree

import numpy as np
import pandas as pd
import pytest

from exapt.api import explain
from exapt.api._molecules import write_molecules
from exapt.api._prepare import cut_data, load_data
from exapt.api._run import open_run
from exapt.core.config import Piece
from exapt.report import write_report

SMALL = ["--controls", "none", "--seeds", "1", "--quiet", "--set", "baselines=[]"]


@pytest.fixture(scope="module")
def molecules(tmp_path_factory, command):
    """Alcohols and amines on chains and rings, told apart by a small network on SMILES letters."""
    folder = tmp_path_factory.mktemp("explain")
    cores = [f"{'C' * n}{ring}" for n in range(1, 11) for ring in ("", "C1CCCC1", "c1ccccc1", "c1ccncc1")]
    rows = [(f"{core}-{end}", end + core, {"O": "alcohol", "N": "amine"}[end]) for core in cores for end in "ON"]
    frame = pd.DataFrame(rows, columns=["id", "smiles", "label"])
    frame.to_csv(folder / "molecules.csv", index=False)
    net = "backbone={name: rnn, dim: 16, depth: 1, pool: max}"
    code = command(
        *("finetune", folder / "molecules.csv", "--target", "label", "-o", folder / "run", *SMALL),
        *("--set", net, "--set", "training.epochs=25", "--set", "training.lr=0.01", "--set", "split=random"),
    )
    assert code == 0
    return folder


def test_molecules_get_tables_structures_and_a_deletion_test(molecules):
    out = molecules / "out"
    note = explain(molecules / "run", str(molecules / "molecules.csv"), out, n=10, quiet=True)
    assert note == json.loads((out / "faithfulness.json").read_text())
    assert note["inputs"]["smiles"]["faithful"]
    assert note["inputs"]["smiles"]["n"] == note["rows"] == 10
    table = pd.read_csv(out / "attributions.tsv", sep="\t")
    first = table[table["id"] == "C-O"]
    assert first["letter"].tolist() == ["O", "C"]
    assert first["position"].tolist() == [1, 2]
    heads = table.loc[table["position"] == 1, "value"].abs().mean()
    assert heads > 3 * table.loc[table["position"] > 2, "value"].abs().mean()  # the first atom decides
    rows = pd.read_csv(out / "explained.tsv", sep="\t")
    sums = table.groupby("id", sort=False)["value"].sum().to_numpy()
    np.testing.assert_allclose(rows["change"] + rows["completeness_error"], sums, atol=1e-3)
    drawings = sorted(out.glob("0*.svg"))
    assert len(drawings) == 10
    for path in [*drawings, out / "sheet.svg"]:
        ElementTree.parse(path)
    assert "<ellipse" in drawings[0].read_text()


def test_a_named_class_and_another_method(molecules):
    out = molecules / "other"
    explain(
        molecules / "run",
        str(molecules / "molecules.csv"),
        out,
        method=Piece(name="occlusion"),
        of="amine",
        n=6,
        quiet=True,
    )
    rows = pd.read_csv(out / "explained.tsv", sep="\t")
    assert set(rows["explained"]) == {"amine"}
    signs = pd.read_csv(out / "attributions.tsv", sep="\t").query("position == 1").set_index("id")["value"]
    assert all((signs[name] > 0) == name.endswith("-N") for name in signs.index)


def test_the_report_shows_molecules(molecules):
    opened = open_run(molecules / "run")
    cut = cut_data(load_data(opened.config.data), opened.config.split)
    write_molecules(molecules / "run", cut.table, cut.folds[0], np.full(len(cut.folds[0].test), 0.25))
    page = write_report(molecules / "run").read_text(encoding="utf-8")
    for text in (
        'id="molecules"',
        "Worst of the test molecules",
        "similarity to training 0.25",
        "Activity cliffs",
        "Tanimoto",
    ):
        assert text in page, text
    found = json.loads((molecules / "run/explain/molecules.json").read_text())
    assert found["worst"]
    assert {one["truth"] for one in found["best"] + found["worst"]} <= {"alcohol", "amine"}
    losses = [
        one["probability"] if one["truth"] == one["predicted"] else 1 - one["probability"]
        for one in found["worst"] + found["best"][::-1]
    ]
    assert losses == sorted(losses)
    ids = set(cut.table.frame["id"].to_numpy()[cut.folds[0].test])
    assert {one["id"] for one in found["best"] + found["worst"]} <= ids
    assert found["cliffs"]["cliffs"] > 0  # an alcohol and its amine are a matched pair


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["RUN", "nowhere.csv"], "nowhere.csv"),
        (["nowhere", "DATA"], "not a run folder"),
        (["RUN", "DATA", "--method", "oclusion"], "Did you mean 'occlusion'"),
        (["RUN", "DATA", "--method", "occlusion:how=x"], "has no option 'how'"),
        (["RUN", "DATA", "--method", "occlusion:remove=cut"], "mask or delete"),
        (["RUN", "DATA", "--class", "amin"], "Did you mean 'amine'"),
        (["RUN", "DATA", "--n", "0"], "--n is a whole number"),
        (["RUN", "BAD"], "bad.csv"),
    ],
)
def test_bad_input_is_two_lines_and_leaves_nothing(molecules, command, capsys, arguments, text):
    (molecules / "bad.csv").write_text("id,smiles\n1,C(C\n2,hello\n")
    places = {"RUN": molecules / "run", "DATA": molecules / "molecules.csv", "BAD": molecules / "bad.csv"}
    out = molecules / "none"
    code = command("explain", *(places.get(word, word) for word in arguments), "-o", out, "--quiet")
    said = capsys.readouterr().err
    assert code == 2, said
    assert text in said
    assert "Traceback" not in said
    assert len(said.strip().splitlines()) <= 4
    assert not out.exists()


def test_an_older_explanation_is_kept_and_a_foreign_folder_too(molecules, command, capsys):
    out = molecules / "kept"
    out.mkdir()
    (out / "notes.txt").write_text("mine")
    again = ("explain", molecules / "run", molecules / "molecules.csv", "-o", out, "--n", "5", "--quiet")
    assert command(*again) == 2
    assert command(*again, "--force") == 2
    assert "not made by" in capsys.readouterr().err
    assert (out / "notes.txt").read_text() == "mine"
    (out / "notes.txt").unlink()
    assert command(*again, "--force") == 0
    assert "5 rows explained" in capsys.readouterr().out


def test_each_input_of_a_pair_is_explained(tmp_path, command):
    rng = np.random.default_rng(0)
    drugs = [f"{'C' * n}{end}" for n in range(2, 12) for end in ("O", "N")]
    sites = ["".join(rng.choice(list("ACDEFGHIKL"), 12)) for _ in range(6)]
    rows = [(f"p{i}", drugs[i % 20], sites[i % 6], float(drugs[i % 20][-1] == "N") + i % 6) for i in range(60)]
    frame = pd.DataFrame(rows, columns=["id", "smiles", "sequence", "affinity"])
    frame.to_csv(tmp_path / "pairs.csv", index=False)
    net = "backbone={smiles: {name: gnn, dim: 8, depth: 2}, sequence: {name: cnn, dim: 8, depth: 1}}"
    code = command(
        *("finetune", tmp_path / "pairs.csv", "--target", "affinity", "--input", "smiles,sequence", *SMALL),
        *("-o", tmp_path / "run", "--set", net, "--set", "training.epochs=1", "--set", "split=random"),
    )
    assert code == 0
    note = explain(tmp_path / "run", str(tmp_path / "pairs.csv"), tmp_path / "why", n=6, quiet=True)
    assert {column: found["method"]["name"] for column, found in note["inputs"].items()} == {
        "smiles": "occlusion",
        "sequence": "integrated_gradients",
    }
    table = pd.read_csv(tmp_path / "why/attributions.tsv", sep="\t")
    counts = table.groupby(["input", "id"], sort=False).size()
    assert counts["sequence"].tolist() == [12] * 6
    assert counts["smiles"].tolist() == [len(drug) for drug in frame["smiles"][:6]]
    assert len(list((tmp_path / "why/smiles").glob("0*.svg"))) == 6
    assert len(list((tmp_path / "why/sequence").glob("0*.svg"))) == 6
