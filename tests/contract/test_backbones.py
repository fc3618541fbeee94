"""Every registered backbone keeps the contract; registering is enough to be tested."""

import copy
import inspect
import re
from importlib import resources

import pytest
import torch
import yaml
from torch import nn

import exapt.models.backbones as room
from exapt.core.contracts import Inputs
from exapt.core.errors import ConfigError
from exapt.core.registry import BACKBONES
from exapt.models import hub

KINDS = {
    "letters": Inputs("letters", 7),
    "values": Inputs("values", 5),
    "image": Inputs("image", 2),
    "graph": Inputs("graph", 2, 4, special=(4,), levels=(5, 3), edge_levels=(3, 2)),
}
TINY = {"vocab_size": 7, "hidden_size": 8, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 16}
ESM = {"model_type": "esm", **TINY, "position_embedding_type": "rotary", "mask_token_id": 6, "pad_token_id": 1}
VARIANTS = {
    "cnn": [
        {"depth": 2, "dim": 8},
        {"depth": 2, "dim": 8, "variant": "pool", "pool": "max"},
        {"depth": 2, "dim": 8, "norm": "group", "stem_activation": "exp", "pool": "mean_max", "position_knots": 3},
        {"depth": 1, "dim": 8, "norm": "layer", "reverse_complement": True},
        {"depth": 1, "dim": 8, "norm": "none", "variant": "pool", "reverse_complement": True, "position_knots": 4},
        {"depth": 1, "dim": 8, "recurrent": "gru", "recurrent_window": 3},
        {"depth": 1, "dim": 8, "norm": "layer", "recurrent": "lstm", "reverse_complement": True},
    ],
    "rnn": [{"dim": 8}, {"dim": 8, "cell": "lstm", "bidirectional": False, "pool": "last"}, {"dim": 8, "pool": "last"}],
    "transformer": [{"dim": 8, "heads": 2}, {"dim": 8, "heads": 2, "activation": "swiglu", "pool": "mean_max"}],
    "mlp": [{"widths": [8, 4]}, {"widths": [6], "skip": True, "norm": "layer"}, {"widths": [6], "skip": True}],
    "autoencoder": [{"widths": [8, 4, 2]}, {"widths": [3], "norm": "none"}],
    "cnn2d": [{"dim": 4}, {"dim": 8, "norm": "group", "pool": "mean_max", "activation": "gelu"}],
    "gnn": [
        {"dim": 8, "depth": 3},
        {"dim": 8, "depth": 2, "virtual_node": True, "pool": "sum", "norm": "layer"},
        {"dim": 8, "depth": 3, "conv": "gcn", "virtual_node": True, "pool": "max"},
        {"dim": 8, "depth": 2, "conv": "gcn", "normalise": False, "norm": "none"},
        {"dim": 8, "depth": 2, "conv": "gat", "heads": 2, "pool": "mean_max"},
        {"dim": 8, "depth": 3, "conv": "dmpnn"},
        {"dim": 8, "depth": 1, "conv": "dmpnn", "norm": "batch"},
    ],
    "hf": [
        {"architecture": ESM},
        {"architecture": {"model_type": "bert", **TINY}, "pool": "first"},
        {"architecture": {"model_type": "roberta", **TINY}},
        {"architecture": {"model_type": "t5", "vocab_size": 7, "d_model": 8, "d_kv": 4, "d_ff": 16, "num_layers": 2}},
    ],
}


def specimens():
    """Every backbone in every variant, with every kind of input that it reads."""
    for name in BACKBONES.names():
        for options in VARIANTS.get(name, [{}]):
            dropout = {"dropout": 0.0} if "dropout" in BACKBONES.options(name) else {}
            for kind, inputs in KINDS.items():
                try:
                    BACKBONES.build(name, inputs=inputs, **options, **dropout)
                except ConfigError:
                    continue
                yield pytest.param(name, inputs, {**options, **dropout}, id=f"{name}-{kind}-{_id(options)}")


def _id(options):
    return ",".join(f"{k}={v['model_type'] if isinstance(v, dict) else v}" for k, v in options.items())


SPECIMENS = list(specimens())
every_backbone = pytest.mark.parametrize(("name", "inputs", "options"), SPECIMENS)


def build(name, inputs, options):
    torch.manual_seed(1)
    backbone = BACKBONES.build(name, inputs=inputs, **options)
    with torch.no_grad():  # away from the start, where gates are closed and statistics are 0 and 1
        for tensor in [*backbone.parameters(), *(b for n, b in backbone.named_buffers() if "running" in n)]:
            tensor.add_(0.1 * torch.rand_like(tensor))
    return backbone


