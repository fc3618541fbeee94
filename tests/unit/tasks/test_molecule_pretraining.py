"""Pre-training tasks of molecules: what is masked, what is counted, and how tasks are mixed."""

from functools import cache

import numpy as np
import pandas as pd
import pytest
import torch

from exapt.bio.chem.fingerprints import DESCRIPTORS, descriptors, morgan
from exapt.core.contracts import Batch, Column, Table
from exapt.core.errors import ConfigError
from exapt.core.examples import Examples
from exapt.core.registry import BACKBONES, ENCODERS, TASKS
from exapt.models.heads.side_by_side import SideBySide

SMILES = ["CCO", "c1ccccc1O", "CC(=O)Nc1ccc(O)cc1", "CCN(CC)CC", "ClCCl", "OC(=O)CC(N)C#N", "c1ccsc1Br", "C1CCNCC1"] * 8


@cache
def encoder():
    return ENCODERS.build("graph")


@cache
def backbone():
    torch.manual_seed(0)
    return BACKBONES.build("gnn", inputs=encoder().inputs(), dim=16, depth=2)


def table(smiles=SMILES):
    frame = pd.DataFrame({"smiles": smiles})
    frame["A1"] = np.where(np.arange(len(frame)) % 3 == 0, np.arange(len(frame), dtype=float), np.nan)
    frame["A2"] = np.where(np.arange(len(frame)) % 4 == 0, 5.0 + np.arange(len(frame)) % 7, np.nan)
    frame["row"] = np.arange(len(frame))
    return Table(frame, {"smiles": Column("input", "molecule")}, "x.csv")


def batch(targets=None, smiles=SMILES):
    items = {"smiles": encoder().encode(smiles)}
    examples = Examples(items, {"smiles": encoder()}, targets or {}, [str(i) for i in range(len(smiles))])
    return examples.batch(np.arange(len(smiles)))


def built(name, **options):
    task = TASKS.build(name, **options)
    task.fit(table())
    return task, task.build_head([backbone()])


def losses(task, head, seen):
    output = head(backbone()(seen.inputs["smiles"]))
    return task.loss(output.float(), seen)


def test_masked_atoms_lose_all_features_and_their_elements_are_guessed():
    task, _ = built("masked_atoms", rate=0.3)
    torch.manual_seed(0)
    original = batch().inputs["smiles"]
    seen = task.view(batch())
    x, truth = seen.inputs["smiles"]["x"], seen.targets["elements"]
    chosen = truth != -100
    assert not chosen[~original["mask"]].any(), "padding is never chosen"
    assert chosen[original["mask"]].float().mean().item() == pytest.approx(0.3, abs=0.06)
    assert torch.equal(truth[chosen], original["x"][..., 0][chosen])
    assert (x[chosen][:, 0] == encoder().inputs().mask).all()
    assert (x[chosen][:, 1:] == 0).all()
    assert torch.equal(x[~chosen], original["x"][~chosen])
    assert torch.equal(seen.inputs["smiles"]["edges"], original["edges"])


def test_the_loss_of_masked_atoms_counts_chosen_atoms_only():
    task, _ = built("masked_atoms")
    truth = torch.full((2, 3), -100)
    truth[0, 1] = 6
    seen = Batch({}, {"elements": truth}, ["0", "1"])
    assert task.loss(torch.zeros(2, 3, 120), seen).item() == pytest.approx(np.log(120), rel=1e-5)
    assert task.loss(torch.zeros(2, 3, 120), Batch({}, {"elements": truth * 0 - 100}, ["0", "1"])).item() == 0


def test_descriptors_are_standardised_clipped_and_come_back_in_their_unit():
    task, _ = built("molecule_descriptors", bits=64, clip=2.0)
    made = task.targets(table())
    assert made["descriptors"].dtype == np.float16
    assert abs(made["descriptors"].astype(float)).max() == 2.0
    names = list(task.scaling)
    assert "MolWt" in names
    assert "fr_barbitur" not in names, "the same in all rows"
    assert (made["bits"] == morgan(SMILES, bits=64).toarray()).all()
    logits = torch.cat([torch.tensor(made["descriptors"]).float(), torch.tensor(made["bits"]).float() * 80 - 40], 1)
    decoded = task.decode(logits)
    weights = descriptors(SMILES)[:, DESCRIPTORS.index("MolWt")]
    inside = abs(made["descriptors"][:, names.index("MolWt")]) < 2
    np.testing.assert_allclose(decoded[inside, names.index("MolWt")], weights[inside], rtol=0.01)
    np.testing.assert_allclose(decoded[:, len(names) :], made["bits"], atol=1e-6)
    assert task.frame(decoded, [str(i) for i in range(len(SMILES))])["bit 63"].tolist() == decoded[:, -1].tolist()


