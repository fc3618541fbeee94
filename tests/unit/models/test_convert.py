"""Published layouts become weights of `gnn`, and give what a plain reading of their papers gives."""

import pytest
import torch
import yaml
from torch import nn

from exapt import api
from exapt.core.errors import RunExistsError, WeightsError
from exapt.core.provenance import sha256
from exapt.data.encoders.graph import Graph
from exapt.models import convert, hub

SMILES = ["CC(C)(C)c1ccccc1", "C", "[Na+].[Cl-]", "C/C=C\\C#N", "N[C@@H](C)C(=O)O", "N->[Pt](Cl)"]
DIM, DEPTH = 6, 3


def draw(layout, dim=DIM, depth=DEPTH):
    """A state_dict of that layout, of random numbers, with the heads that it is published with."""
    generator = torch.Generator().manual_seed(7)

    def numbers(*shape):
        return torch.rand(shape, generator=generator) - 0.4

    tensors = {
        "x_embedding1.weight": numbers(120 if "Hu" in layout else 119, dim),
        "x_embedding2.weight": numbers(3, dim),
    }
    levels, width = (6 if "Hu" in layout else 5), (1 if layout == "GCN of MolCLR" else dim)
    for i in range(depth):
        if "GIN" in layout:
            shapes = {"mlp.0.weight": (2 * dim, dim), "mlp.0.bias": (2 * dim,)}
            shapes |= {"mlp.2.weight": (dim, 2 * dim), "mlp.2.bias": (dim,)}
        else:
            linear = "linear." if "Hu" in layout else ""
            shapes = {f"{linear}weight": (dim, dim), f"{linear}bias": (dim,)}
        shapes |= {"edge_embedding1.weight": (levels, width), "edge_embedding2.weight": (3, width)}
        tensors |= {f"gnns.{i}.{name}": numbers(*shape) for name, shape in shapes.items()}
        tensors |= {f"batch_norms.{i}.{name}": numbers(dim) for name in ("weight", "bias", "running_mean")}
        tensors[f"batch_norms.{i}.running_var"] = numbers(dim) + 1
        tensors[f"batch_norms.{i}.num_batches_tracked"] = torch.tensor(9)
    heads = (
        {"graph_pred_linear.weight": (2, dim)}
        if "Hu" in layout
        else {"feat_lin.weight": (4, dim), "out_lin.0.bias": (4,)}
    )
    return tensors | {name: numbers(*shape) for name, shape in heads.items()}


def published(layout, tensors, item, depth=DEPTH):
    """The network as its authors describe it, on one molecule, edge by edge."""
    x, edges = torch.from_numpy(item["x"]).long(), torch.from_numpy(item["edges"]).long()
    loops = torch.tensor([[i, i, 4, 0] for i in range(len(x))])
    start, end, bond, direction = torch.cat([edges, loops]).T
    h = tensors["x_embedding1.weight"][x[:, 0]] + tensors["x_embedding2.weight"][x[:, 1]]
    degree = torch.bincount(start).float()
    for i in range(depth):
        of = {name.removeprefix(f"gnns.{i}."): t for name, t in tensors.items() if name.startswith(f"gnns.{i}.")}
        e = of["edge_embedding1.weight"][bond] + of["edge_embedding2.weight"][direction]
        if layout == "GCN of Hu et al.":
            h = h @ of["linear.weight"].T + of["linear.bias"]
            message = (degree[start] * degree[end]).rsqrt().unsqueeze(1) * (h[start] + e)
        elif layout == "GCN of MolCLR":
            message = (h @ of["weight"])[start] + e
        else:
            message = h[start] + e
        h = torch.zeros(len(x), DIM).index_add(0, end, message)
        if "mlp.0.weight" in of:
            h = (h @ of["mlp.0.weight"].T + of["mlp.0.bias"]).relu() @ of["mlp.2.weight"].T + of["mlp.2.bias"]
        h = h + of["bias"] if "bias" in of else h
        norm = {name: tensors[f"batch_norms.{i}.{name}"] for name in ("weight", "bias", "running_mean", "running_var")}
        h = (h - norm["running_mean"]) / (norm["running_var"] + 1e-5).sqrt() * norm["weight"] + norm["bias"]
        h = h if i == depth - 1 else h.relu()
    return h


