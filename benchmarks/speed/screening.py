"""A million molecules screened in bounded memory, against a loop over RDKit that does the same by hand.

    EXAPT_MIRROR=... python benchmarks/speed/screening.py [ROWS]
    EXAPT_MIRROR=... python benchmarks/speed/screening.py --rates     the rates a core alone, the rest is kept
    python benchmarks/speed/screening.py --table      the table of docs/explanation/cost_of_a_billion.md, made again

The library is ZINC-250k, then the same with one, two and three carbons more at the end of the spelling where that is a
chain, else as it is (a duplicate), until there are enough rows; the known actives are the 99 of DUD's
acetylcholinesterase. `exapt screen` runs as a command with all processors. The other way is the obvious one: parse,
spell canonically (to see duplicates), make a folded ECFP4 and take the maximum of BulkTanimotoSimilarity, molecule
after molecule in one process; it is timed on a sample just before and just after and extrapolated. The ratio of
processor time is independent of what else the machine does. Rates a core of further scorers and of the filters are
measured on one process, in processor time, for the page on what a billion costs.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

import pandas as pd

from exapt import api
from exapt.core.config import DataConfig, parse
from exapt.data.loading import load

RESULT = Path(__file__).parent / "results" / "screening.json"
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "cost_of_a_billion.md"
BEGIN, END = "<!-- table: made by benchmarks/speed/screening.py --table -->", "<!-- end of the table -->"
ROWS = 1_000_000
SAMPLE = 20_000  # of the library, for the loop
FEW = 20_000  # for the rates of scorers; a fifth of it for the slow ones
CHAINS = ("CC", "Cc", "C[", "CO", "CN", "CS", "C#", "C=")


def library(rows: int) -> list[str]:
    """SMILES of the library."""
    known = load(DataConfig(name="zinc250k")).table.frame["smiles"].tolist()
    made: list[str] = []
    for copy in range(-(-rows // len(known))):
        made += ["C" * copy + text if text.startswith(CHAINS) else text for text in known]
    return made[:rows]


def loop(smiles: list[str], actives: list[str]) -> tuple[float, float]:
    """Seconds of the obvious way, and of processor time."""
    from rdkit import Chem, DataStructs, rdBase
    from rdkit.Chem import rdFingerprintGenerator

    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    known = [generator.GetFingerprint(Chem.MolFromSmiles(text)) for text in actives]
    seen, scores = set(), []
    with rdBase.BlockLogs():
        start, used = time.perf_counter(), time.process_time()
        for text in smiles:
            molecule = Chem.MolFromSmiles(text)
            seen.add(Chem.MolToSmiles(molecule))
            scores.append(max(DataStructs.BulkTanimotoSimilarity(generator.GetFingerprint(molecule), known)))
        sorted(range(len(scores)), key=scores.__getitem__, reverse=True)
        return time.perf_counter() - start, time.process_time() - used


class Memory:
    """The largest memory of a process with all that it has started (proportional share of what they share)."""

    def __init__(self, process: int) -> None:
        self.process, self.peak, self.going = process, 0, True
        self.thread = threading.Thread(target=self.watch)
        self.thread.start()

    def watch(self) -> None:
        """Look four times a second."""
        while self.going:
            self.peak = max(self.peak, sum(map(share, family(self.process))))
            time.sleep(0.25)

    def stop(self) -> float:
        """GiB."""
        self.going = False
        self.thread.join()
        return self.peak / 2**20


def family(process: int) -> list[int]:
    """A process and all that it has started."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return []
    return [process, *(one for child in children for one in family(int(child)))]


