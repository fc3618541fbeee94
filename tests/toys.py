"""Toys that many tests share: a small conv backbone with batch norm and dropout, and tasks about DNA motifs."""

import numpy as np
import pandas as pd
import torch
from torch import nn
from torch.nn import functional as F

from exapt.core.contracts import Backbone, Batch, Column, Encoder, Features, Inputs, Model, Table, Task
from exapt.core.examples import Examples, stack

LETTERS = "ACGT"


class ToyEncoder(Encoder):
    """One integer a letter: A C G T = 2 3 4 5."""

    modalities = ("dna",)

    def inputs(self):
        return Inputs("letters", 6)

    def encode(self, values):
        return [{"x": np.array([LETTERS.index(letter) + 2 for letter in text], dtype=np.uint8)} for text in values]

    def collate(self, items):
        return stack(items)

    def state(self):
        return {}


class _Stem(nn.Module):
    def __init__(self, size, width):
        super().__init__()
        self.embedding = nn.Embedding(size, width)

    def forward(self, stream):
        x = self.embedding(stream["x"]) * stream["mask"].unsqueeze(-1)
        return {**stream, "x": x}


class _Conv(nn.Module):
    def __init__(self, width, dropout):
        super().__init__()
        self.conv = nn.Conv1d(width, width, 5, padding=2)
        self.norm = nn.BatchNorm1d(width)
        self.dropout = nn.Dropout(dropout)
        self.mix = nn.Linear(width, width)

    def forward(self, stream):
        x = stream["x"]
        hidden = F.relu(self.norm(self.conv(x.transpose(1, 2)))).transpose(1, 2)
        x = x + self.dropout(self.mix(hidden))
        return {**stream, "x": x * stream["mask"].unsqueeze(-1)}


class ToyBackbone(Backbone):
    """A stem and residual conv blocks; pooled is the maximum over real positions."""

    encoders = {"dna": "toy"}

    def __init__(self, inputs, width=12, layers=3, dropout=0.1):
        super().__init__()
        self.dim = width
        self.layers = nn.ModuleList(
            [_Stem(inputs.size, width), *(_Conv(width, dropout) for _ in range(layers - 1))],
        )

    def blocks(self):
        return list(self.layers)

    def readout(self, stream):
        x, mask = stream["x"], stream["mask"]
        return Features(x, mask, x.masked_fill(~mask.unsqueeze(-1), -1e4).amax(1))


class ToyHead(nn.Module):
    """Linear on the pooled features of every column."""

    def __init__(self, dim, classes):
        super().__init__()
        self.linear = nn.Linear(dim, classes)

    def forward(self, *features):
        return self.linear(torch.cat([f.pooled for f in features], dim=1))


class PositionHead(nn.Module):
    """Linear on the tokens of the first column."""

    def __init__(self, dim, classes):
        super().__init__()
        self.linear = nn.Linear(dim, classes)

    def forward(self, features):
        return self.linear(features.tokens)


class ToyTask(Task):
    """Does a sequence hold the motif? Two classes, cross-entropy."""

    def fit(self, train):
        self.classes = sorted(set(train.frame["y"]))

    def targets(self, table):
        return {"y": table.frame["y"].to_numpy(dtype=np.int64)}

    def build_head(self, backbones):
        return ToyHead(sum(backbone.dim for backbone in backbones), 2)

    def loss(self, output, batch):
        return F.cross_entropy(output, batch.targets["y"])

    def decode(self, output):
        return output.softmax(1).double().numpy()

    def metrics(self):
        return ["accuracy"]

    def frame(self, decoded, ids):
        return pd.DataFrame({"id": list(ids), "y": decoded.argmax(1)})

    def state(self):
        return {}


