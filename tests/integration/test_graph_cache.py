"""Graphs in the prefix cache: what frozen layers make of atoms and bonds is kept, and nothing changes."""

import pytest
import torch

from exapt.core.config import TrainingConfig
from exapt.core.contracts import Model
from exapt.core.examples import Examples
from exapt.data.encoders.graph import Graph
from exapt.models.backbones.gnn.model import GNN
from exapt.models.heads.pooled import PooledLinear
from exapt.transfer.training.cache import PrefixCache, prefix
from exapt.transfer.training.predict import predict

SMILES = ["CC(C)(C)c1ccccc1", "C", "[Na+].[Cl-]", "CC(=O)O", "C/C=C\\C#N", "C1CC1C(F)(F)F", "O"]
CONVS = [{"conv": "gin"}, {"conv": "gin", "virtual_node": True}, {"conv": "gat"}, {"conv": "dmpnn"}]


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("options", CONVS, ids=str)
def test_cached_activations_give_what_the_whole_network_gives(options, depth):
    torch.manual_seed(0)
    encoder = Graph()
    gnn = GNN(encoder.inputs(), dim=8, depth=3, **options)
    model = Model({"smiles": gnn}, {"target": PooledLinear([gnn.dim], 2)})
    rows = Examples({"smiles": encoder.encode(SMILES)}, {"smiles": encoder}, {}, SMILES)
    config = TrainingConfig(batch_size=3)
    expected = predict(model, rows, config)
    above = prefix(model, rows, depth, frozenset(), 3, "fp32", PrefixCache())
    assert above.depth == depth
    assert torch.allclose(predict(model, above, config), expected, atol=1e-5)
