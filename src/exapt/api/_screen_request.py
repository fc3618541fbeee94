"""What a screen was asked for, checked and ready: scorers, patterns, checksums."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import exapt
from exapt.api._screen_work import Work
from exapt.core.errors import ConfigError, DataError

CHUNK = 8192
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
        Files of known actives; each is a scorer by similarity.
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
    """A checked request."""

    work: Work
    actives: Sequence[str]  # names
    files: Mapping[str, str]
    key: str


def check(config: ScreenConfig, output: Path) -> None:
    """All that can be wrong with a request before a file is read."""
    problems = []
    if output.is_dir() or not output.name.removesuffix(".gz").endswith((".tsv", ".txt")):
        problems.append(f"-o {output}: write the name of a TSV, like ranked.tsv or ranked.tsv.gz")
    if not config.actives and not config.runs:
        problems.append("nothing to rank by: give known actives (--actives FILE) or a run (--run RUN)")
    if config.target is not None and not config.runs:
        problems.append(f"--target {config.target}: a protein needs a run that reads it; give --run RUN")
    for name, value, least in (("top", config.top, 1), ("pick", config.pick, 0), ("chunk", config.chunk, 1)):
        if value < least:
            problems.append(f"--{name} is a whole number of at least {least}; found {value}")
    if config.pick > config.top:
        problems.append(f"--pick {config.pick} of --top {config.top}: pick fewer, or raise --top")
    if problems:
        raise ConfigError(". ".join(problems) + ".")


def prepare(config: ScreenConfig, folder: Path) -> Prepared:
    """Read actives, protein and patterns, and build every scorer once: errors come before the library is read."""
    from exapt.api._library import Source
    from exapt.core.provenance import sha256
    from exapt.tasks.screening.fusion import RULES
    from exapt.tasks.screening.similarity import SimilarityScorer

    if config.fuse not in RULES:
        raise ConfigError(f"--fuse {config.fuse!r}: write {', '.join(RULES)}.")
    library = Source(config.library, config.smiles, config.id)
    files = {str(path): sha256(path) for path in library.files()}
    names: list[str] = []
    known = {name: Source(name).read() for name in config.actives}
    scorers: list[Any] = []
    for name, actives in known.items():
        files |= {str(path): sha256(path) for path in Source(name).files()}
        scorers.append(SimilarityScorer(actives["smiles"].tolist(), _unique(_stem(name, "similarity", known), names)))
    protein = _protein(config.target)
    scorers += [_run_scorer(run, protein, names) for run in config.runs]
    if protein is not None and not any(scorer.plain()["kind"] == "affinity" for scorer in scorers):
        raise ConfigError(f"--target {config.target}: none of the runs reads a protein.")
    smarts = _patterns(config.smarts)
    if config.filters or smarts:
        from exapt.bio.chem.alerts import Alerts

        Alerts(tuple(config.filters), smarts=smarts)
    for path in (config.target, config.smarts):
        files |= {str(path): sha256(path)} if path is not None else {}
    ids = [identifier for actives in known.values() for identifier in actives["id"]]
    smiles = [text for actives in known.values() for text in actives["smiles"]]
    work = Work(folder.resolve(), [scorer.plain() for scorer in scorers], smiles, tuple(config.filters), smarts)
    decides = [exapt.__version__, files, config.smiles, config.id, config.chunk]
    text = json.dumps([*decides, list(work.scorers), smiles, list(work.filters), smarts], sort_keys=True)
    return Prepared(work, ids, files, hashlib.blake2b(text.encode(), digest_size=16).hexdigest())


def _run_scorer(wanted: RunScorer, protein: str | None, taken: list[str]) -> Any:
    from exapt.api._screen_scorers import of_run, reads_protein

    name = _unique(wanted.run.resolve().name, taken)
    mine = protein if protein is not None and reads_protein(wanted.run) else None
    return of_run(wanted.run, name, class_=wanted.class_, lowest=wanted.lowest, protein=mine)


def _stem(name: str, default: str, known: Mapping[str, Any]) -> str:
    return default if len(known) == 1 else Path(Path(name).name.removesuffix(".gz")).stem


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
