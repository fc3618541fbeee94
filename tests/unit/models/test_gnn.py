"""Graph networks against plain formulas, atom by atom, and what their options do."""

import itertools

import pytest
import torch
import torch.nn.functional as F

from exapt.core.contracts import Inputs
from exapt.core.errors import ConfigError, DataError
from exapt.data.encoders.graph import Graph
from exapt.models.backbones.gnn.model import GNN
from exapt.models.layers.graph import LevelSum, links_of, neighbourhoods, padded, rows_of

ENCODER = Graph("hu")
SMILES = ["CC(C)(C)c1ccccc1", "C", "[Na+].[Cl-]", "CC(=O)O", "C/C=C\\C#N"]


@pytest.fixture
def batch():
    return ENCODER.collate(ENCODER.encode(SMILES))


def build(**options):
    torch.manual_seed(0)
    gnn = GNN(ENCODER.inputs(), **{"dim": 6, "depth": 2, "heads": 2, **options}).double()
    with torch.no_grad():
        for tensor in [*gnn.parameters(), *(b for n, b in gnn.named_buffers() if "running" in n)]:
            tensor.add_(0.2 * torch.rand_like(tensor))
    return gnn.eval()


def pieces(batch):
    """One molecule after another: levels of its atoms, and its edges as (from, to, levels)."""
    for x, mask, edges in zip(batch["x"], batch["mask"], batch["edges"], strict=True):
        yield x[mask], [(int(e[0]), int(e[1]), e[2:].long()) for e in edges if e[0] >= 0]


def level_sum(table, codes):
    starts = list(itertools.accumulate(table.levels, initial=0))
    return sum(table.weight[start + int(code)] for start, code in zip(starts, codes, strict=False))


def normed(norm, x):
    return F.batch_norm(x, norm.running_mean, norm.running_var, norm.weight, norm.bias)


def summed(conv, x, edges, weight=lambda i, j: 1.0):
    """Sum over neighbours and bonds, and the atom itself over the last row of the table."""
    rows = []
    for i in range(len(x)):
        row = weight(i, i) * (x[i] + conv.bonds.weight[-1])
        for start, end, codes in edges:
            if end == i:
                row = row + weight(i, start) * (x[start] + level_sum(conv.bonds, codes))
        rows.append(row)
    return torch.stack(rows)


@pytest.mark.parametrize("conv", ["gin", "gcn", "gcn without weights"])
def test_sums_over_neighbours_atom_by_atom(batch, conv):
    gnn = build(conv=conv[:3], normalise="without" not in conv)
    found = gnn(batch)
    for row, (codes, edges) in enumerate(pieces(batch)):
        x = torch.stack([level_sum(gnn.stem.atoms, code) for code in codes])
        degree = [1 + sum(end == i for _, end, _ in edges) for i in range(len(x))]
        for depth, layer in enumerate(gnn.layers):
            if conv == "gin":
                x = layer.conv.mlp(summed(layer.conv, x, edges))
            elif conv == "gcn":
                x = layer.conv.linear(x)
                x = summed(layer.conv, x, edges, lambda i, j, d=degree: (d[i] * d[j]) ** -0.5)
            else:
                x = summed(layer.conv, layer.conv.linear(x), edges)
            x = normed(layer.norm, x)
            x = x if depth == 1 else F.relu(x)
        assert torch.allclose(found.tokens[row, : len(x)], x)
        assert torch.allclose(found.pooled[row], x.mean(0).float(), atol=1e-6)


def test_directed_messages_bond_by_bond(batch):
    gnn = build(conv="dmpnn", depth=3)
    found = gnn(batch)
    start, *steps, end = gnn.blocks()
    for row, (codes, edges) in enumerate(pieces(batch)):
        first = [level_sum(start.sources, codes[a]) + level_sum(start.bonds, bond) for a, _, bond in edges]
        states = [F.relu(state) for state in first]
        for step in steps:
            messages = [
                sum(
                    (h for h, (c, d, _) in zip(states, edges, strict=True) if d == a and c != b),
                    torch.zeros(6, dtype=torch.double),
                )
                for a, b, _ in edges
            ]
            states = [F.relu(h + step.linear(m)) for h, m in zip(first, messages, strict=True)]
        for atom, code in enumerate(codes):
            arriving = sum(
                (h for h, (_, d, _) in zip(states, edges, strict=True) if d == atom),
                torch.zeros(6, dtype=torch.double),
            )
            expected = F.relu(level_sum(start.atoms, code) + end.linear(arriving))
            assert torch.allclose(found.tokens[row, atom], expected)


@pytest.mark.parametrize("sums", ["into_edges", "into_nodes", "at_source", "neighbours", "weighted"])
def test_gradients_of_sums_along_edges(batch, sums):
    links = links_of(batch)
    count = len(links.source) if sums.startswith("into") else links.nodes
    x = torch.randn(count, 2, dtype=torch.double, requires_grad=True)
    if sums in ("neighbours", "weighted"):
        function = neighbourhoods(links, ENCODER.inputs().edge_levels, normalise=sums == "weighted").sum
    else:
        function = getattr(links, sums)
    assert torch.autograd.gradcheck(function, x)
    assert torch.autograd.gradgradcheck(function, x)


