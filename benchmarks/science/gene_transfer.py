"""Genes of one species from those of others: learning curves of a network and a grammar, with and without transfer.

`python benchmarks/science/gene_transfer.py --work DIR` writes results/gene_transfer.json; what is done is kept there
and in DIR (weights), so that the same command goes on after an interruption. `--targets`, `--seeds` choose a part,
`--table` writes the tables of the page.

- Data: the cards euk_1pct_* and yeast_chr1. Blocks of about 50 kb that no gene crosses are the units. A quarter of a
  target's blocks (seed 0, by letters) is its test part, fixed for all arms; nothing else is done with it.
- The weights of the grammar are chosen on training blocks of the arm, at most six; without any, on those of the source.
- Source: a network trained on the other two species of euk_1pct (yeast: on worm and fly), nine tenths of their blocks;
  the rest of them chooses the epoch and the weights of the grammar. Rare classes are
  weighed up (task option `balance`) in the second part of its training: deferred re-weighting, arXiv:1906.07413.
- Networks: compared by gene_networks.py as sources of worm and fly, on the blocks that choose their epoch.
- Arms: `transfer` starts from the source's weights, `scratch` from random ones. Both see the first blocks of the
  target's training part that hold 10, 50 or 100 % of its genes (nested), as often and with the same rate, and keep the
  last epoch. `joint` starts from the source's weights too and goes on with both, a head each (strategy `joint`): as
  many whole passes over the source as let it see the target about as often as the others do, at least one. 0 % is the
  source's network as it is.
- Scores: coding bases, coding exons, introns between them and genes with all coding exons, both ends exact, of the
  decoded test blocks. Intervals: 95 %, 1,000 bootstrap draws of test blocks, of the mean over the seeds.
- A grammar chosen on the sources for all arms was tried first: on yeast, which has hardly an intron, it joined genes by
  introns (exon F1 0 where all of it was annotated). That is why an arm's own blocks choose.
- A first round (32 channels, a GRU, a third of the passes, full weight on letters in the grammar, *A. thaliana* only)
  had been run before, with a rate for `transfer` that was a third of the other: it hurt at 50 and 100 % (exons -0.043
  [-0.076, -0.010] at 100 %). The equal rate was chosen then. A second round counted shares in blocks; in fly, whose
  genes lie on two of seven sequences, 10 % of them hold no gene. Of it the runs at 0 and 100 % are kept, and of
  worm and yeast those whose blocks hold as many genes (worm: 10 and 50 %, 49 of 100 genes; yeast: 10 %).
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from exapt.bio.transcripts.agreement import LEVELS, Agreement
from exapt.bio.transcripts.tuning import GRAMMARS, Block, annotated_blocks, best_grammar, judged
from exapt.core.config import TrainingConfig
from exapt.core.contracts import Column, Domain, Model, Table
from exapt.core.examples import Examples
from exapt.core.paths import read_json, write_json
from exapt.core.provenance import code_version, versions
from exapt.core.seeds import seed_everything
from exapt.data import cards
from exapt.data.augment.reverse_complement import ReverseComplement
from exapt.data.cards.parsers.gene_windows import GeneWindows
from exapt.data.encoders.letters import Letters
from exapt.data.gene_windows import Cutting, window_table
from exapt.models.backbones.cnn.model import CNN
from exapt.tasks.gene_finding.decode import Reading, log_probabilities
from exapt.tasks.gene_finding.task import GeneFinding
from exapt.transfer.strategies.full import EXPORT as Full
from exapt.transfer.strategies.joint import EXPORT as Joint
from exapt.transfer.training.loop import TrainingSets, fit
from exapt.transfer.training.predict import predict

RESULT = Path(__file__).parent / "results" / "gene_transfer.json"
NETWORKS_RESULT = RESULT.with_name("gene_networks.json")
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "gene_structure.md"
MARKS = ("<!-- tables: made by benchmarks/science/gene_transfer.py --table -->", "<!-- end of the tables -->")
EUK = ("euk_1pct_arabidopsis", "euk_1pct_celegans", "euk_1pct_drosophila")
TARGETS = (*EUK, "yeast_chr1")
SHARES = (0.1, 1.0, 0.5)  # the ends of the curve first
_CNN = {"depth": 8, "kernel": 9, "norm": "batch", "activation": "relu"}
NETWORKS: dict[str, dict[str, Any]] = {
    "cnn": _CNN | {"dim": 32},
    "cnn, rnn on top": _CNN | {"dim": 32, "recurrent": "gru"},
    "wide cnn": _CNN | {"dim": 64},
}
NETWORK = "wide cnn"
BATCH = 2
PASSES = {0.1: 24, 0.5: 10, 1.0: 8}  # over both strands of the target's blocks
SOURCE_PASSES = (8, 3)  # first as the bases are, then with rare classes weighed up, as all arms are trained
BALANCE = 0.5
JUDGED = 6  # training blocks that choose the grammar of an arm
VALIDATION = (0.9, 1.1)  # part of a source's blocks
RATE = 3e-3
ARMS = ("transfer", "joint", "scratch")
WINDOW, OVERLAP = 4096, 256
READING = Reading(window=8192, overlap=2048)
DRAWS = 1000
KEPT = ("grammars", "runs")  # of a result, from one call to the next


@dataclass(frozen=True)
class Species:
    """Windows of a genome and its blocks, in an order that is random and always the same."""

    windows: Table
    blocks: tuple[Block, ...]

    def part(self, first: float, last: float) -> tuple[Block, ...]:
        """The blocks between two shares of the letters."""
        ends = np.cumsum([len(block.letters) for block in self.blocks])
        middles = (ends - [len(block.letters) / 2 for block in self.blocks]) / ends[-1]
        return tuple(block for block, middle in zip(self.blocks, middles, strict=True) if first <= middle < last)


def species(card: str) -> Species:
    """Read a card."""
    known = cards.read(card)
    parser = GeneWindows(**known.parser.options)
    genome, labels = parser.read(cards.fetch(known, quiet=True))
    cutting = Cutting(WINDOW, OVERLAP, parser.block)
    raw = window_table(genome, labels, cutting)
    roles = {"id": ("id", "label"), "sequence": ("input", "dna"), "labels": ("target", "structure")}
    table = Table(raw.frame, {name: Column(*role) for name, role in roles.items()}, card)  # type: ignore[arg-type]
    found = annotated_blocks(genome, labels, cutting.block)
    order = np.random.default_rng(0).permutation(len(found))
    return Species(table, tuple(found[i] for i in order))


ENCODER = Letters("dna")


def windows_of(of: Sequence[tuple[Species, Sequence[Block]]]) -> Table:
    """The windows of blocks."""
    tables = [one.windows for one, _ in of]
    names = [{block.name for block in chosen} for _, chosen in of]
    frames = [table.frame[table.frame["block"].isin(some)] for table, some in zip(tables, names, strict=True)]
    return replace(tables[0], frame=pd.concat(frames, ignore_index=True))


def examples(table: Table, task: GeneFinding) -> Examples:
    """Windows, encoded."""
    encoded = ENCODER.encode(table.frame["sequence"].tolist())
    return Examples({"sequence": encoded}, {"sequence": ENCODER}, task.targets(table), table.ids())


def new_model(seed: int, network: str = NETWORK, domains: Sequence[Domain] = ("target",)) -> Model:
    """A network with random weights and a head for each domain."""
    seed_everything(seed)
    backbone = CNN(ENCODER.inputs(), **NETWORKS[network])
    return Model({"sequence": backbone}, {domain: GeneFinding().build_head([backbone]) for domain in domains})


def share_of_genes(pool: Sequence[Block], share: float) -> Sequence[Block]:
    """The first blocks that hold such a share of the genes."""
    genes = np.cumsum([len(block.genes) for block in pool])
    return pool if share == 1 else pool[: int(np.searchsorted(genes, share * genes[-1])) + 1]


def train(
    model: Model,
    tasks: Mapping[Domain, GeneFinding],
    sets: TrainingSets,
    passes: int,
    seed: int,
    folder: Path | None = None,
) -> float:
    """Train a model in place, with a source jointly; returns seconds. With a folder an interrupted training goes on."""
    config = TrainingConfig(
        epochs=passes,
        batch_size=BATCH,
        lr=RATE,
        precision="bf16",
        device="cpu",
        keep="best" if sets.valid is not None else "last",
    )
    began = time.perf_counter()
    strategy = Joint() if "source" in sets.train else Full()
    fit(model, tasks, strategy, sets, config, seed=seed, folder=folder, quiet=folder is None)
    return time.perf_counter() - began


def said(model: Model, task: GeneFinding, chosen: Sequence[Block]) -> dict[str, NDArray[np.float32]]:
    """What the grammar takes of blocks."""
    config = TrainingConfig(batch_size=8, precision="bf16")

    def forward(texts: Sequence[str]) -> NDArray[Any]:
        rows = Examples({"sequence": ENCODER.encode(texts)}, {"sequence": ENCODER}, {}, [""] * len(texts))
        return predict(model, rows, config).numpy()

    found = {}
    for block in chosen:
        pieces = log_probabilities(forward, block.letters, READING)
        found[block.name] = np.concatenate([values for _, values in pieces]) + task.offsets()
    return found


def chosen_grammar(model: Model, task: GeneFinding, known: Sequence[Block]) -> tuple[int, list[dict[str, float]]]:
    """The grammar that finds the genes of some blocks best, and the F1 of all."""
    return best_grammar(known, said(model, task, known))


def source_model(
    sources: Sequence[Species], place: Path, seed: int, network: str = NETWORK, passes: Sequence[int] = SOURCE_PASSES
) -> tuple[Model, GeneFinding]:
    """A network trained on most of the blocks of species, in two parts; each is kept and not trained again."""
    model = new_model(seed, network)
    table = windows_of([(one, one.part(0.0, VALIDATION[0])) for one in sources])
    valid = windows_of([(one, one.part(*VALIDATION)) for one in sources])
    for stage, (count, balance) in enumerate(zip(passes, (0.0, BALANCE), strict=True)):
        weights = place.with_name(f"{place.name}-{stage}.safetensors")
        task = GeneFinding(balance=balance)
        task.fit(table)
        if not weights.is_file():
            rows = examples(ReverseComplement()(table, 0), task)
            folder = weights.with_suffix("")
            folder.mkdir(exist_ok=True)
            sets = TrainingSets({"target": rows}, examples(valid, task))
            seconds = train(model, {"target": task}, sets, count, seed, folder)
            save_file({name: value.contiguous() for name, value in model.state_dict().items()}, weights)
            print(f"{weights.stem}: {seconds:.0f} s", flush=True)
        model.load_state_dict(load_file(weights))
    return model.eval(), task


class Run:
    """One target with one seed."""

    def __init__(
        self, target: str, seed: int, genomes: Mapping[str, Species], work: Path, result: dict[str, Any]
    ) -> None:
        self.target, self.seed, self.work, self.result = target, seed, work, result
        self.genomes, self.species = genomes, genomes[target]
        self.test = self.species.part(0.0, 0.25)
        self.sources = [name for name in EUK if name != target][-2:]

    def source(self) -> tuple[Model, GeneFinding]:
        """The network of the source species, trained where it was not, and the grammar that suits it."""
        sources = [self.genomes[name] for name in self.sources]
        model, task = source_model(sources, self.work / f"{'+'.join(self.sources)}-{self.seed}", self.seed)
        key = f"{self.target}/{self.seed}"
        if key not in self.result["grammars"]:
            best, scores = chosen_grammar(model, task, [block for one in sources for block in one.part(*VALIDATION)])
            self.result["grammars"][key] = {"chosen": best, "validation_f1": scores}
            self.keep()
        return model, task

    def go(self) -> None:
        """All arms and shares that are not done."""
        model, task = self.source()
        best = self.result["grammars"][f"{self.target}/{self.seed}"]["chosen"]
        self.score(f"{self.target}/{self.seed}/transfer/0", model, task, 0.0, grammar=best)
        pool = self.species.part(0.25, 1.1)
        for share in SHARES:
            some = share_of_genes(pool, share)
            for arm in ARMS:
                key = f"{self.target}/{self.seed}/{arm}/{share:g}"
                if key in self.result["runs"]:
                    continue
                new, own, seconds = self.trained(arm, share, some, model)
                best, _ = chosen_grammar(new, own, some[:JUDGED])
                genes = sum(len(block.genes) for block in some)
                self.score(key, new, own, seconds, blocks=len(some), genes=genes, grammar=best)

    def trained(self, arm: str, share: float, some: Sequence[Block], source: Model) -> tuple[Model, GeneFinding, float]:
        """The network of an arm, its task and the seconds that its training took."""
        tables = {"target": windows_of([(self.species, some)])}
        if arm == "joint":
            known = [self.genomes[name] for name in self.sources]
            tables["source"] = windows_of([(one, one.part(0.0, VALIDATION[0])) for one in known])
        domains: list[Domain] = ["target", "source"] if arm == "joint" else ["target"]
        tasks = {domain: GeneFinding(balance=BALANCE) for domain in domains}
        model, rows, passes = new_model(self.seed + 100, domains=domains), {}, PASSES[share]
        for domain, task in tasks.items():
            task.fit(tables[domain])
            rows[domain] = examples(ReverseComplement()(tables[domain], 0), task)
            if arm != "scratch":
                model.heads[domain].load_state_dict(source.heads["target"].state_dict())
        if arm != "scratch":
            model.backbones.load_state_dict(source.backbones.state_dict())
        if arm == "joint":
            passes = max(1, round(passes * len(rows["target"]) / len(rows["source"])))
        return model, tasks["target"], train(model, tasks, TrainingSets(rows), passes, self.seed)

    def score(self, key: str, model: Model, task: GeneFinding, seconds: float, **facts: int) -> None:
        """Decode the test blocks and keep the counts."""
        if key in self.result["runs"]:
            return
        began = time.perf_counter()
        found = judged(self.test, said(model, task, self.test), GRAMMARS[facts["grammar"]])
        counts = {name: getattr(found, name).tolist() for name in ("annotated", "predicted", "found")}
        f1 = {level: round(value["f1"], 4) for level, value in found.scores().items()}
        self.result["runs"][key] = {**facts, "fit_seconds": round(seconds, 1), "f1": f1, "counts": counts}
        self.keep()
        print(key, f1, f"decoded in {time.perf_counter() - began:.0f} s", flush=True)

    def keep(self) -> None:
        """Write what is known."""
        write_json(RESULT, self.result | {"summary": summary(self.result["runs"])})


def summary(runs: Mapping[str, Any]) -> dict[str, Any]:
    """Mean over the seeds with intervals, and what the transfer gains, by target, arm and share."""
    groups: dict[str, list[Agreement]] = {}
    for key, run in runs.items():
        target, _, arm, share = key.split("/")
        counts = (np.array(run["counts"][name]) for name in ("annotated", "predicted", "found"))
        groups.setdefault(f"{target}/{arm}/{share}", []).append(Agreement(*counts))
    found: dict[str, Any] = {}
    for name, seeds in groups.items():
        found[name] = {"seeds": len(seeds)} | _intervals(seeds, [])
        target, arm, share = name.split("/")
        other = groups.get(f"{target}/scratch/{share}", [])
        if arm != "scratch" and len(other) == len(seeds):
            found[f"{name} gain"] = _intervals(seeds, other)
    return found


def _intervals(seeds: Sequence[Agreement], minus: Sequence[Agreement]) -> dict[str, Any]:
    count, random = len(seeds[0].annotated), np.random.default_rng(0)
    draws = [None, *(random.integers(0, count, count).tolist() for _ in range(DRAWS))]
    values = np.array([_f1(seeds, draw) - (_f1(minus, draw) if minus else 0.0) for draw in draws])
    low, high = np.nanquantile(values[1:], (0.025, 0.975), axis=0)
    if count == 1:  # one block says nothing of how blocks differ
        low = high = np.full(len(LEVELS), np.nan)
    return {
        level: {"f1": _rounded(values[0, i]), "low": _rounded(low[i]), "high": _rounded(high[i])}
        for i, level in enumerate(LEVELS)
    }


def _f1(seeds: Sequence[Agreement], draw: Sequence[int] | None) -> NDArray[np.float64]:
    scores = [one.scores(draw) for one in seeds]
    return np.array([[score[level]["f1"] for level in LEVELS] for score in scores]).mean(0)


def _rounded(value: float) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def tables(result: Mapping[str, Any]) -> str:
    """What the page shows, as Markdown."""
    lines: list[str] = []
    for target in TARGETS:
        rows = {name: one for name, one in result["summary"].items() if name.startswith(f"{target}/")}
        if not rows:
            continue
        segments = len(next(run for key, run in result["runs"].items() if key.startswith(target))["counts"]["found"])
        seeds = max(one.get("seeds", 0) for one in rows.values())
        lines += [f"**{target}** ({segments} test blocks; seeds: {seeds})", ""]
        lines += ["| annotation | arm | " + " | ".join(LEVELS) + " |", "|---" * (2 + len(LEVELS)) + "|"]
        for name, one in sorted(rows.items(), key=lambda row: float(row[0].split("/")[2].split()[0])):
            _, arm, share = name.split("/")
            said = f"**gain of {arm}**" if share.endswith("gain") else arm
            cells = " | ".join(_cell(one[level]) for level in LEVELS)
            lines.append(f"| {_annotation(result['runs'], target, share.split()[0])} | {said} | {cells} |")
        lines.append("")
    if NETWORKS_RESULT.is_file():
        lines += ["| network | parameters | " + " | ".join(LEVELS) + " |"]
        lines += ["|---" * (2 + len(LEVELS)) + "|"]
        for name, one in read_json(NETWORKS_RESULT)["networks"].items():
            f1 = " | ".join(f"{one['validation_f1'][level]:.3f}" for level in LEVELS)
            lines.append(f"| {name} | {one['parameters']:,} | {f1} |")
        lines.append("")
    return "\n".join(lines)


def _annotation(runs: Mapping[str, Any], target: str, share: str) -> str:
    """The share of the annotation that is used, and how many genes it holds."""
    genes = [
        run["genes"]
        for key, run in runs.items()
        if "genes" in run and key.startswith(f"{target}/") and key.endswith(f"/{share}")
    ]
    return f"{100 * float(share):.0f} % ({genes[0]} genes)" if genes else "none"


def _cell(one: Mapping[str, float | None]) -> str:
    if one["low"] is None:
        return f"{one['f1']:.3f}"
    return f"{one['f1']:.3f} [{one['low']:.3f}, {one['high']:.3f}]"


def write_tables() -> None:
    """Sum up the runs again, and put the tables between the marks of the page."""
    result = read_json(RESULT)
    write_json(RESULT, result | {"summary": summary(result["runs"])})
    text = PAGE.read_text(encoding="utf-8")
    before, behind = text.partition(MARKS[0])[0], text.partition(MARKS[1])[2]
    PAGE.write_text(f"{before}{MARKS[0]}\n{tables(read_json(RESULT))}\n{MARKS[1]}{behind}", encoding="utf-8")


def main() -> None:
    """All targets with the first seed, then with the next."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path(__file__).parent / "work" / "gene_transfer")
    parser.add_argument("--table", action="store_true", help="write the tables of the page only")
    parser.add_argument("--targets", nargs="+", default=list(TARGETS), choices=TARGETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0, 1])
    asked = parser.parse_args()
    if asked.table:
        write_tables()
        return
    torch.set_num_threads(1)
    asked.work.mkdir(parents=True, exist_ok=True)
    done = read_json(RESULT) if RESULT.is_file() else {"runs": {}, "grammars": {}}
    about = {"code": code_version(), "versions": versions(), "data": ["dna.euk_1pct", "dna.yeast_chr1"]}
    about |= {"network": NETWORK, "passes": {f"{k:g}": v for k, v in PASSES.items()}, "source_passes": SOURCE_PASSES}
    about["grammar_choices"] = [{"gene": one.gene, "intron": one.intron, "content": one.content} for one in GRAMMARS]
    genomes = {name: species(name) for name in {*EUK, *asked.targets}}
    for seed in asked.seeds:
        for target in asked.targets:
            Run(target, seed, genomes, asked.work, about | {key: done[key] for key in KEPT if key in done}).go()
            done = read_json(RESULT)


if __name__ == "__main__":
    main()
