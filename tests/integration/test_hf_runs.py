"""A checkpoint of transformers in a local directory: fine-tuned, used, embedded, and needed no longer afterwards."""

import shutil

import numpy as np
import pandas as pd
import pytest
import transformers
from safetensors.torch import load_file

from exapt import api
from exapt.core.config import parse
from exapt.core.errors import ConfigError
from exapt.core.paths import read_json
from exapt.models import hub

RESIDUES = "ACDEFGHIKLMNPQRSTVWY"
SIZES = {
    "hidden_size": 16,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 16,
    "max_position_embeddings": 64,
}
ESM_WORDS = ["<cls>", "<pad>", "<eos>", "<unk>", *RESIDUES, "X", "<mask>"]
BERT_WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *RESIDUES, *(f"##{letter}" for letter in RESIDUES)]


def esm(folder):
    """ESM-2 with random weights, and its tokenizer of single residues."""
    folder.mkdir()
    (folder / "vocab.txt").write_text("\n".join(ESM_WORDS))
    transformers.EsmTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    ids = {"pad_token_id": 1, "mask_token_id": ESM_WORDS.index("<mask>")}
    sizes = {**SIZES, "vocab_size": len(ESM_WORDS), "position_embedding_type": "rotary", "token_dropout": True}
    transformers.EsmForMaskedLM(transformers.EsmConfig(**sizes, **ids)).save_pretrained(folder)
    return folder


def bert(folder):
    """BERT with random weights, and a tokenizer that reads one word in pieces."""
    folder.mkdir()
    vocabulary = {word: number for number, word in enumerate(BERT_WORDS)}
    transformers.BertTokenizer(vocab=vocabulary, do_lower_case=False).save_pretrained(folder)
    transformers.BertForMaskedLM(
        transformers.BertConfig(**SIZES, vocab_size=len(BERT_WORDS), pad_token_id=0)
    ).save_pretrained(folder)
    return folder


MAKERS = {"esm": esm, "bert": bert}
every_family = pytest.mark.parametrize("family", MAKERS)


@pytest.fixture(scope="module")
def proteins(tmp_path_factory):
    """Proteins of two classes, lower case, of different lengths."""
    rng = np.random.default_rng(0)
    letters = ["".join(rng.choice(list(RESIDUES), rng.integers(8, 20))).lower() for _ in range(60)]
    frame = pd.DataFrame({"id": [f"p{i}" for i in range(60)], "sequence": letters, "label": ["a", "b"] * 30})
    path = tmp_path_factory.mktemp("data") / "proteins.csv"
    frame.to_csv(path, index=False)
    return path


def config(data, weights, **changes):
    values = {
        "data": {"name": str(data), "target": "label"},
        "task": "sequence_property",
        "backbone": {"name": "hf", "weights": str(weights)},
        "training": {"epochs": 1, "batch_size": 16},
        "seeds": 1,
    }
    return parse({**values, **changes}, "test")


@every_family
def test_finetune_predict_embed_without_the_checkpoint(family, proteins, tmp_path):
    weights = MAKERS[family](tmp_path / family)
    run = tmp_path / "run"
    before = tmp_path / "before.tsv"
    assert api.embed(str(weights), str(proteins), before, quiet=True) == 60
    scores = api.finetune(config(proteins, weights), run, quiet=True)
    assert {"transfer", "scratch", "frozen", "baseline:majority"} <= set(scores["arms"])
    report = read_json(run / "transfer.json")
    assert any("word_embeddings" in name for name in report["loaded"])
    assert not report["reinitialised"]
    first = tmp_path / "first.tsv"
    api.predict(run, str(proteins), first, quiet=True)

    shutil.rmtree(weights)
    again = tmp_path / "again.tsv"
    assert api.predict(run, str(proteins), again, quiet=True) == 60
    assert again.read_text() == first.read_text()
    tested = pd.read_csv(run / "predictions.tsv", sep="\t").query("arm == 'transfer'").set_index("id")
    predicted = pd.read_csv(again, sep="\t").set_index("id").loc[tested.index]
    assert np.allclose(predicted["p:a"], tested["p:a"], atol=1e-6)
    assert api.evaluate(run, str(proteins))["n"] == 60
    after = tmp_path / "after.tsv"
    assert api.embed(str(run), str(proteins), after, quiet=True) == 60
    vectors = [pd.read_csv(path, sep="\t", index_col="id").to_numpy() for path in (before, after)]
    assert vectors[0].shape == vectors[1].shape == (60, 16)
    assert np.isfinite(vectors[1]).all()
    assert not np.allclose(*vectors)


