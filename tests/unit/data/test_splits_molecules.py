"""Splits of molecules: the rule of Hu et al. by hand, whole scaffolds and clusters, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from exapt.core.contracts import Column, Table
from exapt.core.errors import ConfigError, DataError
from exapt.core.registry import SPLITS
from exapt.data.splits.scaffold import ACYCLIC, by_size

RINGS = ["c1ccccc1", "C1CCCCC1", "c1ccncc1", "c1ccoc1", "C1CCNCC1", "C1CCCC1", "c1ccsc1", "C1CC1"]
SMILES = [f"{'C' * (1 + i % 5)}{RINGS[i % len(RINGS)]}" for i in range(80)] + ["CCO", "CCCN", "nonsense", "CC(C)C"]


def table(smiles=SMILES, **more):
    frame = pd.DataFrame({"m": smiles, **more})
    columns = {name: Column("input", "molecule" if name == "m" else "protein") for name in frame}
    return Table(frame, columns, "toy.csv")


def naive(codes, train, before_test):
    """The loop of the paper's code: largest group first, of equally large ones the last in the file."""
    members = {}
    for row, code in enumerate(codes):
        members.setdefault(code, []).append(row)
    parts = [], [], []
    for group in sorted(members.values(), key=lambda rows: (len(rows), rows[0]), reverse=True):
        if len(parts[0]) + len(group) <= train * len(codes) + 1e-6:
            parts[0].extend(group)
        elif len(parts[0]) + len(parts[1]) + len(group) <= before_test * len(codes) + 1e-6:
            parts[1].extend(group)
        else:
            parts[2].extend(group)
    return [sorted(part) for part in parts]


@pytest.mark.parametrize("seed", range(20))
def test_the_rule_of_hu_et_al(seed):
    rng = np.random.default_rng(seed)
    codes = pd.factorize((rng.exponential(6, 100)).astype(int))[0]
    fold = by_size(codes, 0.8, 0.9)
    assert [fold.train.tolist(), fold.valid.tolist(), fold.test.tolist()] == naive(codes, 0.8, 0.9)


def test_hu_is_fixed_and_balanced_is_drawn():
    rows = table()
    cuts = [SPLITS.build("scaffold", protocol="hu", seed=seed)(rows)[0].test.tolist() for seed in (0, 1)]
    assert cuts[0] == cuts[1]
    drawn = [SPLITS.build("scaffold", seed=seed)(rows)[0].test.tolist() for seed in range(5)]
    assert len(set(map(tuple, drawn))) > 1


def test_scaffolds_are_the_groups():
    groups = SPLITS.build("scaffold").groups(table())
    assert groups[:3].tolist() == ["c1ccccc1", "C1CCCCC1", "c1ccncc1"]
    assert groups[80:].tolist() == [ACYCLIC, ACYCLIC, None, ACYCLIC], "an unreadable molecule stands alone"


def test_stereo_tells_scaffolds_apart_in_the_protocol_hu_only():
    rows = table(["O=C1C[C@@H](c2ccccc2)N1", "O=C1C[C@H](c2ccccc2)N1"])
    assert len(set(SPLITS.build("scaffold").groups(rows))) == 1
    assert len(set(SPLITS.build("scaffold", protocol="hu").groups(rows))) == 2


def test_members_of_a_cluster_resemble_its_centre():
    groups = SPLITS.build("butina", tanimoto=0.5).groups(table())
    assert groups[82] is None
    sizes = pd.Series(groups).value_counts()
    assert sizes.index[0] == "c0"
    assert len(set(SPLITS.build("butina", tanimoto=0.9).groups(table()))) > len(set(groups))


@pytest.mark.parametrize("name", ["scaffold", "butina"])
def test_the_column_of_molecules(name):
    pairs = table(p="MKV")
    assert len(SPLITS.build(name)(pairs)[0].test)
    assert len(SPLITS.build(name, column="m")(pairs)[0].test)
    with pytest.raises(DataError, match=r"molecules of column 'n'. Did you mean 'm'|molecules of column 'n'. Known: m"):
        SPLITS.build(name, column="n")(pairs)
    proteins = Table(pairs.frame, {"p": Column("input", "protein")}, "toy.csv")
    with pytest.raises(DataError, match=r"needs one input of molecules, or column: NAME. Inputs: p \(protein\)"):
        SPLITS.build(name)(proteins)


def test_one_group_is_refused():
    with pytest.raises(DataError, match="the molecules' scaffolds has 1 group, and 3 are needed"):
        SPLITS.build("scaffold")(table(["CCO", "CCN", "CCC"]))
    with pytest.raises(DataError, match="part of the split is empty"):
        SPLITS.build("scaffold", protocol="hu")(table(["CCO", "CCN", "CCC"]))


def test_options_that_make_no_sense_are_refused():
    with pytest.raises(ConfigError, match="protocol is balanced or hu, not 'random'"):
        SPLITS.build("scaffold", protocol="random")
    for options in ({"folds": 5}, {"repeats": 2}, {"inner": 3}):
        with pytest.raises(ConfigError, match="hu makes one cut"):
            SPLITS.build("scaffold", protocol="hu", **options)
    for value in (0, 1, 1.5):
        with pytest.raises(ConfigError, match="tanimoto is a similarity between 0 and 1"):
            SPLITS.build("butina", tanimoto=value)
