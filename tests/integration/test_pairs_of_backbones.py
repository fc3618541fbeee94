"""Each input column of a pair has its own backbone: entities are computed once, and each transfer is judged."""

import json

import numpy as np
import pandas as pd
import pytest
import torch

from exapt import api
from exapt.api._arms import arms, build_model
from exapt.api._prepare import cut_data, load_data, prepare_domain
from exapt.core.config import Piece, parse
from exapt.core.contracts import COPIES
from exapt.core.errors import ConfigError, WeightsError
from exapt.core.examples import Examples, Repeated
from exapt.transfer.strategies._combine import combine
from exapt.transfer.training.cache import PrefixCache
from exapt.transfer.training.devices import part

AMINO = "ACDEFGHIKLMNPQRSTVWY"
BACKBONES = {
    "drug": {"name": "rnn", "dim": 12, "depth": 1},
    "target": {"name": "cnn", "dim": 12, "depth": 2, "pool": "mean"},
}


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    rng = np.random.default_rng(0)
    drugs = ["C" * n + "O" for n in range(1, 9)]
    targets = ["".join(rng.choice(list(AMINO), int(n))) for n in rng.integers(20, 40, 10)]
    rows = [(d, t, len(d) + t.count("K") + 0.5) for d in drugs for t in targets]
    frame = pd.DataFrame(rows, columns=["drug", "target", "affinity"])
    frame["split"] = rng.choice(["train", "train", "valid", "test"], len(frame))
    path = tmp_path_factory.mktemp("pairs") / "pairs.csv"
    frame.to_csv(path, index=False)
    return path


def configured(pairs, **changes):
    values = {
        "data": {
            "name": str(pairs),
            "input": ["drug", "target"],
            "target": "affinity",
            "modality": {"drug": "molecule", "target": "protein"},
        },
        "task": {"name": "sequence_property", "hidden": 16},
        "split": {"name": "predefined", "column": "split"},
        "backbone": BACKBONES,
        "baselines": [],
        "training": {"epochs": 2, "batch_size": 16},
        "seeds": 2,
    }
    return parse(values | changes, "test")


@pytest.fixture(scope="module")
def weights(pairs, tmp_path_factory):
    """Weights for each side, made by the public verb."""
    folder = tmp_path_factory.mktemp("weights")
    found = {}
    for column, modality in (("drug", "molecule"), ("target", "protein")):
        name = f"{BACKBONES[column]['name']}.{column}"
        values = {
            "data": {"name": str(pairs), "input": column, "modality": {column: modality}},
            "task": "masked_tokens",
            "backbone": BACKBONES[column],
            "training": {"epochs": 1},
            "seeds": 1,
        }
        api.pretrain(parse(values, "test"), folder / name, quiet=True)
        found[column] = {"name": BACKBONES[column]["name"], "weights": str(folder / name)}
    return found


def domain_of(config):
    cut = cut_data(load_data(config.data), config.split)
    return prepare_domain(config, cut, cut.folds[0])


def test_entities_are_kept_and_computed_once_with_the_same_result(pairs):
    config = configured(pairs)
    domain = domain_of(config)
    examples = domain.examples
    assert all(isinstance(items, Repeated) for items in examples.inputs.values())
    assert {name: len(items.values) for name, items in examples.inputs.items()} == {"drug": 8, "target": 10}
    model, _ = build_model(domain, None, config, pretrained=False)
    model.eval()
    plain = Examples(
        {n: list(i) for n, i in examples.inputs.items()}, examples.encoders, examples.targets, examples.ids
    )
    rows = np.array([5, 70, 5, 33, 12])
    batch = examples.batch(rows)
    assert len(batch.inputs["drug"]["x"]) == len(set(np.asarray(rows) // 10)) < len(rows)
    torch.testing.assert_close(model(batch), model(plain.batch(rows)))
    torch.testing.assert_close(model(part(batch, 1, 4)), model(batch)[1:4])
    assert len(part(batch, 0, 1).inputs["drug"]["x"]) == 1
    assert COPIES not in plain.batch(rows).inputs["drug"]


def test_a_frozen_column_is_cached_an_entity_while_the_other_trains(pairs):
    config = configured(pairs)
    domain = domain_of(config)
    model, _ = build_model(domain, None, config, pretrained=False)
    strategy = combine([Piece.model_validate({"name": "frozen", "columns": ["target"]})])
    strategy.prepare(model)
    strategy.train_mode(model)
    trained = {name for name, p in model.named_parameters() if p.requires_grad}
    assert trained and not any(name.startswith("backbones.target") for name in trained)
    above = PrefixCache().apply("train", domain.examples, domain.task, model, 16, "fp32")
    assert len(above.inputs["target"].values) == 10
    assert set(above.inputs["target"].values[0]) == {"pooled"}
    assert above.inputs["drug"] is domain.examples.inputs["drug"]
    model.eval()
    rows = np.arange(20)
    torch.testing.assert_close(model(above.batch(rows)), model(domain.examples.batch(rows)))


def test_a_column_that_is_not_there_is_named(pairs):
    config = configured(pairs, strategy={"name": "frozen", "columns": ["protein"]})
    domain = domain_of(config)
    model, _ = build_model(domain, None, config, pretrained=False)
    with pytest.raises(ConfigError, match="'protein'.*drug.*target"):
        combine(config.strategy).prepare(model)


def test_backbones_must_name_the_columns(pairs):
    config = configured(pairs, backbone={"drug": "rnn", "protein": "cnn"})
    with pytest.raises(ConfigError, match="`backbone` names drug, protein, but the input columns are drug, target"):
        domain_of(config)


def test_one_backbone_cannot_read_two_kinds(pairs):
    config = configured(pairs, backbone={"name": "rnn", "dim": 8, "depth": 1})
    domain = domain_of(config)
    with pytest.raises(ConfigError, match="Give each its own: backbone: {drug: ..., target: ...}"):
        build_model(domain, None, config, pretrained=False)


def test_the_verdict_says_which_transfer_helped(pairs, weights, tmp_path):
    config = configured(pairs, backbone=weights, controls=["random", "without"], seeds=1)
    assert [spec.name for spec in arms(config)] == ["transfer", "random", "without:drug", "without:target"]
    scores = api.finetune(config, tmp_path / "run", quiet=True)
    assert set(scores["arms"]) == {"transfer", "random", "without:drug", "without:target"}
    for column in weights:
        assert scores["gain"][f"vs_without:{column}"]["verdict"] in ("helped", "no evidence", "hurt")
    report = json.loads((tmp_path / "run" / "transfer.json").read_text())
    assert "(drug)" in report["weights"] and "(target)" in report["weights"]
    assert any(name.startswith("target: ") for name in report["loaded"])
    rows = api.predict(tmp_path / "run", str(pairs), tmp_path / "out.tsv", quiet=True)
    assert rows == 80 == len(pd.read_csv(tmp_path / "out.tsv", sep="\t"))
    assert "Without the weights for target" in (tmp_path / "run" / "report.html").read_text()


def test_weights_of_another_architecture_are_refused(pairs, weights):
    config = configured(pairs, backbone={"drug": weights["drug"], "target": {**weights["target"], "name": "rnn"}})
    with pytest.raises(WeightsError, match="for backbone 'cnn', not 'rnn'"):
        domain_of(config)
