"""Every registered encoder: what is learned is JSON, rows are encoded one by one alike, padding is marked."""

import dataclasses
import json

import numpy as np
import pytest
import torch

from exapt.core.contracts import Encoder, Inputs, Matrix
from exapt.core.registry import ENCODERS

RNG = np.random.default_rng(0)
SEQUENCES = ["".join(RNG.choice(list("ACGT"), n)) for n in (9, 4, 1, 30, 12, 7)]
COUNTS = RNG.poisson(2.0, (6, 8)).astype(np.float32)
MOLECULES = ["CCO", "c1ccccc1Br", "[NH4+]", "C/C=C/[C@H](N)F", "[Na+].[Cl-]", "N#N"]
PROTEINS = ["".join(RNG.choice(list("ACDEFGHIKLMNPQRSTVWY"), n)) for n in (30, 12, 45, 8, 20, 33)]
CASES = {
    "letters-dna": ("letters", {"modality": "dna"}, SEQUENCES),
    "letters-rna": ("letters", {"modality": "rna"}, SEQUENCES),
    "letters-protein": ("letters", {"modality": "protein"}, SEQUENCES),
    "letters-molecule": ("letters", {"modality": "molecule"}, MOLECULES),
    "expression": ("expression", {}, Matrix(COUNTS, tuple("abcdefgh"))),
    "profile": ("profile", {}, Matrix(RNG.normal(size=(6, 5)))),
    "pixels": ("pixels", {}, Matrix(RNG.integers(0, 256, (6, 4, 3, 3)).astype(np.uint8))),
    "tokenizer": ("tokenizer", {}, SEQUENCES),
    "fingerprint": ("fingerprint", {"bits": 64}, MOLECULES),
    "fingerprint-of-pairs": ("fingerprint", {"family": "atom_pairs", "bits": 64, "counts": False}, MOLECULES),
    "reading_frame": ("reading_frame", {}, SEQUENCES),
    "alignment": ("alignment", {}, PROTEINS),
    "alignment-few": ("alignment", {"most": 3}, PROTEINS),
    "graph-full": ("graph", {}, MOLECULES),
    "graph-hu": ("graph", {"scheme": "hu"}, MOLECULES),
}


@pytest.fixture(scope="session")
def tokenizer_folder(tmp_path_factory):
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.WordLevel({w: i for i, w in enumerate(["<unk>", "<pad>", *"ACGT"])}, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Split(Regex("."), "isolated")
    folder = tmp_path_factory.mktemp("tokenizer")
    PreTrainedTokenizerFast(tokenizer_object=core, unk_token="<unk>", pad_token="<pad>").save_pretrained(folder)
    return str(folder)


@pytest.fixture(params=CASES)
def case(request):
    name, options, values = CASES[request.param]
    if name == "tokenizer":
        options = {"tokenizer": request.getfixturevalue("tokenizer_folder")}
    return name, ENCODERS.build(name, **options), values


def take(values, rows):
    return values.take(np.array(rows, dtype=np.int64)) if isinstance(values, Matrix) else [values[i] for i in rows]


def test_every_encoder_is_tried():
    assert {name for name, _, _ in CASES.values()} == set(ENCODERS.names())


def test_it_is_a_frozen_dataclass_of_the_contract(case):
    _, encoder, _ = case
    assert isinstance(encoder, Encoder)
    assert encoder.modalities
    with pytest.raises(dataclasses.FrozenInstanceError):
        encoder.anything = 1


def test_fit_returns_a_copy_and_leaves_the_original_alone(case):
    _, encoder, values = case
    before = encoder.state()
    fitted = encoder.fit(values)
    assert type(fitted) is type(encoder)
    assert encoder.state() == before
    assert fitted.fit(values) == fitted


def test_the_registry_builds_an_equal_encoder_from_its_state(case):
    name, encoder, values = case
    for original in (encoder, encoder.fit(values)):
        again = ENCODERS.build(name, **json.loads(json.dumps(original.state(), allow_nan=False)))
        assert again == original
    for one, other in zip(original.encode(values), again.encode(values), strict=True):
        assert one.keys() == other.keys()
        assert all(np.array_equal(one[key], other[key]) for key in one)


def test_one_array_a_value_that_suits_the_inputs(case):
    _, encoder, values = case
    encoder = encoder.fit(values)
    inputs = encoder.inputs()
    assert isinstance(inputs, Inputs)
    items = encoder.encode(values)
    assert len(items) == 6
    for item in items:
        x = item["x"]
        if inputs.kind == "letters":
            assert x.ndim == 1
            assert x.dtype.kind in "ui"
            assert x.min() >= 0
            assert x.max() < inputs.size
        elif inputs.kind == "graph":
            assert x.dtype == np.uint8
            assert x.shape[1] == inputs.size == len(inputs.levels)
            assert (x < inputs.levels).all()
            assert inputs.mask is not None
            assert (x[:, 0] != inputs.mask).all()
            edges = item["edges"]
            assert edges.dtype == np.int16
            assert edges.shape[1] == 2 + len(inputs.edge_levels)
            assert (edges >= 0).all()
            assert (edges[:, :2] < len(x)).all()
            assert (edges[:, 2:] < inputs.edge_levels).all()
            assert np.array_equal(edges[::2, [1, 0, *range(2, edges.shape[1])]], edges[1::2]), "both directions"
        else:
            assert x.dtype == np.float32
            assert x.shape[-1] == inputs.size
            assert x.ndim == (3 if inputs.kind == "image" else 2)


def test_a_row_is_encoded_the_same_alone_and_among_others(case):
    _, encoder, values = case
    encoder = encoder.fit(values)
    together = encoder.encode(values)
    backwards = encoder.encode(take(values, [5, 4, 3, 2, 1, 0]))
    for i in range(6):
        (alone,) = encoder.encode(take(values, [i]))
        assert np.array_equal(alone["x"], together[i]["x"])
        assert np.array_equal(backwards[5 - i]["x"], together[i]["x"])
    assert encoder.encode(take(values, [])) == []


def test_the_mask_is_true_where_a_batch_is_real(case):
    _, encoder, values = case
    encoder = encoder.fit(values)
    items = encoder.encode(values)
    batch = encoder.collate(items)
    x, mask = batch["x"], batch["mask"]
    axes = mask.ndim
    assert mask.dtype == torch.bool
    assert x.shape[:axes] == mask.shape
    assert x.dtype == (torch.int64 if encoder.inputs().kind in ("letters", "graph") else torch.float32)
    if "edges" in batch:
        for row, item in zip(batch["edges"], items, strict=True):
            assert torch.equal(row[: len(item["edges"])], torch.from_numpy(item["edges"]))
            assert (row[len(item["edges"]) :] == -1).all()
    for row, real, item in zip(x, mask, items, strict=True):
        part = tuple(slice(n) for n in item["x"].shape[: axes - 1])
        assert torch.equal(row[part], torch.from_numpy(item["x"]).to(x.dtype))
        assert real[part].all()
        assert real.sum() == np.prod(item["x"].shape[: axes - 1])


def test_it_has_a_line_for_the_list():
    for name, line in ENCODERS.describe().items():
        assert line.endswith("."), name
