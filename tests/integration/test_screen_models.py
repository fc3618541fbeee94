"""Screening by models: the score of a run is what `predict` says, of pairs too, by any engine."""

import numpy as np
import pandas as pd
import pytest

from exapt import api
from exapt.app.engines.local import Local
from exapt.core.config import parse
from exapt.core.errors import ConfigError, DataError, InputError

SMILES = [
    head + "C" * n + tail for head in ("O", "N", "F", "c1ccccc1") for n in range(1, 7) for tail in ("", "O", "=O")
]
KINDS = {"drug": "molecule", "protein": "protein"}
PROTEINS = ("MKTAYIAKQR", "MKVLLAGIWY", "MARNDCEQGH", "MILKMFPSTW")


def train(data, target, inputs, backbone, output, modality=None):
    values = {
        "data": {"name": str(data), "target": target, "input": inputs, "modality": modality or {}},
        "task": "sequence_property",
        "backbone": backbone,
        "training": {"epochs": 1, "batch_size": 16},
        "split": "random",
        "controls": "none",
        "baselines": [],
        "seeds": 1,
    }
    api.finetune(parse(values, "test"), output, quiet=True)
    return output


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("models")
    rng = np.random.default_rng(0)
    number = np.array([text.count("C") for text in SMILES]) + rng.normal(size=len(SMILES)) / 10
    act = np.where(["O" in text for text in SMILES], "yes", "no")
    pd.DataFrame({"smiles": SMILES, "number": number, "act": act}).to_csv(made / "molecules.csv", index=False)
    pairs = pd.DataFrame({"drug": np.repeat(SMILES[:20], 4), "protein": PROTEINS * 20, "kd": rng.normal(size=80)})
    pairs.to_csv(made / "pairs.csv", index=False)
    library = pd.DataFrame({"id": [f"m{i}" for i in range(40)], "smiles": SMILES[20:60]})
    library.loc[3, "smiles"] = "C(C"
    library.to_csv(made / "library.csv", index=False)
    (made / "target.fa").write_text(">kinase\nMKTAYIAKQRMARND\n")
    return made


@pytest.fixture(scope="module")
def gnn(folder):
    small = {"name": "gnn", "dim": 8, "depth": 2}
    return train(folder / "molecules.csv", "act", "smiles", small, folder / "gnn")


@pytest.fixture(scope="module")
def letters(folder):
    small = {"name": "cnn", "dim": 8, "depth": 1}
    return train(folder / "molecules.csv", "number", "smiles", small, folder / "letters")


@pytest.fixture(scope="module")
def pair(folder):
    small = {"drug": {"name": "gnn", "dim": 8, "depth": 2}, "protein": {"name": "cnn", "dim": 8, "depth": 1}}
    return train(folder / "pairs.csv", "kd", ["drug", "protein"], small, folder / "pair", KINDS)


def screened(folder, output, *runs, engine=map, **values):
    config = api.ScreenConfig(str(folder / "library.csv"), runs=runs, chunk=16, **values)
    api.screen(config, output, engine=engine, quiet=True)
    return pd.read_csv(output, sep="\t", dtype={"id": str}, keep_default_na=False)


def predicted(folder, run, ids, smiles, **columns):
    pd.DataFrame({"id": ids, **columns, "smiles": smiles}).to_csv(folder / "again.csv", index=False)
    api.predict(run, str(folder / "again.csv"), folder / "again.tsv", force=True, quiet=True)
    return pd.read_csv(folder / "again.tsv", sep="\t")


