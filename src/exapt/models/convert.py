"""Published graph networks (Hu et al., MolCLR) as weights of backbone `gnn`: the same function, from a local file.

Their tensors become ours by name: tables of two features become one table, and what a layer learned about a node's
bond to itself (level 4, direction 0) becomes the last row of its table. Heads are dropped by name.

References
----------
Hu et al. (2020), Strategies for pre-training graph neural networks. arXiv:1905.12265
Wang et al. (2022), Molecular contrastive learning of representations via graph neural networks.
https://doi.org/10.1038/s42256-022-00447-x
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from exapt.core.contracts import Inputs
from exapt.core.errors import WeightsError
from exapt.core.provenance import sha256
from exapt.models import hub
from exapt.models.backbones.gnn.model import GNN
from exapt.models.tensors import transfer

INPUTS = Inputs("graph", 2, 119, special=(119,), levels=(120, 3), edge_levels=(6, 3))  # of scheme `hu`
ENCODER = {"name": "graph", "state": {"scheme": "hu"}}
HEADS = ("graph_pred_linear.", "feat_lin.", "out_lin.", "pred_head.", "pred_lin.")
COUNTER = "num_batches_tracked"  # of batch norm; no result depends on it
LISTED = 40  # problems in a message
SELF_LOOP = 4  # level of the first bond feature
Shape = tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Layout:
    """Names and shapes of the tensors of a published network of width D; "#" stands for the number of a layer."""

    title: str
    conv: str
    atoms: int  # rows of the table of elements
    layer: Callable[[int], dict[str, Shape]]
    options: Mapping[str, Any] = field(default_factory=dict)

    def expected(self, dim: int, depth: int) -> dict[str, Shape]:
        """Name -> shape of every tensor."""
        norm = {f"batch_norms.#.{name}": (dim,) for name in ("weight", "bias", "running_mean", "running_var")}
        layer = {f"gnns.#.{name}": shape for name, shape in self.layer(dim).items()} | norm
        found = {"x_embedding1.weight": (self.atoms, dim), "x_embedding2.weight": (3, dim)}
        return found | {name.replace("#", str(i)): shape for i in range(depth) for name, shape in layer.items()}


def _bonds(levels: int, dim: int) -> dict[str, Shape]:
    return {"edge_embedding1.weight": (levels, dim), "edge_embedding2.weight": (3, dim)}


def _mlp(dim: int) -> dict[str, Shape]:
    return {
        "mlp.0.weight": (2 * dim, dim),
        "mlp.0.bias": (2 * dim,),
        "mlp.2.weight": (dim, 2 * dim),
        "mlp.2.bias": (dim,),
    }


def _linear(dim: int) -> dict[str, Shape]:
    return {"linear.weight": (dim, dim), "linear.bias": (dim,)}


LAYOUTS = (
    Layout("GIN of Hu et al.", "gin", 120, lambda dim: _mlp(dim) | _bonds(6, dim)),
    Layout("GCN of Hu et al.", "gcn", 120, lambda dim: _linear(dim) | _bonds(6, dim)),
    Layout("GIN of MolCLR", "gin", 119, lambda dim: _mlp(dim) | _bonds(5, dim)),
    Layout(
        "GCN of MolCLR",
        "gcn",
        119,
        lambda dim: {"weight": (dim, dim), "bias": (dim,)} | _bonds(5, 1),
        {"normalise": False},
    ),
)


def convert(checkpoint: Path, folder: Path, *, licence: str = "unknown", title: str | None = None) -> dict[str, Any]:
    """Write a published checkpoint as a folder of weights that every verb of exapt reads.

    Parameters
    ----------
    checkpoint
        A file of torch; only tensors are read from it (``weights_only=True``), no code.
    folder
        Where the weights go.
    licence
        Of the checkpoint, as its authors state it.
    title
        The line that lists the weights; None = the layout and the name of the file.

    Returns
    -------
    dict
        The card: layout, source and its SHA-256, what was dropped, what was made up for missing rows.

    Raises
    ------
    WeightsError
        Where the file cannot be read, or its tensors are those of no known layout: all missing and unexpected names
        are listed, and shapes that differ.
    """
    tensors, dropped = _backbone_tensors(read_checkpoint(checkpoint))
    layout, dim, depth = _layout(checkpoint, tensors)
    options = {"conv": layout.conv, "dim": dim, "depth": depth, "norm": "batch", "pool": "mean", **layout.options}
    gnn = GNN(INPUTS, **options)
    converted, notes = _converted(layout, tensors, depth)
    transfer(gnn, converted, str(checkpoint))
    card = {
        "title": title or f"{layout.title}, converted from {checkpoint.name}",
        "source": checkpoint.name,
        "source_sha256": sha256(checkpoint),
        "layout": layout.title,
        "licence": licence,
        "parameters": sum(parameter.numel() for parameter in gnn.parameters()),
        "dropped": dropped,
        "notes": notes,
    }
    hub.save(folder, gnn, arch="gnn", options=options, encoder=ENCODER, card=card)
    return card


def read_checkpoint(path: Path) -> dict[str, Tensor]:
    """The tensors of a file of torch by name; those under "state_dict" or "model_state_dict" where it has such a key.

    Raises
    ------
    WeightsError
        Where the file is missing, damaged, or holds more than tensors and plain values.
    """
    try:
        found = torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise WeightsError(f"{path}: no such file.") from None
    except Exception as error:  # unpickling may fail in any way; the user reads why in one line
        reason = " ".join(str(error).split()).partition(". ")[0][:160]
        raise WeightsError(
            f"{path}: cannot be read as tensors alone ({reason}).\n"
            "A whole model, or anything else that holds code, is not read; save its state_dict."
        ) from None
    for key in ("state_dict", "model_state_dict"):
        found = found.get(key, found) if isinstance(found, Mapping) else found
    if not isinstance(found, Mapping) or not all(isinstance(value, Tensor) for value in found.values()):
        raise WeightsError(f"{path}: holds no state_dict, which is a dictionary of tensors by name.")
    return {str(name): tensor for name, tensor in found.items()}


def _backbone_tensors(tensors: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], list[str]]:
    """Tensors of the network without the prefixes of what held it, and the names of those that are left out."""
    bare = {re.sub(r"^(module\.)?(gnn\.)?", "", name): tensor for name, tensor in tensors.items()}
    dropped = [name for name in bare if name.startswith(HEADS) or name.endswith(COUNTER)]
    return {name: tensor for name, tensor in bare.items() if name not in dropped}, dropped


def _layout(path: Path, tensors: Mapping[str, Tensor]) -> tuple[Layout, int, int]:
    """The layout whose names and shapes are those of the file, its width and depth."""
    elements = tensors.get("x_embedding1.weight", torch.empty(0, 0))
    dim = elements.shape[1] if elements.ndim == 2 else 0
    numbers = [int(found[1]) for name in tensors if (found := re.match(r"gnns\.(\d+)\.", name))]
    depth = max(numbers, default=0) + 1
    problems = {layout: _problems(layout.expected(dim, depth), tensors) for layout in LAYOUTS}
    best = min(LAYOUTS, key=lambda layout: len(problems[layout]))
    if not problems[best]:
        return best, dim, depth
    rest = [f"and {len(problems[best]) - LISTED} more"] if len(problems[best]) > LISTED else []
    listed = "\n".join(f"  {line}" for line in problems[best][:LISTED] + rest)
    raise WeightsError(
        f"{path}: these tensors are those of no layout that can be converted "
        f"({', '.join(layout.title for layout in LAYOUTS)}). Nearest: {best.title} of width {dim} and depth {depth}, "
        f"but for\n{listed}"
    )


def _problems(expected: Mapping[str, Shape], tensors: Mapping[str, Tensor]) -> list[str]:
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    return [
        *(f"missing: {name} {shape}" for name, shape in expected.items() if name not in found),
        *(f"unexpected: {name} {shape}" for name, shape in found.items() if name not in expected),
        *(
            f"shape: {name} is {found[name]}, expected {shape}"
            for name, shape in expected.items()
            if name in found and found[name] != shape
        ),
    ]


def _converted(layout: Layout, tensors: Mapping[str, Tensor], depth: int) -> tuple[dict[str, Tensor], list[str]]:
    """The tensors of `gnn`, and what had to be made up."""
    elements = tensors["x_embedding1.weight"]
    notes = []
    if len(elements) < INPUTS.levels[0]:
        elements = torch.cat([elements, elements[-1:]])
        notes.append("The row of a masked atom also stands for atoms without an element (wildcards).")
    found = {"stem.atoms.weight": torch.cat([elements, tensors["x_embedding2.weight"]])}
    for i in range(depth):
        own = {name.removeprefix(f"gnns.{i}."): t for name, t in tensors.items() if name.startswith(f"gnns.{i}.")}
        prefix = f"layers.{i}.conv."
        types, directions = own.pop("edge_embedding1.weight"), own.pop("edge_embedding2.weight")
        loop = types[SELF_LOOP] + directions[0]
        if "weight" in own:  # MolCLR's GCN: one number a level instead of a vector; its bias is added once a node
            linear = own.pop("weight").T
            loop = loop + own.pop("bias")
            types, directions = (table.expand(-1, len(linear)) for table in (types, directions))
            own = {"linear.weight": linear, "linear.bias": torch.zeros(len(linear))}
        if len(types) < INPUTS.edge_levels[0]:
            types = torch.cat([types, types[:SELF_LOOP].mean(0, keepdim=True)])
        found[f"{prefix}bonds.weight"] = torch.cat([types, directions, loop.unsqueeze(0)])
        found |= {prefix + name: tensor for name, tensor in own.items()}
        names = ("weight", "bias", "running_mean", "running_var")
        found |= {f"layers.{i}.norm.{name}": tensors[f"batch_norms.{i}.{name}"] for name in names}
    if layout.atoms < INPUTS.levels[0]:
        notes.append("Masked bonds and bonds of other types get the mean of single, double, triple and aromatic bonds.")
    return found, notes
