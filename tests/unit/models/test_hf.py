"""Checkpoints of transformers, made here with random weights, give what transformers gives."""

import json

import pytest
import torch
import transformers
from safetensors.torch import load_file, save_file

from exapt.core.config import BackboneConfig
from exapt.core.contracts import Inputs
from exapt.core.errors import ConfigError, DataError, WeightsError
from exapt.models import hub
from exapt.models.backbones.hf.model import HF
from exapt.models.build import build, resolve

LETTERS = Inputs("letters", 33)
SIZES = {
    "vocab_size": 33,
    "hidden_size": 16,
    "num_hidden_layers": 3,
    "num_attention_heads": 2,
    "intermediate_size": 32,
    "max_position_embeddings": 40,
}
T5 = {"vocab_size": 33, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 3, "num_heads": 2}
ESM = {**SIZES, "mask_token_id": 32, "pad_token_id": 1}
MAKERS = {
    "esm": lambda: transformers.EsmForMaskedLM(
        transformers.EsmConfig(**ESM, position_embedding_type="rotary", token_dropout=True)
    ),
    "esm-absolute": lambda: transformers.EsmModel(transformers.EsmConfig(**ESM, emb_layer_norm_before=True)),
    "bert": lambda: transformers.BertForMaskedLM(transformers.BertConfig(**SIZES)),
    "bert-pooler": lambda: transformers.BertModel(transformers.BertConfig(**SIZES)),
    "roberta": lambda: transformers.RobertaForMaskedLM(transformers.RobertaConfig(**SIZES)),
    "t5": lambda: transformers.T5EncoderModel(transformers.T5Config(**T5, feed_forward_proj="gated-gelu")),
    "t5-whole": lambda: transformers.T5ForConditionalGeneration(transformers.T5Config(**T5)),
}
IDS = torch.randint(4, 31, (3, 12), generator=torch.Generator().manual_seed(0))
MASK = torch.arange(12) < torch.tensor([12, 7, 3]).unsqueeze(1)
STREAM = {"x": IDS.masked_fill(~MASK, 0), "mask": MASK}
every_family = pytest.mark.parametrize("family", MAKERS)


@pytest.fixture(autouse=True)
def _quiet():
    transformers.utils.logging.disable_progress_bar()
    transformers.utils.logging.set_verbosity_error()


def make(family, folder):
    """Write a small random checkpoint; weights far from the start, so that every tensor matters."""
    model = MAKERS[family]()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(0.2 * torch.randn_like(parameter))
    model.save_pretrained(folder)
    return folder


def of_transformers(folder):
    kind = transformers.T5EncoderModel if "t5" in folder.name else transformers.AutoModel
    return kind.from_pretrained(folder, attn_implementation="eager").eval()


def drop(folder, ending):
    """Remove the tensors of a checkpoint whose name ends so."""
    file = folder / "model.safetensors"
    tensors = load_file(file)
    kept = {name: tensor for name, tensor in tensors.items() if not name.endswith(ending)}
    assert len(kept) < len(tensors)
    save_file(kept, file, metadata={"format": "pt"})


@every_family
def test_it_gives_what_transformers_gives(family, tmp_path):
    folder = make(family, tmp_path / family)
    ours, config = hub.load(folder)
    theirs = of_transformers(folder)
    ids = IDS.masked_fill(~MASK, theirs.config.pad_token_id)
    with torch.no_grad():
        expected = theirs(input_ids=ids, attention_mask=MASK.long()).last_hidden_state
        found = ours(STREAM)
    assert torch.allclose(found.tokens[MASK], expected[MASK], atol=1e-5)
    assert torch.allclose(found.pooled[1], expected[1, :7].mean(0), atol=1e-5)
    assert config["arch"] == "hf"
    assert config["encoder"] == {"name": "tokenizer", "state": {"tokenizer": str(folder)}}
    assert config["inputs"] == {"kind": "letters", "size": 33}


