"""Shortcuts: planted ones are found and named, shuffled labels give none, and the sets known to have them do."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

from exapt.core.contracts import Column, Matrix, Table
from exapt.evaluate import shortcuts as room
from exapt.evaluate.shortcuts import _columns, _model, _smiles, shortcuts

KEYS = ["name", "column", "what", "level", "metric", "value", "low", "high", "chance", "suspicious", "rule", "left"]
N, CUT = 240, 160


def letters(rng, sizes, alphabet="ACGT"):
    return ["".join(rng.choice(list(alphabet), size=size)) for size in sizes]


def table(columns, roles, matrices=None):
    frame = pd.DataFrame(columns, index=range(len(next(iter(columns.values()))))) if columns else pd.DataFrame()
    return Table(frame, {k: Column(*v) for k, v in roles.items()}, "toy", matrices or {})


def find(whole, labels, kind="class", **options):
    """Findings by (name, column); the first rows train, the rest tests."""
    rows, targets = np.arange(len(labels)), np.asarray(labels)
    cut = CUT * len(labels) // N
    parts = {"train": targets[:cut], "test": targets[cut:]}
    found = shortcuts(whole.take(rows[:cut]), whole.take(rows[cut:]), parts, kind, **options)
    assert json.loads(json.dumps(found)) == found
    assert all(list(one)[: len(KEYS)] == KEYS for one in found)
    return {(one["name"], one["column"]): one for one in found}


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def label(rng):
    return rng.integers(0, 2, N)


@pytest.fixture
def plain(rng):
    return table(
        {"id": [f"x{i}" for i in range(N)], "dna": letters(rng, [40] * N)},
        {"id": ("id", "label"), "dna": ("input", "dna")},
    )


def with_column(whole, name, values):
    return replace(whole, frame=whole.frame.assign(**{name: values}))


def suspicious(found):
    return {key for key, one in found.items() if one["suspicious"]}


def test_nothing_planted_nothing_found(plain, label):
    found = find(plain, label)
    assert set(found) == {("composition", "dna"), ("identifier", "id")}
    assert suspicious(found) == set()


def test_length_and_composition_are_warnings(rng, label):
    texts = letters(rng, 30 + 8 * label)
    texts = [text.replace("A", "G") if y and rng.random() < 0.8 else text for text, y in zip(texts, label, strict=True)]
    found = find(table({"dna": texts}, {"dna": ("input", "dna")}), label)
    assert suspicious(found) == {("length", "dna"), ("composition", "dna")}
    assert {one["level"] for one in found.values()} == {"warning"}
    assert found["length", "dna"]["value"] == 1.0
    assert found["length", "dna"]["rule"].startswith("A high number of letters speaks for class '1': AUROC 1.00")


def test_soft_mask_is_found_only_where_there_is_one(plain, label):
    assert ("letter_case", "dna") not in find(plain, label)
    masked = [d[:5].lower() + d[5:] if y else d for d, y in zip(plain.frame["dna"], label, strict=True)]
    found = find(with_column(plain, "dna", masked), label)
    assert suspicious(found) == {("letter_case", "dna")}
    assert found["letter_case", "dna"]["level"] == "leak"


def test_unknown_letters_and_blank_cells(plain, label, rng):
    texts = [d[:-2] + "NN" if y else d for d, y in zip(plain.frame["dna"], label, strict=True)]
    found = find(with_column(plain, "dna", texts), label)
    assert ("missingness", "dna") in suspicious(found)
    assert found["missingness", "dna"]["level"] == "leak"
    weight = np.where(label == 1, np.nan, rng.normal(size=N))
    whole = with_column(plain, "weight", weight)
    found = find(replace(whole, columns={**whole.columns, "weight": Column("weight", "number")}), label)
    assert found["missingness", "weight"]["suspicious"]
    assert found["missingness", "weight"]["rule"].startswith("Missing 'weight' speaks for class '1': AUROC 1.00")
    found = find(whole, label)  # no role: the cell is no input of any model
    assert found["missingness", "weight"]["level"] == "warning"


def test_identifier_names_the_token(plain, label):
    ids = [f"ENST{i:05d}|{'CDS:5-90' if y else 'none'}|" for i, y in enumerate(label)]
    found = find(with_column(plain, "id", ids), label, names=["lncRNA", "PCT"])
    assert suspicious(found) == {("identifier", "id")}
    assert found["identifier", "id"]["level"] == "leak"
    assert found["identifier", "id"]["rule"].startswith("Field 'CDS' speaks for class 'PCT': AUROC 1.00 by itself")


def test_header_without_a_role_is_read_too(plain, label):
    header = [f"transcript {i} biotype={'coding' if y else 'other'}" for i, y in enumerate(label)]
    found = find(with_column(plain, "description", header), label)
    assert ("identifier", "description") in suspicious(found)


def test_variant_names_are_no_leak(rng):
    sites = letters(rng, [4] * N, "ACDEFGHIKLMNPQRSTVWY")
    whole = table(
        {"id": sites, "protein": [f"MKV{a}LLT{b}PNW" for a, b in zip(sites, sites, strict=True)]},
        {"id": ("id", "label"), "protein": ("input", "protein")},
    )
    found = find(whole, [float(site.count("W")) for site in sites], "number")
    assert found["identifier", "id"]["level"] == "information"
    assert not found["identifier", "id"]["suspicious"]


@pytest.mark.parametrize("prefix", ["ENSP", "AT", "P"])
def test_a_prefix_of_amino_acid_letters_spells_no_input(prefix, rng, label):
    whole = table(
        {
            "id": [f"{prefix}{i}{'G' if y else 'C'}" for i, y in enumerate(label)],
            "protein": letters(rng, [300] * N, "ACDEFGHIKLMNPQRSTVWY"),
        },
        {"id": ("id", "label"), "protein": ("input", "protein")},
    )
    assert find(whole, label)["identifier", "id"]["level"] == "leak"


def test_names_of_pairs_are_warnings(plain, label, rng):
    other = with_column(plain, "second", letters(rng, [40] * N))
    other = replace(other, columns={**plain.columns, "second": Column("input", "dna")})
    found = find(with_column(other, "id", [f"{'abc'[y]}/{i}" for i, y in enumerate(label)]), label)
    assert found["identifier", "id"]["suspicious"]
    assert found["identifier", "id"]["level"] == "warning"


def test_other_columns_are_warnings(plain, label, rng):
    whole = with_column(plain, "batch", np.where(label == 1, "march", "april"))
    whole = with_column(whole, "depth", rng.normal(size=N))
    found = find(whole, label)
    assert suspicious(found) == {("other_columns", "batch, depth")}
    one = found["other_columns", "batch, depth"]
    assert one["level"] == "warning"
    assert "'batch' = " in one["rule"]


def test_row_order_is_information(plain):
    whole = with_column(plain, "line", np.random.default_rng(1).permutation(N))
    found = find(whole, (whole.frame["line"] > N / 2).astype(int))
    assert found["row_order", "line"]["value"] > 0.95
    assert found["row_order", "line"]["level"] == "information"
    assert suspicious(found) == set()


def test_the_way_a_smiles_is_written(rng, label):
    amines = [f"CC{'C' * n}" for n in rng.integers(0, 9, N)]
    written = [a + ("[NH3+]" if y else "N([H])") for a, y in zip(amines, label, strict=True)]
    whole = table({"smiles": written}, {"smiles": ("input", "molecule")})
    found = find(whole, label)
    assert suspicious(found) == {("smiles_writing", "smiles")}
    one = found["smiles_writing", "smiles"]
    assert one["level"] == "leak"
    assert one["value"] == 1.0
    assert one["left"]["low"] < 0.5 < one["left"]["high"]
    assert one["left"]["lost"]["low"] > 0.2
    assert one["left"]["unreadable"] == 0


def test_chemistry_is_not_taken_for_writing(rng, label):
    whole = table(
        {"smiles": [("c1ccccc1" if y else "CC") + "C" * n for n, y in zip(rng.integers(1, 9, N), label, strict=True)]},
        {"smiles": ("input", "molecule")},
    )
    found = find(whole, label)
    assert found["smiles_writing", "smiles"]["value"] == 1.0
    assert found["smiles_writing", "smiles"]["left"]["value"] == 1.0
    assert ("smiles_writing", "smiles") not in suspicious(found)


def test_split_pairs_score_below_chance(rng):
    """Every test sequence is a shuffled training sequence with the other label, as where negatives are shuffled."""
    first = letters(rng, [40] * CUT)
    second = ["".join(rng.permutation(list(text))) for text in first]
    label = rng.integers(0, 2, CUT)
    whole = table({"dna": [*first, *second]}, {"dna": ("input", "dna")})
    rows = np.arange(CUT)
    (one,) = shortcuts(whole.take(rows), whole.take(rows + CUT), {"train": label, "test": 1 - label}, "class")
    assert one["value"] < 0.25
    assert one["suspicious"]
    assert "opposite label" in one["rule"]


def test_expression_and_images(rng, label):
    counts = rng.poisson(0.3 + 0.5 * label[:, None], (N, 50)).astype(float)
    roles = {"x": ("input", "expression")}
    for values in (counts, sparse.csr_matrix(counts)):
        found = find(table({"n": range(N)}, roles, {"x": Matrix(values)}), label)
        assert suspicious(found) == {("composition", "x"), ("missingness", "x")}
        assert found["missingness", "x"]["rule"].startswith("A low number of genes at 0 speaks for class '1'")
    dark = rng.random((N, 4, 4, 3)) + label[:, None, None, None]
    found = find(table({"n": range(N)}, {"x": ("input", "image")}, {"x": Matrix(dark)}), label)
    assert ("composition", "x") in suspicious(found)


def test_missing_values_of_a_wide_input(rng, label):
    values = rng.normal(size=(N, 20))
    values[label == 1, 3] = np.nan
    found = find(table({"n": range(N)}, {"x": ("input", "number")}, {"x": Matrix(values)}), label)
    assert ("missingness", "x") in suspicious(found)
    assert found["missingness", "x"]["level"] == "leak"


def test_labels_and_numbers(plain, rng):
    sizes = rng.integers(20, 60, N)
    whole = with_column(plain, "dna", letters(rng, sizes))
    labels = np.stack([sizes > 40, rng.random(N) < 0.5], axis=1).astype(float)
    labels[::7, 0] = np.nan
    found = find(whole, labels, "multilabel", names=["long", "coin"])
    assert found["length", "dna"]["suspicious"]
    assert "label 'long': AUROC 1.00" in found["length", "dna"]["rule"]
    found = find(whole, sizes.astype(float), "number", names=["size"])
    one = found["length", "dna"]
    assert (one["metric"], one["chance"]) == ("spearman", 0.0)
    assert one["value"] > 0.98
    assert one["rule"] == "A high number of letters speaks for a high 'size': Spearman 1.00 by itself."


def test_many_classes_are_cut_to_the_largest(plain, rng):
    label = np.where(rng.random(N) < 0.5, 7, rng.integers(0, 60, N))
    whole = with_column(plain, "id", [f"c{y}_{i}" for i, y in enumerate(label)])
    found = find(whole, label, names=[f"class {i}" for i in range(60)])
    assert found["identifier", "id"]["suspicious"]
    assert "'class 7'" in found["identifier", "id"]["rule"]


def test_rows_without_a_target_are_left_out(plain, label):
    labels = np.where(np.arange(N) % 2, -1, label)
    assert next(iter(find(plain, labels).values()))["n_train"] == CUT // 2
    assert find(plain, np.full(N, -1)) == {}


def test_one_class_in_the_test_part_has_no_score(plain, label):
    one = find(plain, np.where(np.arange(N) < CUT, label, 0))["composition", "dna"]
    assert (one["value"], one["low"], one["suspicious"]) == (None, None, False)


def test_few_test_rows_are_never_enough(plain):
    rows = np.arange(N)
    whole = with_column(plain, "id", [f"{'a' if i % 2 else 'b'}|{i}" for i in range(N)])
    parts = whole.take(rows[:200]), whole.take(rows[200:204])
    found = shortcuts(*parts, {"train": rows[:200] % 2, "test": rows[200:204] % 2}, "class")
    assert {one["name"]: one["value"] for one in found}["identifier"] == 1.0
    assert not any(one["suspicious"] for one in found)


def test_large_parts_are_drawn_and_repeatable(plain, label, monkeypatch):
    monkeypatch.setattr(room, "TRAIN_ROWS", 50)
    monkeypatch.setattr(room, "TEST_ROWS", 30)
    first = find(plain, label, seed=3)
    assert first == find(plain, label, seed=3)
    assert {(one["n_train"], one["n_test"]) for one in first.values()} == {(50, 30)}


def test_groups_widen_the_interval(plain, label):
    whole = with_column(plain, "dna", [("G" * y + d)[:40] for y, d in zip(label, plain.frame["dna"], strict=True)])
    rows = find(whole, label)["composition", "dna"]
    grouped = with_column(whole, "family", np.arange(N) // 16)
    grouped = replace(grouped, columns={**whole.columns, "family": Column("group", "label")})
    groups = find(grouped, label)["composition", "dna"]
    assert rows["value"] == groups["value"]
    assert (rows["low"], rows["high"]) != (groups["low"], groups["high"])


def test_writing_counts_signs_not_atoms():
    found = dict(zip(_smiles.NAMES, _smiles.writing(["[13C@@H](C)(Cl)/C=C\\c1c[nH]c([O-])c1.[Na+]"])[0], strict=True))
    counted = {name.removeprefix("number of "): value for name, value in found.items() if name.startswith("number")}
    assert counted["aromatic atoms in lower case"] == 5
    assert counted["atoms in brackets"] == 4
    assert (counted["positive charges"], counted["negative charges"]) == (1, 1)
    assert counted["single bonds '-'"] == 0
    assert counted["stereo marks '@'"] == 2
    assert counted["stereo bonds '/' or '\\'"] == 2
    assert counted["isotopes"] == 1
    assert counted["dots (salts, mixtures)"] == 1
    assert counted["ring digits"] == 2
    assert counted["hydrogens inside brackets"] == 2


@pytest.mark.parametrize("kind", ["class", "number"])
def test_associations_agree_with_scipy(kind, rng):
    from scipy.stats import mannwhitneyu, spearmanr

    dense = rng.integers(0, 2, (60, 4)).astype(float)
    target = rng.integers(0, 2, 60).astype(float) if kind == "class" else rng.normal(size=60)
    found = _model.associations(dense, target[:, None], kind)[:, 0]
    if kind == "class":
        up, down = dense[target == 1], dense[target == 0]
        wanted = [2 * mannwhitneyu(up[:, j], down[:, j])[0] / (len(up) * len(down)) - 1 for j in range(4)]
    else:
        wanted = [spearmanr(dense[:, j], target)[0] for j in range(4)]
    np.testing.assert_allclose(found, wanted, atol=1e-12)
    tokens = _model.associations(sparse.csr_array(dense), target[:, None], kind)[:, 0]
    np.testing.assert_allclose(tokens, wanted, atol=1e-12)


def test_tokens_have_shape_fields_and_runs():
    found = _columns.tokens("sp|P12345|A_HUMAN")
    assert {"field 'HUMAN'", "form 'sp|P0|A_HUMAN'", "4 fields", "length 17", "run 'sp|P'"} <= found


def null_rate(rounds, rows):
    """Share of tables with shuffled labels in which anything is suspicious."""
    wrong = 0
    for seed in range(rounds):
        rng = np.random.default_rng(seed)
        whole = table(
            {
                "id": [f"{word}_{i}" for i, word in enumerate(rng.choice(["a", "b", "c"], rows))],
                "dna": letters(rng, rng.integers(20, 60, rows), "ACGTN"),
                "batch": rng.choice(np.array(["x", "y", None], dtype=object), rows),
                "row": np.arange(rows),
            },
            {"id": ("id", "label"), "dna": ("input", "dna")},
        )
        wrong += bool(suspicious(find(whole, (rng.random(rows) < 0.3).astype(int), seed=seed)))
    return wrong / rounds


def test_shuffled_labels_give_no_suspicion():
    assert null_rate(8, 120) == 0


@pytest.mark.slow
@pytest.mark.parametrize("rows", [90, 400])
def test_shuffled_labels_in_200_simulations(rows):
    assert null_rate(200, rows) <= 0.05