def test_at_source_and_back():
    batch = ENCODER.collate(ENCODER.encode(["CO", "N"]))
    links = links_of(batch)
    x = torch.tensor([[1.0], [2.0], [4.0]])
    assert links.at_source(x).tolist() == [[1.0], [2.0]]
    edges = torch.tensor([[1.0], [2.0]])
    assert links.into_nodes(edges).tolist() == [[2.0], [1.0], [0.0]]
    assert links.into_edges(edges).tolist() == [[0.0]] * 2


def test_rows_and_padding():
    real = torch.tensor([[True, False], [True, True]])
    x = torch.arange(8.0).view(2, 2, 2)
    rows = rows_of(x, real)
    assert rows.tolist() == [[0, 1], [4, 5], [6, 7]]
    assert torch.equal(padded(rows, real), x * real.unsqueeze(-1))
    assert rows_of(x, torch.ones(2, 2, dtype=torch.bool)).data_ptr() == x.data_ptr()


def test_levels_of_features_have_rows_of_their_own():
    table = LevelSum([3, 2], 4)
    codes = torch.tensor([[0, 0], [2, 1]])
    expected = torch.stack([table.weight[0] + table.weight[3], table.weight[2] + table.weight[4]])
    assert torch.allclose(table(codes), expected)


@pytest.mark.parametrize("conv", ["gin", "gcn", "gat", "dmpnn"])
def test_far_atoms_need_layers_or_a_virtual_node(conv):
    """A change at one end of a chain of six reaches the other end after five layers, at once through the node."""
    batch = ENCODER.collate(ENCODER.encode(["CCCCCC", "OCCCCC"]))

    def differ(**options):
        tokens = build(conv=conv, **options)(batch).tokens
        return not torch.allclose(tokens[0, 5], tokens[1, 5], atol=1e-9)

    assert not differ(depth=4)
    assert differ(depth=6)
    if conv != "dmpnn":
        assert differ(depth=3, virtual_node=True)


@pytest.mark.parametrize(("pool", "expected"), [("sum", 2.0), ("mean", 1.0), ("max", 1.0)])
def test_only_a_sum_knows_the_size(pool, expected):
    gnn = build(pool=pool, norm="none", depth=1)
    one, two = ENCODER.collate(ENCODER.encode(["C", "C.C"])), None
    two = gnn(one).pooled
    assert torch.allclose(two[1], expected * two[0], atol=1e-5)


def test_another_kind_of_bond_changes_the_answer():
    batch = ENCODER.collate(ENCODER.encode(["CC", "C=C", "C#C"]))
    for conv in ("gin", "gcn", "gat", "dmpnn"):
        pooled = build(conv=conv)(batch).pooled
        assert not torch.allclose(pooled[0], pooled[1], atol=1e-4), conv
        assert not torch.allclose(pooled[1], pooled[2], atol=1e-4), conv


def test_a_missing_direction_is_refused(batch):
    halved = {**batch, "edges": batch["edges"][:, ::2]}
    for conv in ("gin", "dmpnn"):
        with pytest.raises(DataError, match="both directions"):
            build(conv=conv)(halved)


def test_bonds_taken_out_in_the_middle(batch):
    """A task may blank bonds in place; the answer is that of the molecule without them."""
    cut = batch["edges"].clone()
    cut[0, 4:6] = -1
    closed = torch.cat([cut[:1, :4], cut[:1, 6:]], 1)
    one = {"x": batch["x"][:1], "mask": batch["mask"][:1]}
    for conv in ("gin", "gcn", "gat", "dmpnn"):
        gnn = build(conv=conv)
        assert torch.allclose(gnn({**one, "edges": cut[:1]}).pooled, gnn({**one, "edges": closed}).pooled, atol=1e-6)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"conv": "sage"}, "conv: 'sage' is not known"),
        ({"pool": "avg"}, "pool: 'avg' is not known. .*sum"),
        ({"norm": "group"}, "norm: 'group' is not known"),
        ({"depth": 0}, "depth: found 0"),
        ({"conv": "gat", "heads": 4}, "4 heads do not divide dim 6"),
        ({"conv": "dmpnn", "virtual_node": True}, "virtual_node: conv 'dmpnn'"),
        ({"normalise": False}, "normalise: only conv 'gcn'"),
    ],
)
def test_options_that_do_not_fit_are_refused(options, message):
    with pytest.raises(ConfigError, match=message):
        GNN(ENCODER.inputs(), **{"dim": 6, **options})


def test_letters_are_refused():
    with pytest.raises(ConfigError, match="backbone 'gnn' reads graph"):
        GNN(Inputs("letters", 7))