def test_the_loss_of_descriptors_is_huber_and_weighted_cross_entropy():
    task, _ = built("molecule_descriptors", bits=8, bits_weight=3.0)
    wide = len(task.scaling)
    targets = {"descriptors": torch.full((2, wide), 0.5), "bits": torch.zeros(2, 8, dtype=torch.uint8)}
    found = task.loss(torch.zeros(2, wide + 8), Batch({}, targets, ["0", "1"])).item()
    assert found == pytest.approx(0.125 + 3 * np.log(2), rel=1e-5)


def test_descriptors_of_a_corpus_are_computed_once(tmp_path, monkeypatch):
    from exapt.tasks.molecule_descriptors import known

    monkeypatch.setenv("EXAPT_CACHE", str(tmp_path))
    monkeypatch.setattr(known, "PIECE", 20)
    first = known.described(SMILES)
    np.testing.assert_array_equal(first, descriptors(SMILES))
    files = sorted((tmp_path / "descriptors").iterdir())
    assert len(files) == len({tuple(SMILES[i : i + 20]) for i in range(0, len(SMILES), 20)})
    files[0].write_bytes(b"cut short")
    asked = []
    monkeypatch.setattr(known, "descriptors", lambda smiles: asked.append(len(smiles)) or descriptors(smiles))
    np.testing.assert_array_equal(known.described(SMILES), first)
    assert len(asked) == 1, "only the damaged piece is computed again"


