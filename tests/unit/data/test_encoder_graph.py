"""Encoder graph: padding, equal molecules, what is refused and how."""

import numpy as np
import pytest
import torch

from exapt.bio.chem.graphs import MASKED, SCHEMES
from exapt.core.contracts import Matrix
from exapt.core.errors import ConfigError, DataError
from exapt.core.examples import stack
from exapt.core.registry import CLEANERS
from exapt.data.encoders.graph import Graph

SMILES = ["CCO", "C", "[Na+].[Cl-]", "c1ccccc1", "C/C=C/[C@H](N)F", "C1" + "C" * 198 + "C1"]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_inputs_say_what_the_scheme_has(scheme):
    inputs = Graph(scheme).inputs()
    assert inputs.kind == "graph"
    assert inputs.mask == MASKED < inputs.levels[0]
    assert inputs.levels == tuple(SCHEMES[scheme].atom.values())
    assert inputs.edge_levels == tuple(SCHEMES[scheme].bond.values())
    assert inputs.size == len(inputs.levels)


def test_a_batch_is_what_stacking_gives():
    encoder = Graph()
    items = encoder.encode(SMILES)
    found, expected = encoder.collate(items), stack(items)
    assert list(found) == ["x", "mask", "edges"]
    assert all(torch.equal(found[key], expected[key]) for key in ("x", "edges"))
    assert all(found[key].dtype == expected[key].dtype for key in found)
    assert found["mask"].sum(1).tolist() == [len(item["x"]) for item in items]
    assert not found["x"][~found["mask"]].any()


def test_a_batch_without_any_bond():
    batch = Graph().collate(Graph().encode(["C", "[Na+].[Cl-]"]))
    assert batch["edges"].shape == (2, 0, 2 + len(SCHEMES["full"].bond))
    assert batch["mask"].tolist() == [[True, False], [True, True]]


def test_equal_smiles_are_read_once():
    first, second, third = Graph().encode(["CCO", "CCC", "CCO"])
    assert first["x"] is third["x"]
    assert first["x"] is not second["x"]


@pytest.mark.parametrize(
    ("smiles", "reason"),
    [("C(C", "the spelling is no SMILES"), ("CN(C)(C)C", "Explicit valence"), ("", "no atom")],
)
def test_an_unreadable_molecule_is_refused_with_its_row_and_reason(smiles, reason):
    with pytest.raises(DataError, match=rf"encoder 'graph': row 2 .*{reason}") as caught:
        Graph().encode(["CCO", "CCO", smiles, "C", smiles])
    assert "(2 such rows)" in str(caught.value)
    assert "'readable_smiles'" in str(caught.value)
    assert "readable_smiles" in CLEANERS.names()


def test_what_is_no_text_is_refused():
    with pytest.raises(DataError, match="row 1 holds nan"):
        Graph().encode(["CCO", float("nan")])
    with pytest.raises(DataError, match="reads SMILES"):
        Graph().encode(Matrix(np.zeros((2, 3))))


def test_an_unknown_scheme_offers_the_nearest():
    with pytest.raises(ConfigError, match="Did you mean 'full'"):
        Graph("ful")


@pytest.mark.mirror
@pytest.mark.slow
@pytest.mark.parametrize(("card", "rows"), [("bbbp", 2039), ("tox21", 7823), ("esol", 1128), ("zinc250k", 20_000)])
def test_real_molecules(card, rows):
    from exapt.core.config import DataConfig
    from exapt.data.loading import load

    table = load(DataConfig(name=card)).table
    smiles = table.frame[table.names("input")[0]].tolist()[:rows]
    assert len(smiles) == rows
    for scheme in SCHEMES:
        encoder = Graph(scheme)
        items, inputs = encoder.encode(smiles), encoder.inputs()
        assert len(items) == rows
        highest = np.concatenate([item["x"] for item in items]).max(0)
        assert (highest < inputs.levels).all()
        assert (np.concatenate([item["edges"] for item in items])[:, 2:].max(0) < inputs.edge_levels).all()
