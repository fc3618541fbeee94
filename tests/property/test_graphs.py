"""Graphs of molecules and the networks on them: the order of atoms, company and padding change nothing."""

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from exapt.bio.chem.graphs import SCHEMES, graphs
from exapt.bio.chem.standard import readable
from exapt.core.examples import stack
from exapt.data.encoders.graph import Graph
from exapt.models.backbones.gnn.model import GNN

UNITS = [
    "C",
    "N",
    "O",
    "c1ccccc1",
    "C(=O)",
    "[C@H](F)",
    "[NH2+]",
    "C([O-])",
    "C1CC1",
    "S",
    "/C=C/",
    "[Cu]",
    "*",
    "C2CC2",
]
molecules = (
    st.lists(st.sampled_from(UNITS), min_size=1, max_size=7).map("".join).filter(lambda text: readable([text])[0])
)
mixtures = st.lists(molecules, min_size=1, max_size=2).map(".".join)
batches = st.lists(mixtures, min_size=1, max_size=5)
ENCODER = Graph()
torch.manual_seed(0)
NETWORKS = [
    GNN(ENCODER.inputs(), conv=conv, dim=8, depth=2, virtual_node=virtual, pool=pool).double().eval()
    for conv, virtual, pool in [
        ("gin", False, "mean"),
        ("gin", True, "sum"),
        ("gcn", False, "mean_max"),
        ("gat", False, "mean"),
        ("dmpnn", False, "max"),
    ]
]


def close(a, b):
    return torch.allclose(a, b, atol=1e-4, rtol=1e-4)


def renumbered(item, order):
    """The same graph with atom order[i] at place i, and its bonds in another order."""
    place = np.argsort(order)
    edges = item["edges"].copy()
    edges[:, :2] = place[edges[:, :2]]
    pairs = edges.reshape(-1, 2, edges.shape[1])[np.random.default_rng(len(edges)).permutation(len(edges) // 2)]
    return {"x": item["x"][order], "edges": pairs[:, ::-1].reshape(edges.shape)}


@settings(max_examples=25, deadline=None)
@given(mixtures, st.randoms(use_true_random=False))
def test_the_numbering_of_atoms_does_not_matter(smiles, random):
    (item,) = ENCODER.encode([smiles])
    order = list(range(len(item["x"])))
    random.shuffle(order)
    for network in NETWORKS:
        with torch.no_grad():
            found = network(ENCODER.collate([item]))
            other = network(ENCODER.collate([renumbered(item, order)]))
        assert close(found.pooled, other.pooled)
        assert close(found.tokens[0][order], other.tokens[0])


@settings(max_examples=25, deadline=None)
@given(batches)
def test_company_never_changes_an_answer(values):
    items = ENCODER.encode(values)
    for network in NETWORKS:
        with torch.no_grad():
            together = network(ENCODER.collate(items)).pooled
            alone = torch.cat([network(ENCODER.collate([item])).pooled for item in items])
        assert close(together, alone)


@settings(max_examples=20, deadline=None)
@given(batches, st.integers(1, 4), st.integers(1, 4))
def test_padding_never_changes_training(values, atoms, bonds):
    stream = ENCODER.collate(ENCODER.encode(values))
    x, mask = stream["x"], stream["mask"]
    loose = {
        "x": torch.cat([x, x.new_full((len(x), atoms, x.shape[2]), 1)], 1),
        "mask": torch.cat([mask, mask.new_zeros(len(x), atoms)], 1),
        "edges": torch.cat(
            [stream["edges"], stream["edges"].new_full((len(x), 2 * bonds, stream["edges"].shape[2]), -1)], 1
        ),
    }
    for network in NETWORKS:
        found = []
        for batch in (stream, loose):
            network.train().zero_grad()
            output = network(batch).pooled
            output.square().sum().backward()
            found.append((output.detach(), [p.grad.clone() for p in network.parameters() if p.grad is not None]))
        network.eval()
        assert close(found[0][0], found[1][0])
        for a, b in zip(found[0][1], found[1][1], strict=True):
            assert close(a, b)


@settings(max_examples=100, deadline=None)
@given(mixtures, st.integers(1, 1000))
def test_the_full_scheme_does_not_depend_on_how_a_molecule_is_written(smiles, seed):
    (other,) = Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(smiles), 1, randomSeed=seed)
    found = graphs([smiles, other])
    (atoms, bonds), (atoms_again, bonds_again) = found[0], found[1]
    assert sorted(map(tuple, atoms)) == sorted(map(tuple, atoms_again))
    ends = [
        sorted((*sorted((tuple(a[f]), tuple(a[t]))), *levels) for f, t, *levels in b.tolist())
        for a, b in ((atoms, bonds), (atoms_again, bonds_again))
    ]
    assert ends[0] == ends[1]


@settings(max_examples=100, deadline=None)
@given(st.lists(mixtures, min_size=1, max_size=6), st.sampled_from(list(SCHEMES)))
def test_a_padded_batch_holds_each_molecule(values, scheme):
    encoder = Graph(scheme)
    items = encoder.encode(values)
    batch = encoder.collate(items)
    assert torch.equal(batch["edges"], stack(items)["edges"])
    for x, mask, edges, item in zip(batch["x"], batch["mask"], batch["edges"], items, strict=True):
        assert torch.equal(x[mask], torch.from_numpy(item["x"]).long())
        assert np.array_equal(edges[edges[:, 0] >= 0].numpy(), item["edges"])