def draw(inputs, lengths, extra=0):
    """A padded batch of examples with these lengths; `extra` more padding at the end."""
    generator = torch.Generator().manual_seed(len(lengths))
    grid = inputs.kind == "image"
    longest = max(lengths) + extra
    mask = torch.arange(longest) < torch.tensor(lengths).unsqueeze(1)
    if grid:  # images one pixel wider than high
        wide = torch.arange(longest + 1) < torch.tensor(lengths).unsqueeze(1) + 1
        mask = mask.unsqueeze(2) & wide.unsqueeze(1)
    parts = []
    for length in lengths:
        shape = (length, length + 1) if grid else (length,)
        if inputs.kind == "letters":
            parts.append(torch.randint(2, inputs.size, shape, generator=generator))
        elif inputs.kind == "graph":
            parts.append(features(inputs.levels, length, generator))
        else:
            parts.append(torch.randn(*shape, inputs.size, generator=generator))
    x = torch.zeros(*mask.shape, *parts[0].shape[2 if grid else 1 :], dtype=parts[0].dtype)
    for row, part in zip(x, parts, strict=True):
        row[tuple(slice(n) for n in part.shape[: mask.ndim - 1])] = part
    if inputs.kind == "graph":
        return {"x": x, "mask": mask, "edges": rings(inputs.edge_levels, lengths, extra, generator)}
    return {"x": x, "mask": mask}


def features(levels, count, generator):
    """Random levels (count, features)."""
    return torch.stack([torch.randint(0, n, (count,), generator=generator) for n in levels], dim=1)


def rings(levels, lengths, extra, generator):
    """Each graph a chain, closed to a ring from three nodes on; both directions of a bond follow one another."""
    found = []
    for length in lengths:
        bonds = [(i, i + 1) for i in range(length - 1)] + [(0, length - 1)] * (length > 2)
        both = torch.tensor([end for a, b in bonds for end in ((a, b), (b, a))], dtype=torch.int16).view(-1, 2)
        of_bonds = features(levels, len(bonds), generator).repeat_interleave(2, dim=0)
        found.append(torch.cat([both, of_bonds.to(torch.int16)], dim=1))
    edges = torch.full((len(found), max(map(len, found)) + 2 * extra, 2 + len(levels)), -1, dtype=torch.int16)
    for row, part in zip(edges, found, strict=True):
        row[: len(part)] = part
    return edges


def only(stream, row, length):
    """One example of a batch, without padding."""
    spatial = stream["mask"].ndim - 1
    found = {}
    for key, value in stream.items():
        one = value[row : row + 1]
        if key == "edges":
            found[key] = one[:, : int((one[0, :, 0] >= 0).sum())]
        else:
            found[key] = one[(slice(None), slice(length), slice(length + 1))[: 1 + spatial]]
    return found


def close(a, b, tolerance=1e-5):
    return torch.allclose(a.float(), b.float(), atol=tolerance, rtol=tolerance)


@every_backbone
def test_blocks_partition_the_parameters(name, inputs, options):
    backbone = build(name, inputs, options)
    owned = [id(p) for block in backbone.blocks() for p in block.parameters()]
    assert len(owned) == len(set(owned)), "a parameter stands in two blocks"
    assert set(owned) == {id(p) for p in backbone.parameters()}, "a parameter stands in no block"
    assert len(backbone.blocks()) >= 1
    assert backbone.inputs == inputs


@every_backbone
def test_features_have_the_stated_shapes(name, inputs, options):
    backbone = build(name, inputs, options).eval()
    found = backbone(draw(inputs, [4, 9, 6]))
    length = found.mask.shape[1]
    assert found.pooled.shape == (3, backbone.dim)
    assert found.tokens.shape == (3, length, backbone.dim)
    assert found.mask.dtype == torch.bool
    assert found.mask.any(1).all()
    assert (found.tokens[~found.mask] == 0).all(), "padded tokens are not zero"


@every_backbone
def test_padding_never_changes_the_answer(name, inputs, options):
    backbone = build(name, inputs, options).eval()
    lengths = [5, 11, 1, 8]
    with torch.no_grad():
        together = backbone(draw(inputs, lengths, extra=5))
        stream = draw(inputs, lengths)
        for row, length in enumerate(lengths):
            alone = backbone(only(stream, row, length))
            assert close(alone.pooled[0], together.pooled[row])
            assert close(alone.tokens[alone.mask], together.tokens[row][together.mask[row]])


