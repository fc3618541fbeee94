"""What a screen was asked for, checked and ready: scorers, patterns, checksums."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import exapt
from exapt.api._screen_work import Work
from exapt.core.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd

CHUNK = 8192
KINDS = ("similarity", "learned")
BACKGROUND = 2000  # molecules of the library that stand for inactives where none are known
RESERVED = ("rank", "id", "smiles", "score", "nearest_active", "nearest_similarity", "similarity_band", "marks")


@dataclass(frozen=True)
class RunScorer:
    """A run whose predictions rank the library.

    Attributes
    ----------
    run
        The run folder.
    class_
        The class or target that counts; None = the only one, or the positive class.
    lowest
        Small numbers are good.
    """

    run: Path
    class_: str | None = None
    lowest: bool = False


@dataclass(frozen=True)
class ScreenConfig:
    """What is screened, by what.

    Attributes
    ----------
    library
        A card, or a file of SMILES: CSV, TSV, SMI, SDF, Parquet, gzip too.
    actives
        Files of known actives.
    by
        What ranks by them: `similarity` to those of each file, `learned` weights of what parts them from inactives.
    inactives
        File of molecules that do not act, to learn from; None = 2,000 molecules of the library, of which few act.
    runs
        Runs that read a molecule, or with `target` a molecule and a protein; each is a scorer.
    target
        FASTA of one protein.
    fuse
        How the ranks of several scorers become one: `mean`, `reciprocal` or `best`.
    filters
        Alerts that mark molecules and hide none: `pains`, `brenk`, `rule_of_five`.
    smarts
        File of own patterns, a SMARTS and its name a line, that mark as well.
    top
        Molecules in the SDF, from the best on; those to pick from.
    pick
        Of the top, pick so many unlike ones; 0 = none.
    smiles, id
        Columns of the library; None = found by name and content.
    chunk
        Molecules a finished part: what an interruption costs at most, in each process.
    """

    library: str
    actives: Sequence[str] = ()
    by: Sequence[str] = ("similarity",)
    inactives: str | None = None
    runs: Sequence[RunScorer] = ()
    target: Path | None = None
    fuse: str = "mean"
    filters: Sequence[str] = ()
    smarts: Path | None = None
    top: int = 1000
    pick: int = 0
    smiles: str | None = None
    id: str | None = None
    chunk: int = CHUNK


@dataclass(frozen=True)
class Prepared:
    """A checked request.

    Attributes
    ----------
    work
        With all scorers but one that learns from the library.
    actives
        Their names.
    background
        Name of the scorer that learns from the actives and a draw of the library; None = there is none.
    files
        Path -> SHA-256 of everything that was read.
    key
        Stands for all that decides what a part holds.
    """

    work: Work
    actives: Sequence[str]
    background: str | None
    files: Mapping[str, str]
    key: str


def check(config: ScreenConfig, output: Path) -> None:
    """All that can be wrong with a request before a file is read."""
    odd = not config.by or not set(config.by) <= set(KINDS)
    tsv = not output.is_dir() and output.name.removesuffix(".gz").endswith((".tsv", ".txt"))
    by_learning = "learned" in config.by
    wrong = {
        f"-o {output}: write the name of a TSV, like ranked.tsv or ranked.tsv.gz": not tsv,
        "nothing to rank by: give known actives (--actives FILE) or a run (--run RUN)": not (
            config.actives or config.runs
        ),
        f"--by {','.join(config.by)}: write {' or '.join(KINDS)}, or both joined by a comma": odd,
        "--inactives are learned from: add --by learned": config.inactives is not None and not by_learning,
        "--by learned needs known actives: add --actives FILE": by_learning and not config.actives,
        f"--target {config.target}: a protein needs a run that reads it; give --run RUN": (
            config.target is not None and not config.runs
        ),
        f"--top is a whole number of at least 1; found {config.top}": config.top < 1,
        f"--pick is a whole number from 0 to --top {config.top}; found {config.pick}": not 0
        <= config.pick
        <= config.top,
        f"--chunk is a whole number of at least 1; found {config.chunk}": config.chunk < 1,
    }
    problems = [text for text, found in wrong.items() if found]
    if problems:
        raise ConfigError(". ".join(problems) + ".")


def prepare(config: ScreenConfig, folder: Path) -> Prepared:
    """Read actives, protein and patterns, and build every scorer once: errors come before the library is read."""
    from exapt.api._library import Source
    from exapt.core.provenance import sha256
    from exapt.tasks.screening.fusion import RULES

    if config.fuse not in RULES:
        raise ConfigError(f"--fuse {config.fuse!r}: write {', '.join(RULES)}.")
    sources = [Source(config.library, config.smiles, config.id), *map(Source, config.actives)]
    sources += [Source(config.inactives)] if config.inactives else []
    paths = [path for source in sources for path in source.files()]
    paths += [path for path in (config.target, config.smarts) if path is not None]
    known = {name: Source(name).read() for name in config.actives}
    names: list[str] = []
    scorers = _by_actives(config, known, names)
    background = _unique("learned", names) if "learned" in config.by and config.inactives is None else None
    scorers += _by_runs(config, names)
    smarts = _patterns(config.smarts)
    if config.filters or smarts:
        from exapt.bio.chem.alerts import Alerts

        Alerts(tuple(config.filters), smarts=smarts)
    files = {str(path): sha256(path) for path in paths}
    smiles = [text for actives in known.values() for text in actives["smiles"]]
    work = Work(folder.resolve(), [scorer.plain() for scorer in scorers], smiles, tuple(config.filters), smarts)
    decides = [exapt.__version__, files, config.smiles, config.id, config.chunk, background, list(work.scorers)]
    text = json.dumps([*decides, smiles, list(work.filters), smarts], sort_keys=True)
    ids = [identifier for actives in known.values() for identifier in actives["id"]]
    return Prepared(work, ids, background, files, hashlib.blake2b(text.encode(), digest_size=16).hexdigest())


def with_background(prepared: Prepared, sizes: Sequence[int]) -> Prepared:
    """The same with the scorer that learns from a draw of the library, which is the same in each call."""
    if prepared.background is None:
        return prepared
    from exapt.bio.chem.standard import readable
    from exapt.tasks.screening.learned import LearnedScorer

    work = prepared.work
    rows = sum(sizes)
    drawn = np.sort(np.random.default_rng(0).choice(rows, min(rows, BACKGROUND), replace=False))
    ends = np.cumsum(sizes)
    homes = np.searchsorted(ends, drawn, side="right")
    smiles: list[str] = []
    for number in np.unique(homes):
        block = work.blocks.read(int(number))["smiles"]
        smiles += [block[row - int(ends[number] - sizes[number])] for row in drawn[homes == number]]
    good = [text for text, fine in zip(smiles, readable(smiles), strict=True) if fine]
    scorer = LearnedScorer(list(work.actives), good, prepared.background)
    return replace(prepared, work=replace(work, scorers=[scorer.plain(), *work.scorers]))


def _by_actives(config: ScreenConfig, known: Mapping[str, pd.DataFrame], names: list[str]) -> list[Any]:
    from exapt.api._library import Source
    from exapt.tasks.screening.learned import LearnedScorer
    from exapt.tasks.screening.similarity import SimilarityScorer

    scorers: list[Any] = []
    for name, actives in known.items():
        stem = "similarity" if len(known) == 1 else Path(Path(name).name.removesuffix(".gz")).stem
        try:
            scorer = SimilarityScorer(actives["smiles"].tolist(), _unique(stem, names))
        except DataError as error:
            raise DataError(f"{name}: {error}") from None
        scorers.append(scorer)
    if "similarity" not in config.by:  # they were built to look at the actives
        scorers.clear()
        names.clear()
    if "learned" in config.by and config.inactives is not None:
        smiles = [text for actives in known.values() for text in actives["smiles"]]
        inactives = Source(config.inactives).read()["smiles"].tolist()
        try:
            scorers.append(LearnedScorer(smiles, inactives, _unique("learned", names)))
        except DataError as error:
            raise DataError(f"{config.inactives}: {error}") from None
    return scorers


def _by_runs(config: ScreenConfig, names: list[str]) -> list[Any]:
    protein = _protein(config.target)
    scorers = [_run_scorer(run, protein, names) for run in config.runs]
    if protein is not None and not any(scorer.plain()["kind"] == "affinity" for scorer in scorers):
        raise ConfigError(f"--target {config.target}: none of the runs reads a protein.")
    return scorers


def _run_scorer(wanted: RunScorer, protein: str | None, taken: list[str]) -> Any:
    from exapt.api._screen_scorers import of_run, reads_protein

    name = _unique(wanted.run.resolve().name, taken)
    mine = protein if protein is not None and reads_protein(wanted.run) else None
    return of_run(wanted.run, name, class_=wanted.class_, lowest=wanted.lowest, protein=mine)


def _unique(name: str, taken: list[str]) -> str:
    fresh, number = name, 1
    while fresh in (*taken, *RESERVED):
        number += 1
        fresh = f"{name}-{number}"
    taken.append(fresh)
    return fresh


def _protein(path: Path | None) -> str | None:
    """The one sequence of a FASTA."""
    if path is None:
        return None
    from exapt.bio.formats.fasta import read
    from exapt.bio.sequence.alphabets import ALPHABETS

    records = list(read(path))
    if len(records) != 1 or not records[0].sequence:
        found = f"{len(records)} sequences" if len(records) != 1 else "a header without letters"
        raise DataError(f"{path}: --target takes a FASTA of one protein; found {found}.")
    sequence = records[0].sequence.upper()
    odd = ALPHABETS["protein"].foreign(sequence)
    if odd:
        raise DataError(f"{path}: letter {odd[0]!r} is no amino acid. Mend the file (X stands for an unknown one).")
    return sequence


def _patterns(path: Path | None) -> dict[str, str]:
    """Name -> SMARTS of a file with a SMARTS and its name a line."""
    if path is None:
        return {}
    if not path.is_file():
        raise DataError(f"{path}: no such file.")
    found: dict[str, str] = {}
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        smarts, _, name = line.strip().replace("\t", " ").partition(" ")
        name = name.strip() or smarts
        if name in found:
            raise DataError(f"{path}:{number}: the name {name!r} stands twice. Give each pattern its own.")
        found[name] = smarts
    if not found:
        raise DataError(f"{path}: no pattern. Write a SMARTS and its name a line.")
    return found