@every_family
def test_gradients_are_those_of_transformers(family, tmp_path):
    """Also where layers share a parameter: the position bias of T5."""
    folder = make(family, tmp_path / family)
    ours, theirs = hub.load(folder)[0], of_transformers(folder)
    ours(STREAM).tokens.square().sum().backward()
    ids = IDS.masked_fill(~MASK, theirs.config.pad_token_id)
    hidden = theirs(input_ids=ids, attention_mask=MASK.long()).last_hidden_state
    (hidden * MASK.unsqueeze(-1)).square().sum().backward()
    expected = sorted(p.grad.norm().item() for p in theirs.parameters() if p.grad is not None)
    found = sorted(p.grad.norm().item() for p in ours.parameters() if p.grad is not None)
    assert torch.allclose(torch.tensor(found), torch.tensor(expected), rtol=1e-3, atol=1e-4)


@every_family
def test_the_report_is_complete(family, tmp_path):
    folder = make(family, tmp_path / family)
    backbone = build(BackboneConfig(name="hf", weights=str(folder)), LETTERS)
    report = hub.load_into(backbone, folder)
    assert set(report.loaded) == set(backbone.state_dict())
    assert not report.reinitialised
    left = {"esm": "lm_head.bias", "bert": "cls.predictions.bias", "roberta": "lm_head.bias"}
    left |= {"bert-pooler": "pooler.dense.bias", "t5-whole": "decoder.final_layer_norm.weight"}
    assert left.get(family) in [*report.skipped, None]
    assert not any("encoder.layer" in name and "inv_freq" not in name for name in report.skipped)


@pytest.mark.parametrize(
    ("family", "ending"),
    [("esm", "layer.1.attention.self.query.weight"), ("bert", "word_embeddings.weight"), ("t5", "shared.weight")],
)
def test_a_tensor_that_the_file_lacks_is_an_error_unless_allowed(family, ending, tmp_path):
    folder = make(family, tmp_path / family)
    drop(folder, ending)
    backbone = build(BackboneConfig(name="hf", weights=str(folder)), LETTERS)
    with pytest.raises(WeightsError, match="is in the backbone but not in the file"):
        hub.load_into(backbone, folder)
    assert len(hub.load_into(backbone, folder, allow=["*"]).reinitialised) == 1


def test_rotary_frequencies_need_not_be_in_the_file(tmp_path):
    folder = make("esm", tmp_path / "esm")
    expected = hub.load(folder)[0](STREAM).pooled
    drop(folder, "inv_freq")
    assert torch.equal(hub.load(folder)[0](STREAM).pooled, expected)


def test_the_scratch_arm_is_the_same_architecture_with_random_weights(tmp_path):
    folder = make("esm", tmp_path / "esm")
    (folder / "model.safetensors").unlink()
    backbone = build(BackboneConfig(name="hf", weights=str(folder)), LETTERS)
    assert len(backbone.blocks()) == 5
    assert not torch.isnan(backbone(STREAM).pooled).any()


@every_family
def test_our_own_weights_need_the_checkpoint_no_longer(family, tmp_path):
    folder = make(family, tmp_path / family)
    config = BackboneConfig(name="hf", weights=str(folder), pool="max")
    backbone = build(config, LETTERS)
    hub.load_into(backbone, folder)
    options = resolve(config).options
    encoder = {"name": "tokenizer", "state": {}}
    hub.save(tmp_path / "hf.own", backbone, arch="hf", options=options, encoder=encoder, card={})
    for file in folder.iterdir():
        file.unlink()
    loaded, _ = hub.load(tmp_path / "hf.own")
    assert torch.equal(loaded(STREAM).pooled, backbone.eval()(STREAM).pooled)


def test_half_precision_checkpoints_are_computed_in_full(tmp_path):
    MAKERS["bert"]().half().save_pretrained(tmp_path / "bert")
    backbone, _ = hub.load(tmp_path / "bert")
    assert {p.dtype for p in backbone.parameters()} == {torch.float32}


def test_sharded_checkpoints_are_read(tmp_path):
    MAKERS["roberta"]().save_pretrained(tmp_path / "roberta", max_shard_size="10KB")
    assert len(list((tmp_path / "roberta").glob("*.safetensors"))) > 1
    theirs = of_transformers(tmp_path / "roberta")
    expected = theirs(input_ids=IDS[:1], attention_mask=MASK[:1].long()).last_hidden_state
    ours = hub.load(tmp_path / "roberta")[0]({"x": IDS[:1], "mask": MASK[:1]}).tokens
    assert torch.allclose(ours, expected, atol=1e-5)


