"""compare: every strategy, lambda, size and seed is trained once, whatever stops the command or is asked for later."""

import json
import shutil
from xml.etree import ElementTree

import pandas as pd
import pytest

from exapt import api
from exapt.core.errors import ConfigError, RunExistsError
from exapt.transfer.training import loop

SIZES = (4, 1.0)


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.fixture
def trained(monkeypatch):
    """The folders that were trained, in order; `trained.limit` kills the training after so many."""
    real, found = loop.fit, Trained()

    def fit(*args, **kwargs):
        if len(found) == found.limit:
            raise Killed
        history = real(*args, **kwargs)
        found.append("/".join(kwargs["folder"].parts[-2:]))
        return history

    monkeypatch.setattr(loop, "fit", fit)
    return found


class Trained(list):
    """Folders, and after how many of them to stop."""

    limit = None

    def new(self):
        """What was trained since the last call."""
        found = self.copy()
        self.clear()
        return found


@pytest.fixture
def compare(config, weights, tmp_path):
    def run(*strategies, sizes=SIZES, lambdas=(), force=False, **changes):
        wanted = config(**{"backbone": {"name": "cnn", "weights": str(weights)}, "seeds": 2, **changes})
        options = {"strategies": strategies, "sizes": sizes, "lambdas": lambdas, "force": force}
        return api.compare(wanted, tmp_path / "out", quiet=True, **options)

    return run


def without_seconds(curve):
    timed = json.loads(json.dumps(curve))
    for entries in timed["cost"].values():
        for entry in entries:
            del entry["fit_seconds"]
    return timed


@pytest.mark.slow
def test_a_killed_comparison_trains_the_rest_and_a_finished_one_nothing(compare, trained, tmp_path):
    whole = compare("full", "lp_ft", seeds=1)
    all_of_them = trained.new()
    assert len(all_of_them) == len(SIZES) * 4  # full, lp_ft, scratch and frozen
    shutil.rmtree(tmp_path / "out")
    for limit in (2, 5):  # in the middle of the first size, of the second
        trained.limit = limit
        with pytest.raises(Killed):
            compare("full", "lp_ft", seeds=1)
        assert not (tmp_path / "out" / "curve.json").exists()
    trained.limit = None
    again = compare("full", "lp_ft", seeds=1)
    assert trained.new() == all_of_them
    assert without_seconds(again) == without_seconds(whole)
    assert compare("full", "lp_ft", seeds=1) == again
    assert trained.new() == []


def test_more_strategies_sizes_and_seeds_train_only_these(compare, trained):
    compare("full", sizes=[4])
    trained.new()
    compare("full", "l2_sp", sizes=[4])
    assert [folder.partition("-")[0] for folder in trained.new()] == ["l2_sp"] * 2
    compare("full", "l2_sp", sizes=[4], seeds=3)
    assert [folder.partition("/")[2] for folder in trained.new()] == ["2"] * 4
    curve = compare("full", "l2_sp", sizes=[8, 4], seeds=3)
    assert len(trained.new()) == 3 * 4
    assert (curve["sizes"], curve["labels"]) == ([4, 8], [8.0, 16.0])
    fewer = compare("full", sizes=[4, 8], seeds=3)
    assert trained.new() == []
    assert fewer["strategies"] == ["full"]
    assert {*fewer["arms"]} == {"full", "scratch", "frozen", "baseline:majority"}


def test_another_first_strategy_has_its_model_in_the_run(compare, trained, tmp_path):
    compare("full", "l2_sp", sizes=[4], controls="none")
    cells = [path.relative_to(tmp_path / "out/cells") for path in (tmp_path / "out/cells").rglob("*.safetensors")]
    weights = [path for path in cells if path.name != "outputs.safetensors"]
    assert {path.name for path in weights} == {"model.safetensors"}  # no checkpoints
    assert {path.parts[1].partition("-")[0] for path in weights} == {"full"}
    trained.new()
    swapped = compare("l2_sp", "full", sizes=[4], controls="none")
    assert [folder.partition("-")[0] for folder in trained.new()] == ["l2_sp"] * 2  # its weights were dropped
    assert swapped["strategies"] == ["l2_sp", "full"]
    report = json.loads((tmp_path / "out/labels_4/transfer.json").read_text())
    assert report["strategy"] == [{"name": "l2_sp"}]


def test_other_data_or_another_configuration_are_other_cells(compare, trained, files, tmp_path):
    data = tmp_path / "dna.csv"
    data.write_bytes((files / "dna.csv").read_bytes())
    mine = {"data": {"name": str(data), "target": "label"}, "sizes": [4], "controls": "none"}
    compare("full", **mine)
    assert len(trained.new()) == 2
    longer = {**mine, "training": {"epochs": 3, "batch_size": 32}}
    with pytest.raises(RunExistsError, match="of another configuration or of other data"):
        compare("full", **longer)
    data.write_bytes((files / "new.csv").read_bytes())
    with pytest.raises(RunExistsError, match="of another configuration or of other data"):
        compare("full", **mine)
    assert trained.new() == []
    compare("full", force=True, **mine)
    assert len(trained.new()) == 2
    compare("full", force=True, **mine)
    assert len(trained.new()) == 2  # all of it again