@every_backbone
def test_padding_never_changes_training(name, inputs, options):
    backbone = build(name, inputs, options).train()
    other = copy.deepcopy(backbone)
    lengths = [5, 11, 3, 8]
    tight, loose = backbone(draw(inputs, lengths)), other(draw(inputs, lengths, extra=6))
    assert close(tight.pooled, loose.pooled, 1e-4)
    for (key, a), (_, b) in zip(backbone.named_buffers(), other.named_buffers(), strict=True):
        assert close(a, b), f"{key} saw the padding"
    (tight.pooled**2).sum().backward()
    (loose.pooled**2).sum().backward()
    for (key, a), b in zip(backbone.named_parameters(), other.parameters(), strict=True):
        assert (a.grad is None) == (b.grad is None)
        assert a.grad is None or close(a.grad, b.grad, 1e-3), f"the gradient of {key} saw the padding"


@every_backbone
def test_a_pass_may_start_at_any_block(name, inputs, options):
    backbone = build(name, inputs, options).eval()
    stream = draw(inputs, [7, 4, 9])
    with torch.no_grad():
        whole = backbone(stream)
        for depth, block in enumerate([*backbone.blocks(), None]):
            rest = backbone(stream, start=depth)
            assert torch.equal(rest.pooled, whole.pooled)
            assert torch.equal(rest.tokens, whole.tokens)
            stream = block(stream) if block is not None else stream
        assert torch.equal(backbone({"pooled": whole.pooled}).pooled, whole.pooled)


@every_backbone
def test_every_key_between_blocks_can_be_cached(name, inputs, options):
    """What a block leaves can be cut to each example's length and padded again."""
    from exapt.core.examples import stack

    backbone = build(name, inputs, options).eval()
    stream = draw(inputs, [7, 4, 9])
    with torch.no_grad():
        whole = backbone(stream)
        for depth, block in enumerate(backbone.blocks(), start=1):
            stream = block(stream)
            items = []
            for row, mask in enumerate(stream["mask"]):
                real = tuple(slice(int(where.max()) + 1) for where in mask.nonzero(as_tuple=True))
                cuts = {"edge": slice(int((stream["edges"][row, :, 0] >= 0).sum()))} if "edges" in stream else {}
                cuts["graph"] = ()
                part = {key: cuts.get(re.match("edge|graph|", key)[0], real) for key in stream if key != "mask"}
                items.append({key: stream[key][row][cut].numpy() for key, cut in part.items()})
            assert close(backbone(stack(items), start=depth).pooled, whole.pooled)


@every_backbone
def test_saved_and_loaded_it_is_bitwise_equal(name, inputs, options, tmp_path):
    backbone = build(name, inputs, options).eval()
    hub.save(tmp_path / "w", backbone, arch=name, options=options, encoder={"name": "e", "state": {}}, card={})
    loaded, config = hub.load(tmp_path / "w")
    assert config["arch"] == name
    stream = draw(inputs, [6, 9])
    with torch.no_grad():
        assert torch.equal(loaded(stream).pooled, backbone(stream).pooled)
    for (key, a), b in zip(backbone.state_dict().items(), loaded.state_dict().values(), strict=True):
        assert torch.equal(a, b), key


@every_backbone
def test_gradients_reach_every_block(name, inputs, options):
    backbone = build(name, inputs, options).train()
    found = backbone(draw(inputs, [6, 9, 4]))
    (found.pooled.square().sum() + found.tokens.square().sum()).backward()
    for number, block in enumerate(backbone.blocks()):
        gradients = [p.grad for p in block.parameters()]
        if gradients:
            assert any(g is not None and g.abs().sum() > 0 for g in gradients), f"nothing reaches block {number}"
        assert all(g is None or torch.isfinite(g).all() for g in gradients)


@every_backbone
def test_bfloat16_is_finite_and_close(name, inputs, options):
    backbone = build(name, inputs, options).eval()
    stream = draw(inputs, [6, 9])
    with torch.no_grad():
        exact = backbone(stream).pooled
        with torch.autocast("cpu", dtype=torch.bfloat16):
            rough = backbone(stream).pooled
    assert torch.isfinite(rough).all()
    assert (rough.float() - exact).norm() <= 0.05 * exact.norm() + 0.01


@every_backbone
def test_bfloat16_trains(name, inputs, options):
    backbone = build(name, inputs, options).train()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        found = backbone(draw(inputs, [6, 9, 3]))
    found.pooled.float().square().sum().backward()
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in backbone.parameters())


