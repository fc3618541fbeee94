"""Screening a library: every row once, the same ranking by any engine and after any interruption."""

import contextlib
import gzip
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from exapt import api
from exapt.api import _ranked
from exapt.app.engines.local import Local
from exapt.core.errors import ConfigError, DataError, InputError, RunExistsError

HEADS = ("CC", "CCC", "OC", "NC", "FC", "ClC", "CC(C)", "C1CC1", "CSC", "OCC")
TAILS = ("c1ccccc1", "c1ccncc1", "C1CCNCC1", "c1ccsc1", "C(=O)O", "C(=O)N", "C#N", "c1ccc(O)cc1", "S(=O)(=O)N", "CCO")
MIDDLES = ("", "C", "CC", "NC", "OC", "C(=O)", "C(=O)N", "CN")
MOLECULES = [head + middle + tail for head in HEADS for middle in MIDDLES for tail in TAILS]
ACTIVES = ["CCC(=O)Nc1ccccc1", "OCCNCc1ccncc1", "CSCC(=O)O"]


def read(path):
    return pd.read_csv(path, sep="\t", dtype={"id": str}, keep_default_na=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """library.csv with three rows that are no molecules and two copies; known.csv."""
    made = tmp_path_factory.mktemp("screen")
    rows = [*MOLECULES[:300], "", "C(C", "CN(C)(C)C", MOLECULES[5], "c1ccccc1CC"]
    ids = [f"m{i}" for i in range(len(rows))]
    pd.DataFrame({"id": ids, "smiles": rows, "price": 1.5}).to_csv(made / "library.csv", index=False)
    pd.DataFrame({"name": ["one", "two", "three"], "smiles": ACTIVES}).to_csv(made / "known.csv", index=False)
    return made


@pytest.fixture(scope="module")
def config(folder):
    def build(**values):
        base = {"library": str(folder / "library.csv"), "actives": (str(folder / "known.csv"),), "chunk": 50}
        return api.ScreenConfig(**{**base, **values})

    return build


@pytest.fixture(scope="module")
def undisturbed(config, tmp_path_factory):
    output = tmp_path_factory.mktemp("undisturbed") / "ranked.tsv"
    api.screen(config(), output, quiet=True)
    return output


def test_every_molecule_stands_at_its_place(folder, undisturbed):
    from exapt.bio.chem.counted import References, keys
    from exapt.evaluate.bands import band_names

    library = pd.read_csv(folder / "library.csv", dtype=str, keep_default_na=False)
    ranked, rejected = read(undisturbed), read(undisturbed.with_name("rejected.tsv"))
    assert sorted([*ranked["id"], *rejected["id"]]) == sorted(library["id"])
    assert rejected["row"].tolist() == [301, 302, 303]
    assert rejected["reason"].tolist()[:2] == ["no SMILES", "the spelling is no SMILES"]
    assert "valence" in rejected["reason"][2]
    good = library.drop(index=[300, 301, 302]).reset_index(drop=True)
    similar = References(keys(ACTIVES)).similarity(keys(good["smiles"].tolist()))
    order = np.argsort(-similar.max(1), kind="stable")
    assert ranked["id"].tolist() == good["id"][order].tolist()
    assert ranked["smiles"].tolist() == good["smiles"][order].tolist()
    np.testing.assert_allclose(ranked["score"], similar.max(1)[order], rtol=1e-5)
    np.testing.assert_array_equal(ranked["score"], ranked["similarity"])
    assert ranked["rank"].tolist() == list(range(1, len(good) + 1))
    assert ranked["nearest_active"].tolist() == np.array(["one", "two", "three"])[similar.argmax(1)[order]].tolist()
    assert ranked["similarity_band"].tolist() == band_names(similar.max(1)[order])


def test_copies_are_marked_and_stay(undisturbed):
    ranked = read(undisturbed)
    copies = ranked[ranked["marks"] == "duplicate"]
    assert set(copies["id"]) >= {"m303", "m304"}  # the same spelling, and another spelling of an earlier molecule
    note = json.loads(undisturbed.with_name("screen.json").read_text())
    assert note["counts"] == {
        "read": 305,
        "ranked": 302,
        "unreadable": 3,
        "duplicates": len(copies),
        "marked": 0,
        "actives": 3,
    }
    assert note["best"][0]["id"] == ranked["id"][0]
    assert note["provenance"]["data"].keys() == {*map(str, note["provenance"]["data"])}
    assert all(rate > 0 for rate in note["rates"]["molecules_per_core_second"].values())


def test_structures_of_the_top(config, tmp_path):
    from rdkit import Chem

    found = api.screen(config(top=40, pick=6), tmp_path / "ranked.tsv", quiet=True)
    ranked = read(tmp_path / "ranked.tsv")
    records = list(Chem.SDMolSupplier(str(tmp_path / "ranked.sdf")))
    assert [record.GetProp("_Name") for record in records] == ranked["id"].tolist()[:40]
    assert [record.GetProp("rank") for record in records] == [str(i) for i in range(1, 41)]
    picked = read(tmp_path / "picked.tsv")
    assert 1 < len(picked) <= 6
    assert picked["id"][0] == found["best"][0]["id"]
    assert not picked["marks"].str.contains("duplicate").any()
    assert (tmp_path / "ranked.svg").read_text().count("<svg") >= len(picked)
    assert {path.name for path in tmp_path.iterdir()} == {
        "ranked.tsv",
        "ranked.sdf",
        "ranked.svg",
        "picked.tsv",
        "rejected.tsv",
        "screen.json",
    }


def test_filters_mark_and_hide_nothing(config, folder, undisturbed, tmp_path):
    (folder / "own.smarts").write_text("# mine\nC#N nitrile\n[#16]\tsulfur here\n")
    wanted = config(filters=("pains", "brenk", "rule_of_five"), smarts=folder / "own.smarts")
    found = api.screen(wanted, tmp_path / "ranked.tsv", quiet=True)
    marked, plain = read(tmp_path / "ranked.tsv"), read(undisturbed)
    assert marked["id"].tolist() == plain["id"].tolist()
    nitriles = marked[marked["smiles"].str.contains("C#N", regex=False)]
    assert len(nitriles) > 5
    assert nitriles["marks"].str.contains("nitrile").all()
    with_sulfur = marked["smiles"].str.contains("[Ss](?!i)")
    assert (marked["marks"].str.contains("sulfur here") == with_sulfur).all()
    assert found["counts"]["marked"] == int((marked["marks"].str.replace("duplicate", "") != "").sum())


@pytest.mark.parametrize("rule", ["mean", "reciprocal", "best"])
def test_several_scorers_are_fused(config, folder, tmp_path, rule):
    from exapt.tasks.screening.fusion import fuse

    pd.DataFrame({"smiles": ["CCOC1CCNCC1"]}).to_csv(folder / "other.csv", index=False)
    wanted = config(actives=(str(folder / "known.csv"), str(folder / "other.csv")), fuse=rule)
    api.screen(wanted, tmp_path / "ranked.tsv", quiet=True)
    ranked = read(tmp_path / "ranked.tsv")
    assert list(ranked)[4:6] == ["known", "other"]
    fused = fuse({name: ranked[name].to_numpy() for name in ("known", "other")}, how=rule)
    np.testing.assert_allclose(ranked["score"], fused, rtol=1e-6)
    assert (np.diff(ranked["score"]) <= 0).all()


def test_a_long_ranking_is_put_in_order_by_stretches(config, undisturbed, tmp_path, monkeypatch):
    monkeypatch.setattr(_ranked, "LINES", 7)
    api.screen(config(), tmp_path / "ranked.tsv", quiet=True)
    assert (tmp_path / "ranked.tsv").read_bytes() == undisturbed.read_bytes()


@pytest.mark.parametrize("chunk", [11, 304, 10_000])
def test_the_size_of_the_parts_changes_nothing(config, undisturbed, tmp_path, chunk):
    api.screen(config(chunk=chunk), tmp_path / "ranked.tsv", quiet=True)
    for name in ("ranked.tsv", "rejected.tsv", "ranked.sdf"):
        assert (tmp_path / name).read_bytes() == undisturbed.with_name(name).read_bytes()


def test_other_kinds_of_files_give_the_same_ranking(config, folder, undisturbed, tmp_path):
    library = pd.read_csv(folder / "library.csv", dtype=str, keep_default_na=False)
    library.to_parquet(tmp_path / "library.parquet")
    with gzip.open(tmp_path / "library.tsv.gz", "wt") as file:
        library.to_csv(file, sep="\t", index=False)
    full = library[library["smiles"] != ""]  # a line of a .smi without a SMILES is no line
    (tmp_path / "library.smi").write_text(
        "".join(f"{s} {i}\n" for i, s in zip(full["id"], full["smiles"], strict=True))
    )
    for name in ("library.parquet", "library.tsv.gz", "library.smi"):
        output = tmp_path / name.replace(".", "_") / "ranked.tsv.gz"
        api.screen(config(library=str(tmp_path / name)), output, quiet=True)
        assert gzip.decompress(output.read_bytes()) == undisturbed.read_bytes()


def test_processes_give_the_same_bits(config, undisturbed, tmp_path):
    api.screen(config(), tmp_path / "ranked.tsv", engine=Local(2), quiet=True)
    for name in ("ranked.tsv", "rejected.tsv"):
        assert (tmp_path / name).read_bytes() == undisturbed.with_name(name).read_bytes()


def test_an_interrupted_screen_goes_on(config, undisturbed, tmp_path):
    class Stop(Exception):
        pass

    def some(work, numbers):
        for number in numbers[1::2]:
            yield work(number)
        raise Stop

    output = tmp_path / "ranked.tsv"
    with pytest.raises(Stop):
        api.screen(config(), output, engine=some, quiet=True)
    parts = sorted((tmp_path / "ranked.tsv.partial" / "parts").iterdir())
    times = {part: part.stat().st_mtime_ns for part in parts}
    seen = []

    def rest(work, numbers):
        seen.extend(numbers)
        for number in numbers:
            yield work(number)
        assert {part: part.stat().st_mtime_ns for part in parts} == times

    with pytest.raises(RunExistsError, match="of another request"):
        api.screen(config(filters=("brenk",)), output, quiet=True)
    found = api.screen(config(), output, engine=rest, quiet=True)
    assert seen == [0, 2, 4, 6]
    assert (found["rates"]["screened"], found["rates"]["from_earlier"]) == (155, 150)
    assert output.read_bytes() == undisturbed.read_bytes()
    assert not (tmp_path / "ranked.tsv.partial").exists()


def test_a_part_is_made_again_where_an_engine_lost_it(config, tmp_path):
    from exapt.core.errors import ExaptError

    def forgetful(work, numbers):
        yield from map(work, numbers)
        work.part(2).unlink()

    with pytest.raises(ExaptError, match=r"000002.parquet is missing"):
        api.screen(config(), tmp_path / "ranked.tsv", engine=forgetful, quiet=True)
    assert api.screen(config(), tmp_path / "ranked.tsv", quiet=True)["counts"]["ranked"] == 302


def test_what_is_there_is_left_alone(config, tmp_path):
    output = tmp_path / "ranked.tsv"
    api.screen(config(), output, quiet=True)
    before = output.stat().st_mtime_ns
    with pytest.raises(RunExistsError):
        api.screen(config(), output, quiet=True)
    with pytest.raises(RunExistsError, match=r"rejected\.tsv|screen\.json"):
        api.screen(config(), tmp_path / "other.tsv", quiet=True)
    assert output.stat().st_mtime_ns == before
    api.screen(config(), output, force=True, quiet=True)
    assert output.stat().st_mtime_ns > before


@pytest.mark.parametrize(
    ("rows", "values", "message"),
    [
        (["smiles", "x", "y"], {}, r"none of its 2 rows could be scored; .*rejected\.tsv says why"),
        (["smiles"], {}, "no rows"),
        (["a,b", "1,2", "3,4"], {}, "no column looks like SMILES"),
        (["a_smiles,b_smiles", "CCO,CCN"], {}, "several columns may be SMILES"),
        (["key,structure", "a,InChI=1S/CH4/h1H4"], {"smiles": "structure"}, "holds InChI"),
        (["smiles", "CCO"], {"smiles": "smile"}, "Did you mean 'smiles'"),
    ],
)
def test_a_library_that_is_none(config, tmp_path, rows, values, message):
    (tmp_path / "bad.csv").write_text("\n".join(rows) + "\n")
    with pytest.raises(DataError, match=message):
        api.screen(config(library=str(tmp_path / "bad.csv"), **values), tmp_path / "out" / "ranked.tsv", quiet=True)
    assert not list((tmp_path / "out").glob("ranked*"))


def test_odd_molecules_do_not_stop_a_library(config, tmp_path):
    ring = "C1" + "C" * 198 + "C1"
    odd = [
        "C",
        "[Na+]",
        "*CC",
        "[Fe+2]",
        "[Cl-].[Na+]",
        ring,
        "[H][H]",
        "[13CH4]",
        "c1ccccc1.[Pt]",
        "InChI=1S/CH4/h1H4",
    ]
    pd.DataFrame({"smiles": [*odd, "CCO"]}).to_csv(tmp_path / "odd.csv", index=False)
    found = api.screen(config(library=str(tmp_path / "odd.csv")), tmp_path / "ranked.tsv", quiet=True)
    assert found["counts"]["read"] == 11
    assert read(tmp_path / "rejected.tsv")["smiles"].tolist() == ["InChI=1S/CH4/h1H4"]
    assert sorted(read(tmp_path / "ranked.tsv")["smiles"]) == sorted([*odd[:-1], "CCO"])


def test_a_name_with_tabs_and_lines_stays_in_its_field(config, tmp_path):
    rows = {"id": ["one\ttwo", "three\nfour", "x,y"], "smiles": ["CCO", "CCN ", "C(C\t1"]}
    pd.DataFrame(rows).to_csv(tmp_path / "names.csv", index=False)
    api.screen(config(library=str(tmp_path / "names.csv")), tmp_path / "ranked.tsv", quiet=True)
    ranked, rejected = read(tmp_path / "ranked.tsv"), read(tmp_path / "rejected.tsv")
    assert sorted(ranked["id"]) == ["one two", "three four"]
    assert rejected[["id", "smiles"]].to_numpy().tolist() == [["x,y", "C(C 1"]]


def test_a_request_that_cannot_be(config, folder, tmp_path):
    output = tmp_path / "ranked.tsv"
    for values, message in (
        ({"actives": ()}, "nothing to rank by"),
        ({"target": folder / "known.csv"}, "a protein needs a run"),
        ({"top": 0}, "--top"),
        ({"pick": 2000}, "--pick is a whole number from 0 to --top 1000"),
        ({"by": ("similar",)}, "--by similar: write similarity or learned"),
        ({"inactives": "x.csv"}, "add --by learned"),
        ({"fuse": "median"}, "mean"),
        ({"filters": ("pain",)}, "Did you mean 'pains'"),
    ):
        with pytest.raises(ConfigError, match=message):
            api.screen(config(**values), output, quiet=True)
    pd.DataFrame({"smiles": ["CCO", "C(C"]}).to_csv(tmp_path / "bad.csv", index=False)
    with pytest.raises(DataError, match=r"active 2 of 2"):
        api.screen(config(actives=(str(tmp_path / "bad.csv"),)), output, quiet=True)
    (tmp_path / "bad.smarts").write_text("[#6 broken\n")
    with pytest.raises(ConfigError, match="SMARTS"):
        api.screen(config(smarts=tmp_path / "bad.smarts"), output, quiet=True)
    assert not output.with_name("ranked.tsv.partial").exists()


def command(config, output):
    arguments = [config.library, "--actives", config.actives[0], "-o", output, "--chunk", config.chunk]
    return [sys.executable, "-m", "exapt.app.cli", "screen", *map(str, arguments), "--processes", "2"]


def children(process):
    """Process ids of all that a process has started."""
    found = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [*map(int, found), *(grandchild for child in found for grandchild in children(child))]


@pytest.fixture(scope="module")
def long_library(folder, tmp_path_factory):
    """A library that takes some seconds, and its ranking."""
    rows = ["C" * (i // 800) + MOLECULES[i % 800] for i in range(4000)]
    pd.DataFrame({"id": [f"m{i}" for i in range(4000)], "smiles": rows}).to_csv(folder / "long.csv", index=False)
    config = api.ScreenConfig(str(folder / "long.csv"), actives=(str(folder / "known.csv"),), chunk=100)
    output = tmp_path_factory.mktemp("long") / "ranked.tsv"
    api.screen(config, output, quiet=True)
    return config, output


def killed(config, output, wanted):
    """Start the command and kill it as soon as so many parts are there; its own processes must end too."""
    parts = output.with_name("ranked.tsv.partial") / "parts"
    process = subprocess.Popen(command(config, output), stderr=subprocess.DEVNULL)
    stop = time.monotonic() + 300
    while len(list(parts.glob("*.parquet"))) < wanted:
        assert process.poll() is None
        assert time.monotonic() < stop
        time.sleep(0.01)
    started = children(process.pid)
    os.kill(process.pid, signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert len(started) >= 2
    while any(Path(f"/proc/{child}").exists() for child in started):
        assert time.monotonic() < stop
        time.sleep(0.02)
    return len(list(parts.glob("*.parquet")))


def test_killed_in_the_middle(long_library, tmp_path):
    config, undisturbed = long_library
    output = tmp_path / "ranked.tsv"
    left = killed(config, output, 5)
    assert 5 <= left < 40
    found = api.screen(config, output, quiet=True)
    assert found["rates"]["from_earlier"] == 100 * left
    assert output.read_bytes() == undisturbed.read_bytes()
    assert output.with_name("rejected.tsv").read_bytes() == undisturbed.with_name("rejected.tsv").read_bytes()


def test_a_process_of_it_is_killed(long_library, tmp_path):
    config, undisturbed = long_library
    output = tmp_path / "ranked.tsv"
    process = subprocess.Popen(command(config, output), stderr=subprocess.PIPE, text=True)
    parts = tmp_path / "ranked.tsv.partial" / "parts"
    stop = time.monotonic() + 300
    while len(list(parts.glob("*.parquet"))) < 5:
        assert process.poll() is None
        assert time.monotonic() < stop
        time.sleep(0.01)
    workers = [child for child in children(process.pid) if b"spawn_main" in Path(f"/proc/{child}/cmdline").read_bytes()]
    os.kill(workers[0], signal.SIGKILL)
    _, messages = process.communicate(timeout=300)
    assert process.returncode == 1
    assert "A process of the screen was killed" in messages
    assert "Traceback" not in messages
    api.screen(config, output, quiet=True)
    assert output.read_bytes() == undisturbed.read_bytes()


@pytest.mark.slow
def test_killed_again_and_again(long_library, tmp_path):
    config, undisturbed = long_library
    output = tmp_path / "ranked.tsv"
    for wanted in (1, 10, 20, 30):
        killed(config, output, wanted)
    api.screen(config, output, quiet=True)
    assert output.read_bytes() == undisturbed.read_bytes()


def started(nodes, tries=2):
    """A head without processors, and worker nodes of one each, on this machine, but with processes of their own."""
    from ray.cluster_utils import Cluster

    made = Cluster(initialize_head=False)
    try:
        made.add_node(num_cpus=0, include_dashboard=False)
        return made, [made.add_node(num_cpus=1) for _ in range(nodes)]
    except Exception as error:
        made.shutdown()
        if "timed out during startup" not in str(error):
            raise
    if tries == 1:
        pytest.skip("this machine is too busy: Ray's own processes did not start in the 15 s that Ray gives them")
    return started(nodes, tries - 1)


@contextlib.contextmanager
def cluster(nodes):
    ray = pytest.importorskip("ray", reason="Ray is not installed: pip install 'exapt[ray]'")
    made, workers = started(nodes)
    try:
        yield made, workers
    finally:
        ray.shutdown()
        made.shutdown()


def test_a_machine_is_killed_in_the_middle(long_library, tmp_path, monkeypatch):
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_raylet_start_wait_time_s", "40")
    config, undisturbed = long_library
    with cluster(2) as (made, workers):
        from exapt.api._screen_work import Work
        from exapt.app.engines.ray import RayData

        with pytest.raises(InputError, match="not seen from this machine"):
            list(RayData(made.address)(Work(tmp_path / "nowhere", []), [0]))
        done = []

        def watched(work, numbers):
            for one in RayData(made.address)(work, numbers):
                done.append(one.number)
                if len(done) == 5:
                    made.remove_node(workers[0], allow_graceful=False)
                    assert len(list((tmp_path / "ranked.tsv.partial" / "parts").iterdir())) < 40  # there is work left
                yield one

        found = api.screen(config, tmp_path / "ranked.tsv", engine=watched, quiet=True)
        assert len(made.list_all_nodes()) == 2
    assert sorted(done) == list(range(40))
    assert found["rates"]["screened"] == 4000
    assert (tmp_path / "ranked.tsv").read_bytes() == undisturbed.read_bytes()


def test_what_parts_actives_from_the_rest_is_learned(config, folder, tmp_path):
    from exapt.tasks.screening.learned import LearnedScorer

    amides = [text for text in MOLECULES[300:] if "C(=O)N" in text][:12]
    others = [text for text in MOLECULES[300:] if "C(=O)N" not in text and "N" not in text][:40]
    pd.DataFrame({"smiles": amides}).to_csv(folder / "amides.csv", index=False)
    pd.DataFrame({"smiles": others}).to_csv(folder / "others.csv", index=False)
    wanted = config(actives=(str(folder / "amides.csv"),), by=("learned",), inactives=str(folder / "others.csv"))
    api.screen(wanted, tmp_path / "known" / "ranked.tsv", quiet=True)
    ranked = read(tmp_path / "known" / "ranked.tsv")
    scorer = LearnedScorer(amides, others)
    np.testing.assert_allclose(ranked["learned"], scorer.score(ranked["smiles"].tolist()), rtol=1e-5)
    has = ranked["smiles"].str.contains("C(=O)N", regex=False).to_numpy()
    assert has[: has.sum()].mean() > 0.6 > has.mean()
    drawn = config(actives=wanted.actives, by=("similarity", "learned"))
    for engine, place in ((map, "here"), (Local(2), "there")):
        found = api.screen(drawn, tmp_path / place / "ranked.tsv", engine=engine, quiet=True)
        assert {scorer["name"] for scorer in found["scorers"]} == {"similarity", "learned"}
    assert (tmp_path / "here" / "ranked.tsv").read_bytes() == (tmp_path / "there" / "ranked.tsv").read_bytes()