def test_an_unfinished_comparison_goes_on_with_other_data_from_the_start(compare, trained, files, tmp_path):
    data = tmp_path / "dna.csv"
    data.write_bytes((files / "dna.csv").read_bytes())
    mine = {"data": {"name": str(data), "target": "label"}, "controls": "none"}
    trained.limit = 3
    with pytest.raises(Killed):
        compare("full", **mine)
    trained.limit = None
    trained.new()
    data.write_bytes((files / "new.csv").read_bytes())
    compare("full", **mine)
    assert len(trained.new()) == 4


def test_what_is_not_possible_is_refused_before_anything_trains(compare, trained, files, tmp_path):
    with pytest.raises(ConfigError, match=r"size 500: no class has so many training labels \(.*with(out)? \d+"):
        compare("full", sizes=[4, 500])
    with pytest.raises(ConfigError, match="size 500: there are .* training labels"):
        compare("full", sizes=[4, 500], data={"name": str(files / "dna.csv"), "target": "strength"})
    with pytest.raises(ConfigError, match="'joint', and it is not among the strategies"):
        compare("full", lambdas=[0.1, 1])
    with pytest.raises(ConfigError, match="it has one already"):
        compare("joint:weight=2", lambdas=[0.1, 1])
    with pytest.raises(ConfigError, match="weight"):
        compare("joint", lambdas=[-1])
    with pytest.raises(ConfigError, match="fraction"):
        compare("full", sizes=[1.5])
    assert trained.new() == []
    assert not (tmp_path / "out").exists()


def test_lambdas_multiply_joint_and_are_found_again(compare, trained, files):
    source = {"name": str(files / "source.csv"), "target": "label"}
    fast = {"sizes": [4], "source": source, "seeds": 1, "controls": "none"}
    curve = compare("joint", "full", lambdas=[0.1, 1], **fast)
    assert curve["strategies"] == ["joint:weight=0.1", "joint:weight=1", "full"]
    trained.new()
    compare("joint", "full", lambdas=[0.1, 0.3, 1], **fast)
    assert [folder.partition("-")[0] for folder in trained.new()] == ["joint"]


def test_classes_with_fewer_labels_are_told(compare, files, tmp_path):
    frame = pd.read_csv(files / "dna.csv")
    rare = frame.drop(index=frame.index[frame["label"] == "with"][12:])
    rare.to_csv(tmp_path / "rare.csv", index=False)
    curve = compare("full", sizes=[20], controls="none", data={"name": str(tmp_path / "rare.csv"), "target": "label"})
    assert len(curve["notes"]) == 1
    assert curve["notes"][0].startswith("20 labels a class: fewer are there of with ")
    assert 20 < curve["labels"][0] < 40


def test_curve_table_and_figures(compare, tmp_path, call):
    out = tmp_path / "out"
    curve = compare("full", "frozen", sizes=[2, 8, 1.0])
    assert curve == json.loads((out / "curve.json").read_text())
    table = pd.read_csv(out / "table.tsv", sep="\t")
    assert table[["strategy", "labels"]].value_counts().max() == 1
    assert len(table) == 2 * 3
    assert {*curve["catch_up"]} == {"full", "strategy:frozen"}
    assert all(len(entries) == 3 for entries in curve["cost"].values())
    assert curve["cost"]["full"][0]["trainable"] > curve["cost"]["strategy:frozen"][0]["trainable"] > 0
    assert curve["best"][:2] == [None, None]  # whole numbers of labels leave no validation part
    assert curve["best"][2] in ("full", "strategy:frozen")
    for name in ("learning_curve", "cost"):
        root = ElementTree.parse(out / f"{name}.svg").getroot()
        assert root.tag.endswith("svg")
        texts = " ".join(element.text or "" for element in root.iter() if element.tag.endswith("text"))
        assert "95 % intervals" in texts
    page = (out / "labels_1.0" / "report.html").read_text()
    assert 'id="figure-learning_curve"' in page
    assert 'id="figure-cost"' in page
    (out.parent / "run.yaml").write_text((out / "labels_1.0" / "run.yaml").read_text().replace("train_size: 1.0\n", ""))
    command = ["compare", out.parent / "run.yaml", "--strategies", "full,frozen", "--sizes", "2,8,1.0", "-o", out]
    code, printed, err = call(*command, "--quiet")
    assert code == 0, err
    assert printed.startswith(curve["sentence"][:40])
    assert "labels saved [95 %]" in printed


def test_cells_that_were_deleted_leave_no_interval(compare, trained, tmp_path):
    first = compare("full", sizes=[4])
    assert first["catch_up_interval"]
    trained.new()
    shutil.rmtree(tmp_path / "out" / "cells")
    curve = compare("full", sizes=[4])
    assert trained.new() == []
    assert curve["catch_up_interval"] is None
    assert any("cells were deleted" in note for note in curve["notes"])


def test_a_comparison_is_made_by_one_process_only(compare, tmp_path):
    from exapt.api._work import alone

    with alone(tmp_path / "out"), pytest.raises(RunExistsError, match="another process"):
        compare("full", sizes=[4])