def share(process: int) -> int:
    """Proportional set size in KiB."""
    try:
        lines = Path(f"/proc/{process}/smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)


def command(folder: Path, *arguments: str) -> dict[str, Any]:
    """Run `exapt screen`; wall seconds, memory of all processes together, and its note."""
    output = folder / "ranked.tsv"
    line = [sys.executable, "-m", "exapt.app.cli", "screen", *arguments, "-o", str(output), "--force"]
    start, before = time.perf_counter(), resource.getrusage(resource.RUSAGE_CHILDREN)
    with subprocess.Popen(line, env={**os.environ, "OMP_NUM_THREADS": "1"}, stdout=subprocess.DEVNULL) as process:
        memory = Memory(process.pid)
        code = process.wait()
        seconds, peak = time.perf_counter() - start, memory.stop()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    if code:
        raise RuntimeError(f"exapt screen ended with {code}")
    note = json.loads((folder / "screen.json").read_text())
    return {
        "seconds": seconds,
        "processor_seconds": used,
        "peak_gib": peak,
        "counts": note["counts"],
        "rates": note["rates"],
    }


def tiny_run(folder: Path, smiles: list[str], backbone: str) -> Path:
    """A run that need not be good to be timed."""
    from exapt.bio.chem.fingerprints import DESCRIPTORS, descriptors

    target = descriptors(smiles)[:, DESCRIPTORS.index("MolLogP")]
    pd.DataFrame({"smiles": smiles, "logp": target}).to_csv(folder / "train.csv", index=False)
    values = {
        "data": {"name": str(folder / "train.csv"), "target": "logp", "input": "smiles"},
        "task": "sequence_property",
        "backbone": backbone,
        "training": {"epochs": 1},
        "split": "random",
        "controls": "none",
        "baselines": [],
        "seeds": 1,
    }
    api.finetune(parse(values, "benchmark"), folder / backbone, quiet=True)
    return folder / backbone


def rates(folder: Path, smiles: list[str], known: str) -> dict[str, float]:
    """Molecules a second of one core, by step."""
    pd.DataFrame({"smiles": smiles}).to_csv(folder / "few.csv", index=False)
    pd.DataFrame({"smiles": smiles[: len(smiles) // 5]}).to_csv(folder / "fewer.csv", index=False)
    gnn = tiny_run(folder, smiles[:400], "gnn")
    found: dict[str, float] = {}
    for name, more in (
        ("few.csv", ["--by", "similarity,learned"]),
        ("fewer.csv", ["--run", str(gnn)]),
        ("fewer.csv", ["--filters", "pains"]),
        ("fewer.csv", ["--filters", "brenk,rule_of_five"]),
    ):
        made = command(folder, str(folder / name), "--actives", known, "--processes", "1", *more)
        each = dict(made["rates"]["molecules_per_core_second"])
        if "filters" in each:
            each[more[1]] = each.pop("filters")
        found = {**each, **found}
    return found


WAYS = {
    "similarity to known actives": ("read", "similarity"),
    "learned from actives and others": ("read", "learned"),
    "both, fused": ("read", "similarity", "learned"),
    "a graph network": ("read", "gnn"),
    "similarity, Brenk and rule of five on all": ("read", "similarity", "brenk,rule_of_five"),
    "similarity, PAINS on all": ("read", "similarity", "pains"),
}


def cost_table(result: dict[str, Any]) -> list[str]:
    """What 10^9 molecules cost by each way, as Markdown."""
    rate = result["molecules_per_core_second"]
    lines = [
        "| ranked by | molecules a second and core | core hours for 10^9 | hours on 1,000 cores |",
        "|---|---:|---:|---:|",
    ]
    for name, steps in WAYS.items():
        seconds = sum(1 / rate[step] for step in steps)
        hours = seconds * 1e9 / 3600
        lines.append(f"| {name} | {1 / seconds:,.0f} | {hours:,.0f} | {hours / 1000:.2g} |")
    return lines


def write_table() -> None:
    """Put the table into its page."""
    head, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, end, tail = rest.partition(END)
    made = "\n".join(cost_table(json.loads(RESULT.read_text())))
    PAGE.write_text(f"{head}{BEGIN}\n{made}\n{end}{tail}", encoding="utf-8")


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser()
    parser.add_argument("rows", type=int, nargs="?", default=ROWS)
    parser.add_argument("--rates", action="store_true")
    parser.add_argument("--table", action="store_true")
    asked = parser.parse_args()
    if asked.table:
        write_table()
        return
    rows = asked.rows
    smiles = library(rows)
    table = load(DataConfig(name="vs_dud_ache")).table
    actives = table.frame.loc[table.frame["active"] == 1, "smiles"].tolist()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        known = str(folder / "known.csv")
        pd.DataFrame({"smiles": actives}).to_csv(known, index=False)
        if asked.rates:
            result = json.loads(RESULT.read_text())
            result["molecules_per_core_second"] = rates(folder, smiles[::7][:FEW], known)
        else:
            result = whole(folder, smiles, actives)
    RESULT.write_text(json.dumps(result, indent=2) + "\n")
    print(json.dumps(result, indent=2))


def whole(folder: Path, smiles: list[str], actives: list[str]) -> dict[str, Any]:
    """The million, the loop beside it, and the rates a core."""
    rows, known = len(smiles), str(folder / "known.csv")
    frame = pd.DataFrame({"id": [f"Z{i}" for i in range(rows)], "smiles": smiles})
    frame.to_csv(folder / "library.csv", index=False)
    sample = smiles[:: max(1, rows // SAMPLE)][:SAMPLE]
    before = loop(sample, actives)
    found = command(folder, str(folder / "library.csv"), "--actives", known)
    size = (folder / "ranked.tsv").stat().st_size
    after = loop(sample, actives)
    wall, used = ((one + other) / 2 / len(sample) for one, other in zip(before, after, strict=True))
    return {
        "rows": rows,
        "actives": len(actives),
        "processors": len(os.sched_getaffinity(0)),
        "screen": found,
        "ranked_tsv_bytes_per_row": size / rows,
        "loop_seconds": wall * rows,
        "loop_processor_seconds": used * rows,
        "ratio": wall * rows / found["seconds"],
        "ratio_of_processor_time": used * rows / found["processor_seconds"],
        "molecules_per_core_second": rates(folder, smiles[::7][:FEW], known),
    }


if __name__ == "__main__":
    main()