def test_pickled_weights_are_not_read(tmp_path):
    folder = make("bert", tmp_path / "bert")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    backbone = build(BackboneConfig(name="hf", weights=str(folder)), LETTERS)
    with pytest.raises(WeightsError, match=r"no \*\.safetensors file. Pickled weights"):
        hub.load_into(backbone, folder)


@pytest.mark.parametrize("keep", [6, 300, 5000])
def test_a_truncated_checkpoint(keep, tmp_path):
    folder = make("bert", tmp_path / "bert")
    backbone = build(BackboneConfig(name="hf", weights=str(folder)), LETTERS)
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:keep])
    with pytest.raises(WeightsError, match="damaged or not complete"):
        hub.load_into(backbone, folder)


def test_other_architectures_are_refused_with_the_known_ones(tmp_path):
    transformers.GPT2Model(transformers.GPT2Config(n_embd=8, n_layer=1, n_head=1, vocab_size=9)).save_pretrained(
        tmp_path / "gpt2"
    )
    with pytest.raises(WeightsError, match="of type bert, roberta, esm, t5"):
        build(BackboneConfig(name="hf", weights=str(tmp_path / "gpt2")), LETTERS)


def test_remote_code_is_never_run(tmp_path):
    code = tmp_path / "x"
    code.mkdir()
    (code / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    (code / "config.json").write_text(json.dumps({"model_type": "evil", "auto_map": {"AutoModel": "evil.Evil"}}))
    with pytest.raises(WeightsError, match="of type 'evil'"):
        build(BackboneConfig(name="hf", weights=str(code)), LETTERS)
    assert not (tmp_path / "ran").exists()


def test_decoders_are_refused():
    with pytest.raises(WeightsError, match="is_decoder"):
        HF(LETTERS, architecture={"model_type": "bert", **SIZES, "is_decoder": True})


def test_a_tokenizer_of_another_model_is_refused():
    with pytest.raises(WeightsError, match="has 99 ids, but this bert checkpoint embeds only 33"):
        HF(Inputs("letters", 99), architecture={"model_type": "bert", **SIZES})


def test_without_weights_there_is_no_architecture():
    with pytest.raises(ConfigError, match="'hf' needs weights"):
        build(BackboneConfig(name="hf"), LETTERS)


@pytest.mark.parametrize(("kind", "longest"), [("bert", 40), ("roberta", 38), ("esm", 38)])
def test_too_long_sequences_say_how_to_cut(kind, longest):
    architecture = {"model_type": kind, **SIZES, "pad_token_id": 0 if kind == "bert" else 1, "mask_token_id": 32}
    backbone = HF(LETTERS, architecture=architecture).eval()
    fits = {"x": torch.full((1, longest), 5), "mask": torch.ones(1, longest, dtype=torch.bool)}
    assert torch.isfinite(backbone(fits).pooled).all()
    over = {key: torch.cat([value, value[:, :1]], 1) for key, value in fits.items()}
    with pytest.raises(DataError, match=f"{longest + 1} tokens is longer than the {longest}.*max_length: {longest}"):
        backbone(over)


@pytest.mark.parametrize("kind", ["rotary", "t5"])
def test_relative_positions_have_no_longest_sequence(kind):
    architecture = {"model_type": "t5", **T5} if kind == "t5" else {"model_type": "esm", **ESM}
    backbone = HF(LETTERS, architecture={**architecture, "position_embedding_type": "rotary"}).eval()
    long = {"x": torch.full((1, 90), 5), "mask": torch.ones(1, 90, dtype=torch.bool)}
    assert torch.isfinite(backbone(long).pooled).all()


def test_dropout_replaces_the_rates_of_the_architecture():
    architecture = {"model_type": "t5", **T5, "dropout_rate": 0.5}
    noisy, still = HF(LETTERS, architecture=architecture).train(), HF(LETTERS, architecture=architecture, dropout=0.0)
    assert not torch.equal(noisy(STREAM).pooled, noisy(STREAM).pooled)
    assert torch.equal(still.train()(STREAM).pooled, still(STREAM).pooled)


def test_the_shared_position_bias_belongs_to_one_block():
    backbone = HF(LETTERS, architecture={"model_type": "t5", **T5})
    owners = [
        number
        for number, block in enumerate(backbone.blocks())
        for name, _ in block.named_parameters()
        if "relative_attention_bias" in name
    ]
    assert owners == [1]