LAYOUTS = [layout.title for layout in convert.LAYOUTS]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_weights_compute_what_the_published_network_computes(layout, tmp_path):
    tensors = draw(layout)
    torch.save(tensors, tmp_path / "model.pth")
    card = api.convert(tmp_path / "model.pth", tmp_path / "gnn.published", licence="MIT")
    gnn, config = hub.load(tmp_path / "gnn.published")
    assert config["encoder"] == {"name": "graph", "state": {"scheme": "hu"}}
    encoder = Graph(**config["encoder"]["state"])
    smiles = SMILES[:-1] if "MolCLR" in layout else SMILES  # MolCLR has no row for bonds of other types
    items = encoder.encode(smiles)
    with torch.no_grad():
        found = gnn(encoder.collate(items))
    for row, item in enumerate(items):
        expected = published(layout, tensors, item)
        assert torch.allclose(found.tokens[row, : len(expected)], expected, atol=1e-4)
        assert torch.allclose(found.pooled[row], expected.mean(0), atol=1e-4)
    assert card["layout"] == layout
    assert card["licence"] == "MIT"
    assert card["source_sha256"] == sha256(tmp_path / "model.pth")
    assert len(card["dropped"]) == DEPTH + (1 if "Hu" in layout else 2)
    assert bool(card["notes"]) == ("MolCLR" in layout)
    assert yaml.safe_load((tmp_path / "gnn.published" / "card.yaml").read_text()) == card


def test_the_inputs_are_those_of_the_encoder():
    assert Graph("hu").inputs() == convert.INPUTS


def test_missing_rows_are_made_up_and_said(tmp_path):
    tensors = draw("GIN of MolCLR")
    torch.save({"state_dict": tensors}, tmp_path / "model.pth")
    card = api.convert(tmp_path / "model.pth", tmp_path / "gnn.molclr")
    gnn, _ = hub.load(tmp_path / "gnn.molclr")
    atoms, bonds = gnn.stem.atoms.weight, gnn.layers[0].conv.bonds.weight
    assert torch.equal(atoms[118], tensors["x_embedding1.weight"][118])
    assert torch.equal(atoms[119], tensors["x_embedding1.weight"][118])
    assert torch.allclose(bonds[5], tensors["gnns.0.edge_embedding1.weight"][:4].mean(0))
    assert len(card["notes"]) == 2
    assert card["licence"] == "unknown"


def test_prefixes_of_what_held_the_network_are_left_out(tmp_path):
    torch.save({f"module.gnn.{name}": tensor for name, tensor in draw("GIN of Hu et al.").items()}, tmp_path / "m.pth")
    assert api.convert(tmp_path / "m.pth", tmp_path / "gnn.x")["layout"] == "GIN of Hu et al."


def test_what_fits_no_layout_is_listed(tmp_path):
    tensors = draw("GIN of Hu et al.")
    del tensors["gnns.1.mlp.0.bias"]
    tensors["gnns.2.mlp.2.bias"] = torch.zeros(3)
    tensors["pool.gate_nn.weight"] = torch.zeros(1, DIM)
    torch.save(tensors, tmp_path / "model.pth")
    with pytest.raises(WeightsError) as caught:
        api.convert(tmp_path / "model.pth", tmp_path / "gnn.x")
    text = str(caught.value)
    assert "Nearest: GIN of Hu et al. of width 6 and depth 3" in text
    assert "missing: gnns.1.mlp.0.bias (12,)" in text
    assert "unexpected: pool.gate_nn.weight (1, 6)" in text
    assert "shape: gnns.2.mlp.2.bias is (3,), expected (6,)" in text
    assert not (tmp_path / "gnn.x").exists()


def test_files_that_are_no_tensors_are_refused(tmp_path):
    torch.save(nn.Linear(2, 2), tmp_path / "whole.pth")
    with pytest.raises(WeightsError, match="cannot be read as tensors alone"):
        api.convert(tmp_path / "whole.pth", tmp_path / "gnn.x")
    (tmp_path / "cut.pth").write_bytes((tmp_path / "whole.pth").read_bytes()[:300])
    with pytest.raises(WeightsError, match="cannot be read as tensors alone"):
        api.convert(tmp_path / "cut.pth", tmp_path / "gnn.x")
    torch.save([1, 2], tmp_path / "list.pth")
    with pytest.raises(WeightsError, match="holds no state_dict"):
        api.convert(tmp_path / "list.pth", tmp_path / "gnn.x")
    with pytest.raises(WeightsError, match="no such file"):
        api.convert(tmp_path / "none.pth", tmp_path / "gnn.x")


def test_weights_are_replaced_only_when_asked(tmp_path):
    torch.save(draw("GCN of Hu et al."), tmp_path / "model.pth")
    api.convert(tmp_path / "model.pth", tmp_path / "gnn.x")
    with pytest.raises(RunExistsError, match="exists already"):
        api.convert(tmp_path / "model.pth", tmp_path / "gnn.x")
    assert api.convert(tmp_path / "model.pth", tmp_path / "gnn.x", title="again", force=True)["title"] == "again"
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("keep")
    with pytest.raises(RunExistsError, match="no folder of weights"):
        api.convert(tmp_path / "model.pth", tmp_path / "mine", force=True)