class PositionTask(ToyTask):
    """Which positions lie in the motif? NaN beyond the end of a sequence."""

    needs = "tokens"

    def targets(self, table):
        texts, starts = table.frame["seq"].tolist(), table.frame["start"].to_numpy()
        found = np.full((len(texts), max(map(len, texts))), np.nan, dtype=np.float32)
        for row, text, start in zip(found, texts, starts, strict=True):
            row[: len(text)] = 0
            if start >= 0:
                row[start : start + 6] = 1
        return {"inside": found}

    def build_head(self, backbones):
        return PositionHead(backbones[0].dim, 1)

    def loss(self, output, batch):
        wanted = batch.targets["inside"][:, : output.shape[1]]
        known = ~wanted.isnan()
        return F.binary_cross_entropy_with_logits(output.squeeze(-1)[known], wanted[known])


class DenoisingTask(ToyTask):
    """Masked letters: the view hides a third of them, the loss asks for them back."""

    needs = "tokens"

    def targets(self, table):
        return {}

    def build_head(self, backbones):
        return PositionHead(backbones[0].dim, 6)

    def view(self, batch):
        stream = batch.inputs["seq"]
        hidden = (torch.rand(stream["x"].shape) < 0.3) & stream["mask"]
        wanted = stream["x"].masked_fill(~hidden, -100)
        corrupted = {**stream, "x": stream["x"].masked_fill(hidden, 1)}
        return Batch({"seq": corrupted}, {"wanted": wanted}, batch.ids, batch.depth)

    def loss(self, output, batch):
        return F.cross_entropy(output.transpose(1, 2), batch.targets["wanted"], ignore_index=-100)


def table(n=96, motif="TATAAT", seed=0, length=24, ragged=False):
    """Random DNA; every second sequence holds the motif at the position `start` (-1: nowhere)."""
    generator = np.random.default_rng(seed)
    rows = []
    for i in range(n):
        size = int(generator.integers(length // 2, length + 1)) if ragged else length
        text = "".join(generator.choice(list(LETTERS), size))
        start = int(generator.integers(0, size - 5)) if i % 2 else -1
        if start >= 0:
            text = text[:start] + motif + text[start + 6 :]
        rows.append((f"s{i}", text, i % 2, start, f"g{i // 4}"))
    columns = {
        "id": Column("id", "label"),
        "seq": Column("input", "dna"),
        "y": Column("target", "label"),
        "g": Column("group", "label"),
    }
    return Table(pd.DataFrame(rows, columns=["id", "seq", "y", "start", "g"]), columns, "toy")


def examples(task=None, columns=("seq",), **options):
    """A toy table, encoded; each input column reads the same sequence."""
    rows, encoder = table(**options), ToyEncoder()
    encoded = encoder.encode(rows.frame["seq"])
    targets = (task or ToyTask()).targets(rows)
    return Examples(dict.fromkeys(columns, encoded), dict.fromkeys(columns, encoder), targets, rows.ids())


def model(task=None, columns=("seq",), shared=True, source=False, seed=0, **options):
    """A toy model: one backbone for all columns, or one each; a head for the target and, if asked, the source."""
    torch.manual_seed(seed)
    task = task or ToyTask()
    first = ToyBackbone(ToyEncoder().inputs(), **options)
    backbones = dict.fromkeys(columns, first)
    if not shared:
        for layers, name in enumerate(columns[1:], start=4):
            backbones[name] = ToyBackbone(ToyEncoder().inputs(), width=8, layers=layers)
    heads = {"target": task.build_head(list(backbones.values()))}
    if source:
        heads["source"] = task.build_head(list(backbones.values()))
    return Model(backbones, heads)


def accuracy(outputs, rows):
    """Share of rows whose class is right."""
    return float((outputs.argmax(1).numpy() == rows.targets["y"]).mean())


def state(module):
    """A copy of all tensors of a module."""
    return {name: tensor.clone() for name, tensor in module.state_dict().items()}


def equal(first, second):
    """Are two states the same to the last bit?"""
    return first.keys() == second.keys() and all(torch.equal(first[name], second[name]) for name in first)