@every_backbone
def test_a_batch_of_one_trains(name, inputs, options):
    backbone = build(name, inputs, options).train()
    for length in (1, 6):
        found = backbone(draw(inputs, [length]))
        assert torch.isfinite(found.pooled).all()
        found.pooled.sum().backward()
    assert all(torch.isfinite(b).all() for b in backbone.buffers())


@every_backbone
def test_evaluation_is_deterministic_and_changes_nothing(name, inputs, options):
    backbone = build(name, inputs, {**options, **({"dropout": 0.5} if "dropout" in options else {})}).eval()
    before = copy.deepcopy(backbone.state_dict())
    stream = draw(inputs, [6, 9])
    kept = {key: value.clone() for key, value in stream.items()}
    with torch.no_grad():
        assert torch.equal(backbone(stream).pooled, backbone(stream).pooled)
    assert all(torch.equal(value, before[key]) for key, value in backbone.state_dict().items())
    assert all(torch.equal(value, kept[key]) for key, value in stream.items()), "the batch was changed in place"


@every_backbone
def test_the_same_seed_gives_the_same_start(name, inputs, options):
    one, two = build(name, inputs, options), build(name, inputs, options)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


@pytest.mark.parametrize("name", BACKBONES.names())
def test_the_card_tells_the_truth(name):
    folder = resources.files(room) / name
    card = yaml.safe_load((folder / "card.yaml").read_text())
    assert card["arch"] == name
    assert card["paper"]
    assert card["doi"]
    parameters = BACKBONES.options(name)
    defaults = {key: p.default for key, p in parameters.items() if p.kind is inspect.Parameter.KEYWORD_ONLY}
    plain = {key: list(value) if isinstance(value, tuple) else value for key, value in defaults.items()}
    assert card["options"] == plain
    assert set(card["modalities"]) == set(BACKBONES.get(name).encoders)


@pytest.mark.parametrize("name", BACKBONES.names())
def test_the_readme_example_runs_and_fits_a_screen(name):
    text = (resources.files(room) / name / "README.md").read_text()
    examples = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    settings = re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)
    assert examples
    assert settings
    assert len(text.splitlines()) <= 50
    for example in examples:
        exec(compile(example, f"{name}/README.md", "exec"), {})
    for setting in settings:
        backbone = yaml.safe_load(setting)["backbone"]
        assert backbone.pop("name") == name
        assert set(backbone) - {"weights"} <= set(BACKBONES.options(name))


@pytest.mark.parametrize("name", BACKBONES.names())
def test_what_it_cannot_read_is_refused_in_one_sentence(name):
    read = {param.values[1].kind for param in SPECIMENS if param.values[0] == name}
    assert read, "reads no kind of input at all"
    options = VARIANTS.get(name, [{}])[0]
    for kind in set(KINDS) - read:
        with pytest.raises(ConfigError, match=f"backbone '{name}' reads .* the encoder makes {kind}"):
            BACKBONES.build(name, inputs=KINDS[kind], **options)


@pytest.mark.parametrize("name", [n for n in BACKBONES.names() if "dropout" in BACKBONES.options(n)])
def test_dropout_is_refused_outside_its_range(name):
    inputs, options = next(param.values[1:] for param in SPECIMENS if param.values[0] == name)
    with pytest.raises(ConfigError, match="dropout: found 1.5"):
        BACKBONES.build(name, inputs=inputs, **{**options, "dropout": 1.5})


@every_backbone
def test_the_model_can_be_copied_and_moved(name, inputs, options):
    """Copies share nothing, also where layers refer to each other outside torch's bookkeeping."""
    backbone = build(name, inputs, options).eval()
    twin = copy.deepcopy(backbone)
    with torch.no_grad():
        for parameter in twin.parameters():
            parameter.zero_()
    assert not set(map(id, backbone.parameters())) & set(map(id, twin.parameters()))
    stream = draw(inputs, [6])
    reached = {id(p) for p in _graph_leaves(twin.train()(stream).pooled.sum())}
    assert reached <= set(map(id, twin.parameters()))


def _graph_leaves(output):
    found, seen, todo = [], set(), [output.grad_fn]
    while todo:
        node = todo.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        if hasattr(node, "variable"):
            found.append(node.variable)
        todo += [parent for parent, _ in node.next_functions]
    return [leaf for leaf in found if isinstance(leaf, nn.Parameter)]