@every_family
def test_frozen_features_are_those_of_the_checkpoint(family, proteins, tmp_path):
    """Lower case or not: `embed` and a run read the same letters."""
    weights = MAKERS[family](tmp_path / family)
    api.embed(str(weights), str(proteins), tmp_path / "checkpoint.npy", quiet=True)
    api.finetune(config(proteins, weights, strategy="frozen", controls="none"), tmp_path / "run", quiet=True)
    api.embed(str(tmp_path / "run"), str(proteins), tmp_path / "run.npy", quiet=True)
    found, expected = np.load(tmp_path / "run.npy"), np.load(tmp_path / "checkpoint.npy")
    assert np.allclose(found, expected, atol=1e-5)
    assert len(np.unique(found.round(4), axis=0)) > 50


def test_masked_tokens_of_a_tokenizer(proteins, tmp_path):
    """Pre-training goes on with the tokenizer's own mask; the new weights need the checkpoint no longer."""
    weights = esm(tmp_path / "esm")
    made = tmp_path / "hf.mine"
    card = api.pretrain(config(proteins, weights, task="masked_tokens"), made, quiet=True)
    assert np.isfinite(card["valid_loss"])
    special = [0, 1, 2, 3, ESM_WORDS.index("<mask>")]
    assert read_json(made / "config.json")["inputs"]["special"] == special
    before = load_file(weights / "model.safetensors")["esm.encoder.layer.0.output.dense.weight"]
    shutil.rmtree(weights)
    backbone, _ = hub.load(made)
    assert not np.allclose(backbone.state_dict()["stages.1.layer.output.dense.weight"], before)
    scores = api.finetune(config(proteins, made, controls="none"), tmp_path / "run", quiet=True)
    assert "transfer" in scores["arms"]


def test_masked_tokens_never_touches_start_and_end(proteins, tmp_path):
    from exapt.core.registry import BACKBONES, ENCODERS, TASKS

    weights = esm(tmp_path / "esm")
    encoder = ENCODERS.build("tokenizer", tokenizer=str(weights), modality="protein")
    batch_of = encoder.collate(encoder.encode(["ACDEFGHIKL", "MNPQ"]))
    architecture = read_json(weights / "config.json")
    backbone = BACKBONES.build("hf", inputs=encoder.inputs(), architecture=architecture)
    task = TASKS.build("masked_tokens", rate=0.99)
    task.build_head([backbone])
    from exapt.core.contracts import Batch

    seen = task.view(Batch({"sequence": batch_of}, {}, ["a", "b"]))
    masked = seen.inputs["sequence"]["x"] == ESM_WORDS.index("<mask>")
    changed = seen.inputs["sequence"]["x"] != batch_of["x"]
    special = (batch_of["x"] < 4) | ~batch_of["mask"]
    assert masked.any()
    assert not (changed & special).any()
    assert (seen.targets["letters"][special] == -100).all()


def test_another_encoder_than_that_of_the_weights_is_refused(proteins, tmp_path):
    weights = bert(tmp_path / "bert")
    with pytest.raises(ConfigError, match="the encoder 'tokenizer' makes, not 'letters'"):
        api.finetune(config(proteins, weights, encoder="letters"), tmp_path / "run", quiet=True)
    assert not (tmp_path / "run").exists()
