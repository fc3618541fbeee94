"""Pre-training on molecules: the card says what was left out, and an interrupted call ends with the same weights."""

import pytest

from exapt import api
from exapt.core.config import parse
from exapt.core.tensors import digest, read_tensors
from exapt.transfer.training import loop

CHAINS = ["C" * length + end for length in range(1, 21) for end in ("O", "N", "Cl")]


@pytest.fixture
def config(tmp_path):
    rows = [f"{smiles},{'' if i % 2 else len(smiles)}" for i, smiles in enumerate([*CHAINS, "c1ccc"])]
    (tmp_path / "library.csv").write_text("\n".join(["smiles,A1", *rows]) + "\n", encoding="utf-8")
    parts = [
        {"name": "masked_atoms", "weight": 0.3},
        {"name": "molecule_descriptors", "bits": 32},
        {"name": "contrastive", "width": 8},
        {"name": "sequence_property", "weight": 0.1, "targets": "A1"},
    ]
    values = {
        "data": {"name": str(tmp_path / "library.csv"), "clean": ["readable_smiles"]},
        "task": {"name": "mixture", "parts": parts},
        "split": {"name": "random", "valid": 0.1, "test": 0.0},
        "backbone": {"name": "gnn", "dim": 8, "depth": 2},
        "training": {"epochs": 3, "batch_size": 16, "checkpoint_every": 2, "keep": "last"},
        "seeds": [0],
    }
    return parse(values, "test")


def test_a_killed_pretraining_goes_on_and_the_card_tells_what_was_left_out(config, tmp_path, monkeypatch):
    whole = api.pretrain(config, tmp_path / "gnn.whole", quiet=True)
    assert whole["left_out"] == ["readable_smiles: 61 -> 60 rows (SMILES that RDKit cannot read), e.g. row 61"]
    assert whole["rows"] == 54
    step, done = loop._Training._step, []

    def stop(self, terms):
        if len(done) == 5:
            raise KeyboardInterrupt
        done.append(1)
        step(self, terms)

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(loop._Training, "_step", stop)
        api.pretrain(config, tmp_path / "gnn.killed", quiet=True)
    api.pretrain(config, tmp_path / "gnn.killed", quiet=True)
    tensors = [digest(read_tensors(tmp_path / name / "model.safetensors")[0]) for name in ("gnn.whole", "gnn.killed")]
    assert tensors[0] == tensors[1]