def test_a_class_and_a_number_are_what_predict_says(folder, gnn, letters, tmp_path):
    ranked = screened(folder, tmp_path / "ranked.tsv", api.RunScorer(gnn), api.RunScorer(letters, lowest=True))
    again = predicted(folder, gnn, ranked["id"], ranked["smiles"])
    np.testing.assert_allclose(ranked["gnn"], again["p:yes"], atol=1e-5)
    again = predicted(folder, letters, ranked["id"], ranked["smiles"])
    np.testing.assert_allclose(ranked["letters"], -again["predicted"], atol=1e-4)
    assert len(ranked) == 39
    no = screened(folder, tmp_path / "no" / "ranked.tsv", api.RunScorer(gnn, class_="no"))
    np.testing.assert_allclose(no.set_index("id")["gnn"] + ranked.set_index("id")["gnn"], 1, atol=1e-5)
    assert "nearest_active" not in no


def test_the_affinity_to_a_protein_is_what_predict_says(folder, pair, gnn, tmp_path):
    asked = {"target": folder / "target.fa"}
    ranked = screened(folder, tmp_path / "ranked.tsv", api.RunScorer(pair), **asked)
    frame = pd.DataFrame({"drug": ranked["smiles"], "protein": "MKTAYIAKQRMARND"})
    frame.to_csv(folder / "again.csv", index=False)
    api.predict(pair, str(folder / "again.csv"), folder / "again.tsv", force=True, quiet=True)
    again = pd.read_csv(folder / "again.tsv", sep="\t")
    np.testing.assert_allclose(ranked["pair"], again["predicted"], atol=1e-4)
    both = (api.RunScorer(pair), api.RunScorer(gnn))
    one = screened(folder, tmp_path / "one" / "ranked.tsv", *both, **asked)
    two = screened(folder, tmp_path / "two" / "ranked.tsv", *both, engine=Local(2), **asked)
    pd.testing.assert_frame_equal(one, two, check_exact=True)
    assert list(one)[4:6] == ["pair", "gnn"]


def test_what_a_model_cannot_read_is_kept_apart(folder, letters, tmp_path, monkeypatch):
    from exapt.data.encoders.letters import Letters

    encode = Letters.encode

    def strict(self, values):
        if any("F" in value for value in values):
            raise DataError("F is no letter of this model")
        return encode(self, values)

    monkeypatch.setattr(Letters, "encode", strict)
    ranked = screened(folder, tmp_path / "ranked.tsv", api.RunScorer(letters))
    rejected = pd.read_csv(tmp_path / "rejected.tsv", sep="\t")
    assert sorted([*ranked["id"], *rejected["id"]]) == sorted(f"m{i}" for i in range(40))
    no_score = rejected[rejected["reason"] == "no score by letters"]
    assert no_score["smiles"].str.contains("F").all()
    assert len(no_score) == len(rejected) - 1
    assert not ranked["smiles"].str.contains("F").any()


def test_runs_that_do_not_fit(folder, gnn, letters, pair, tmp_path, files, config):
    def refused(*runs, **values):
        with pytest.raises(InputError) as caught:
            screened(folder, tmp_path / "ranked.tsv", *runs, **values)
        return str(caught.value)

    assert "needs a protein" in refused(api.RunScorer(pair))
    assert "none of the runs reads a protein" in refused(api.RunScorer(gnn), target=folder / "target.fa")
    assert "Known: no, yes" in refused(api.RunScorer(gnn, class_="maybe"))
    assert "not a run folder" in refused(api.RunScorer(folder / "gn"))
    assert "Did you mean 'gnn'" in refused(api.RunScorer(folder / "gn"))
    for text, message in (
        (">a\nMKT\n>b\nMKV\n", "found 2 sequences"),
        (">a\nMK1T\n", "'1' is no amino acid"),
        ("", "found 0 sequences"),
        (">a\n", "header without letters"),
    ):
        (tmp_path / "bad.fa").write_text(text)
        assert message in refused(api.RunScorer(pair), target=tmp_path / "bad.fa")
    api.finetune(config(controls="none"), tmp_path / "dna", quiet=True)
    with pytest.raises(ConfigError, match=r"this one reads sequence \(dna\)"):
        screened(folder, tmp_path / "ranked.tsv", api.RunScorer(tmp_path / "dna"))
    assert not list(tmp_path.glob("ranked*"))