def test_a_contrastive_batch_holds_two_damaged_views_of_each_molecule():
    task, _ = built("contrastive", atoms=0.2, bonds=0.4)
    torch.manual_seed(0)
    original, seen = batch(), task.view(batch())
    assert len(seen) == 2 * len(original)
    assert seen.targets["molecule"].tolist() == [i // 2 for i in range(len(seen))]
    before, after = original.inputs["smiles"], seen.inputs["smiles"]
    assert not torch.equal(after["x"][::2], after["x"][1::2])
    edges, kept = before["edges"].repeat_interleave(2, 0), after["edges"][..., 0] >= 0
    real = edges[..., 0] >= 0
    assert 1 - (kept.sum() / real.sum()).item() == pytest.approx(0.4, abs=0.07)
    assert torch.equal(kept[:, ::2], kept[:, 1::2]), "both directions of a bond go together"
    assert torch.equal(after["edges"][kept], edges[kept])


def test_nt_xent_finds_the_other_view():
    task, _ = built("contrastive", temperature=0.5, width=3)
    views = torch.eye(3).repeat_interleave(2, 0)
    seen = Batch({}, {"molecule": torch.arange(3).repeat_interleave(2)}, ["0"] * 6)
    expected = -np.log(np.exp(2) / (np.exp(2) + 4))
    assert task.loss(views, seen).item() == pytest.approx(expected, rel=1e-5)
    half = Batch({}, {"molecule": torch.tensor([0, 0, 1])}, ["0"] * 3)
    assert task.loss(views[:3], half).item() == pytest.approx(-np.log(np.exp(2) / (np.exp(2) + 1)), rel=1e-5)
    assert task.loss(views[:1], Batch({}, {"molecule": torch.tensor([0])}, ["0"])).item() == 0


PARTS = [
    {"name": "masked_atoms", "weight": 0.5},
    {"name": "molecule_descriptors", "weight": 2.0, "bits": 16},
    {"name": "contrastive", "weight": 1.0, "width": 8},
    {"name": "sequence_property", "weight": 0.1, "targets": "A*"},
]


def test_the_loss_of_a_mixture_is_the_weighted_sum_of_its_parts():
    task, head = built("mixture", parts=PARTS)
    assert isinstance(head, SideBySide)
    head.eval()
    torch.manual_seed(1)
    seen = task.view(batch(task.targets(table())))
    assert len(seen) == 2 * len(SMILES), "the contrastive part doubles the rows"
    total = losses(task, head, seen)
    expected = 0.0
    for number, (part, own) in enumerate(zip(PARTS, head.heads, strict=True)):
        targets = {n.partition("/")[2]: v for n, v in seen.targets.items() if n.startswith(f"{number}/")}
        output = own(backbone()(seen.inputs["smiles"])).float()
        expected += part["weight"] * task.parts[number].task.loss(output, Batch(seen.inputs, targets, seen.ids))
    assert total.item() == pytest.approx(expected.item(), rel=1e-5)


def test_a_mixture_remembers_everything_and_decodes_every_part():
    task, head = built("mixture", parts=PARTS[1::2])
    again = TASKS.build("mixture", **task.state())
    made, remade = task.targets(table()), again.targets(table())
    assert list(made) == ["0/descriptors", "0/bits", "1/y"] == list(remade)
    for name, values in made.items():
        np.testing.assert_array_equal(values, remade[name])
    output = head(backbone()(batch().inputs["smiles"])).detach()
    decoded = task.decode(output)
    assert decoded.shape == (len(SMILES), len(task.parts[0].task.scaling) + 16 + 2)
    assert task.frame(decoded, ["x"] * len(SMILES)).shape == (len(SMILES), decoded.shape[1] + 1)


def test_missing_potencies_have_no_gradient():
    task, head = built("mixture", parts=PARTS[3:])
    targets = task.targets(table())
    assert targets["0/y"].shape == (len(SMILES), 2)
    output = head(backbone()(batch().inputs["smiles"])).detach().requires_grad_()
    task.loss(output, batch(targets)).backward()
    assert ((output.grad != 0).numpy() == ~np.isnan(targets["0/y"])).mean() > 0.98
    assert not output.grad[torch.tensor(np.isnan(targets["0/y"]))].any()


@pytest.mark.parametrize("parts", [PARTS[:1], PARTS[1:2], PARTS[2:3], PARTS])
def test_what_is_learned_lowers_the_loss(parts):
    torch.manual_seed(0)
    network = BACKBONES.build("gnn", inputs=encoder().inputs(), dim=16, depth=2)
    task = TASKS.build("mixture", parts=parts)
    task.fit(table())
    head = task.build_head([network])
    optimizer = torch.optim.Adam([*network.parameters(), *head.parameters()], lr=0.01)
    targets, found = task.targets(table()), []
    for _ in range(25):
        seen = task.view(batch(targets))
        loss = task.loss(head(network(seen.inputs["smiles"])).float(), seen)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        found.append(loss.item())
    assert np.mean(found[-5:]) < 0.8 * found[0]


@pytest.mark.parametrize(
    ("name", "options", "message"),
    [
        ("masked_atoms", {"rate": 1}, "rate lies in"),
        ("contrastive", {"atoms": 1}, "atoms lies in"),
        ("contrastive", {"temperature": 0}, "temperature is above 0"),
        ("contrastive", {"width": 0}, "width is a whole number"),
        ("molecule_descriptors", {"bits": -1}, "bits is a whole number"),
        ("molecule_descriptors", {"clip": 0}, "clip is above 0"),
        ("molecule_descriptors", {"hidden": 0}, "hidden is a whole number"),
        ("mixture", {"parts": []}, "parts is a list of tasks"),
        ("mixture", {"parts": [{"weight": 1}]}, "parts is a list of tasks"),
        ("mixture", {"parts": [{"name": "masked_atoms", "weight": 0}]}, "weight of 'masked_atoms' is above 0"),
        ("mixture", {"parts": [{"name": "masked_atom"}]}, "Did you mean 'masked_atoms'"),
        ("mixture", {"parts": [{"name": "masked_atoms", "rat": 1}]}, "no option 'rat'"),
        ("mixture", {"parts": [{"name": "sequence_property"}]}, "needs `targets`"),
        ("mixture", {"parts": [{"name": "masked_atoms", "targets": "A*"}]}, "takes no `targets`"),
    ],
)
def test_options_are_checked(name, options, message):
    with pytest.raises(ConfigError, match=message):
        TASKS.build(name, **options)


def test_other_inputs_are_refused():
    letters = BACKBONES.build("cnn", inputs=ENCODERS.build("letters", modality="dna").inputs(), dim=8, depth=1)
    for name in ("masked_atoms", "contrastive"):
        with pytest.raises(ConfigError, match="molecules as graphs"):
            TASKS.build(name).build_head([letters])
    dna = Table(pd.DataFrame({"s": ["ACGT"]}), {"s": Column("input", "dna")}, "x.csv")
    with pytest.raises(ConfigError, match="one column of molecules; found none"):
        TASKS.build("molecule_descriptors").fit(dna)
    task = TASKS.build("mixture", parts=[{"name": "sequence_property", "targets": "B*"}])
    with pytest.raises(ConfigError, match=r"no column without a role is called B\*; such columns: A1, A2, row"):
        task.fit(table())
