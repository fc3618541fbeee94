import json
import time

import numpy as np
import pytest

from exapt.core.contracts import Inputs, Matrix
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import ENCODERS
from exapt.data.encoders.letters import Letters


def ids(encoder, *values):
    return [item["x"].tolist() for item in encoder.encode(list(values))]


def test_dna_ids_are_fixed_and_complement_by_subtraction():
    (forward,) = ids(Letters("dna"), "ACGTN")
    assert forward == [2, 3, 4, 5, 6]
    assert [7 - i for i in forward[:4]] == ids(Letters("dna"), "TGCA")[0]


def test_rna_ids_are_those_of_dna():
    assert ids(Letters("rna"), "ACGUN") == ids(Letters("dna"), "ACGTN")


def test_protein_ids_are_fixed():
    assert ids(Letters("protein"), "ACDEFGHIKLMNPQRSTVWYX") == [list(range(2, 23))]
    assert Letters("protein").inputs() == Inputs("letters", 23)


@pytest.mark.parametrize(
    ("modality", "value", "same"),
    [("dna", "acgu", "ACGT"), ("rna", "ACGT", "acgu"), ("dna", "RYé-", "NNNN"), ("protein", "BZJUO*", "XXXXXX")],
)
def test_case_u_and_t_and_unknown_letters(modality, value, same):
    assert ids(Letters(modality), value) == ids(Letters(modality), same)


def test_max_length_keeps_the_start():
    assert ids(Letters("dna", max_length=2), "ACGT", "T", "") == [[2, 3], [5], []]


def test_small_integers_in_memory_long_in_a_batch():
    encoder = Letters("dna")
    items = encoder.encode(["ACG", "A"])
    assert items[0]["x"].dtype == np.uint8
    batch = encoder.collate(items)
    assert str(batch["x"].dtype) == "torch.int64"
    assert batch["mask"].tolist() == [[True, True, True], [True, False, False]]


def test_molecule_tokens_are_atoms_and_rings_not_characters():
    encoder = Letters("molecule").fit(["CC(=O)Cl", "[NH3+]CC%12Br"])
    assert encoder.vocabulary == ("%12", "(", ")", "=", "Br", "C", "Cl", "O", "[NH3+]")
    (one,) = ids(encoder, "[NH3+]Cl")
    assert [encoder.tokens()[i] for i in one] == ["[NH3+]", "Cl"]


def test_a_token_that_training_lacked_is_unknown():
    encoder = Letters("molecule", max_length=3).fit(["CCO"])
    assert ids(encoder, "CNO", "CCCCC", "") == [[3, 2, 4], [3, 3, 3], []]


def test_a_large_vocabulary_keeps_the_most_frequent_tokens():
    rare = ["".join(f"[{i}H]" for i in range(300))]
    encoder = Letters("molecule").fit(rare + ["CCN"] * 3)
    assert len(encoder.vocabulary) == 253
    assert {"C", "N"} <= set(encoder.vocabulary)
    assert encoder.inputs().size == 256


def test_a_learned_vocabulary_is_kept():
    learned = Letters("molecule").fit(["CCO"])
    assert learned.fit(["NNN"]) == learned


def test_errors_name_the_row_and_the_choice():
    with pytest.raises(DataError, match="row 1 holds None"):
        Letters("dna").encode(["ACGT", None])
    with pytest.raises(DataError, match="holds numbers"):
        Letters("dna").encode(Matrix(np.zeros((2, 2))))
    with pytest.raises(ConfigError, match="Did you mean 'protein'"):
        ENCODERS.build("letters", modality="protien")
    with pytest.raises(ConfigError, match="needs the option 'modality'"):
        ENCODERS.build("letters")
    with pytest.raises(ConfigError, match="max_length must be above 0"):
        Letters("dna", max_length=0)
    with pytest.raises(ConfigError, match="fit it on the training rows"):
        Letters("molecule").inputs()


def test_state_is_json_of_an_equal_encoder():
    encoder = Letters("molecule", max_length=9).fit(["CCO", "Brc1ccccc1"])
    assert ENCODERS.build("letters", **json.loads(json.dumps(encoder.state()))) == encoder


@pytest.mark.parametrize("modality", ["dna", "protein", "molecule"])
def test_ten_million_letters_in_seconds(modality):
    letters = np.array(list("CNOPSF" if modality == "molecule" else "ACGT"))
    rng = np.random.default_rng(0)
    n = 2_000 if modality == "molecule" else 20_000
    values = ["".join(row) for row in letters[rng.integers(0, len(letters), (n, 500))]]
    encoder = Letters(modality).fit(values)
    start = time.perf_counter()
    items = encoder.encode(values)
    seconds = time.perf_counter() - start
    assert len(items) == n
    assert seconds < 2.0, f"{n * 500 / seconds:,.0f} letters/s"
