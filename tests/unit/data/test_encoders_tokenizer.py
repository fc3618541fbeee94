import contextlib
import json
import logging
import shutil

import numpy as np
import pytest

from exapt.core.contracts import Inputs, Matrix
from exapt.core.errors import DataError, WeightsError
from exapt.core.registry import ENCODERS
from exapt.data.encoders.tokenizer import Tokenizer

VOCABULARY = ["[UNK]", "[PAD]", "[CLS]", "[SEP]", *"ACDEFGHIKLMNPQRSTVWYX"]


def write_tokenizer(folder, *, split_letters, pad="[PAD]", limit=16):
    """A word-level tokenizer with CLS and SEP and padding id 1, as a directory."""
    from tokenizers import Regex, Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    core = Tokenizer(models.WordLevel({word: i for i, word in enumerate(VOCABULARY)}, unk_token="[UNK]"))
    letters = pre_tokenizers.Split(Regex("."), "isolated") if split_letters else pre_tokenizers.WhitespaceSplit()
    core.pre_tokenizer = letters
    core.post_processor = processors.TemplateProcessing("[CLS] $A [SEP]", special_tokens=[("[CLS]", 2), ("[SEP]", 3)])
    fast = PreTrainedTokenizerFast(
        tokenizer_object=core, unk_token="[UNK]", pad_token=pad, cls_token="[CLS]", sep_token="[SEP]",
        model_max_length=limit,
    )  # fmt: skip
    fast.save_pretrained(folder)
    return str(folder)


@pytest.fixture
def letters(tmp_path):
    return write_tokenizer(tmp_path / "letters", split_letters=True)


def test_ids_with_special_tokens(letters):
    encoder = Tokenizer(letters, modality="protein")
    (item,) = encoder.encode(["acD"])
    assert item["x"].dtype == np.int32
    assert item["x"].tolist() == [2, 4, 5, 6, 3]
    assert encoder.inputs() == Inputs("letters", len(VOCABULARY), mask=None, special=(0, 1, 2, 3))


def test_the_padding_is_the_tokenizers_own(letters):
    encoder = Tokenizer(letters)
    batch = encoder.collate(encoder.encode(["ACD", "A"]))
    assert batch["x"].tolist() == [[2, 4, 5, 6, 3], [2, 4, 3, 1, 1]]
    assert batch["mask"].tolist() == [[True] * 5, [True] * 3 + [False] * 2]


def test_spaces_between_letters_and_x_for_rare_residues(tmp_path):
    name = write_tokenizer(tmp_path / "words", split_letters=False)
    assert Tokenizer(name, modality="protein").encode(["ACU"])[0]["x"].tolist() == [2, 0, 3]
    x = VOCABULARY.index("X")
    assert Tokenizer(name, modality="protein", spaced=True).encode(["acU"])[0]["x"].tolist() == [2, 4, 5, x, 3]


def test_case_is_kept_for_molecules(letters):
    assert Tokenizer(letters, modality="molecule").encode(["cC"])[0]["x"].tolist() == [2, 0, 5, 3]


def test_long_values_are_cut_and_said(letters, caplog):
    with caplog.at_level(logging.WARNING):
        items = Tokenizer(letters).encode(["A" * 40, "AC"])
    assert [len(item["x"]) for item in items] == [16, 4]
    assert items[0]["x"][-1] == 3
    assert "1 of 2 values were cut to 16 tokens" in caplog.text
    assert len(Tokenizer(letters, max_length=8).encode(["A" * 40])[0]["x"]) == 8


def test_a_fitted_tokenizer_outlives_its_directory(letters):
    encoder = Tokenizer(letters, modality="protein").fit(["ACD"])
    state = json.loads(json.dumps(encoder.state()))
    expected = encoder.encode(["ACDW"])[0]["x"].tolist()
    shutil.rmtree(letters)
    again = ENCODERS.build("tokenizer", **state)
    assert again == encoder
    assert again.encode(["ACDW"])[0]["x"].tolist() == expected
    assert again.fit([]) == again


def test_what_is_not_a_tokenizer_is_refused(tmp_path, letters):
    (tmp_path / "empty").mkdir()
    with pytest.raises(WeightsError, match="no tokenizer could be loaded"):
        Tokenizer(str(tmp_path / "empty")).inputs()
    with pytest.raises(DataError, match="holds numbers"):
        Tokenizer(letters).encode(Matrix(np.zeros((1, 1))))
    with pytest.raises(DataError, match="row 0 holds 3"):
        Tokenizer(letters).encode([3])
    with pytest.raises(WeightsError, match="no padding token"):
        Tokenizer(write_tokenizer(tmp_path / "padless", split_letters=True, pad=None)).inputs()


def test_code_beside_a_tokenizer_is_not_run(tmp_path):
    name = write_tokenizer(tmp_path / "remote", split_letters=True)
    path = tmp_path / "remote" / "tokenizer_config.json"
    config = json.loads(path.read_text())
    config["auto_map"] = {"AutoTokenizer": ["evil.Evil", None]}
    config["tokenizer_class"] = "Evil"
    path.write_text(json.dumps(config))
    (tmp_path / "remote" / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w').close()\n")
    with contextlib.suppress(WeightsError):
        Tokenizer(name).inputs()
    assert not (tmp_path / "ran").exists()
