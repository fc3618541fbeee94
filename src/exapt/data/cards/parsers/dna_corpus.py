"""Genomes and short DNA and RNA of several files as one corpus for pre-training, without what tests in benchmarks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.bio.sequence.kmers import kmer_codes
from exapt.core.errors import ConfigError
from exapt.data.cards.parsers import Parser
from exapt.data.cards.parsers.class_files import records_of
from exapt.data.formats import Raw

Named = tuple[str, str]  # name and sequence
KNOWN = re.compile("[ACGT]+")
GENOMES = {
    "ASM584v2_genomic.fna.gz": "Escherichia coli",
    "B_anthracis_Mslice.fasta": "Bacillus anthracis",
    "D_melanogaster_2Rslice.fasta": "Drosophila melanogaster",
    "D_pseudoobscura_contigs.fasta": "Drosophila pseudoobscura",
}
SHORT = {
    "prom_core_tata/train.csv": "human promoters",
    "mouse/2/train.csv": "mouse binding sites 2",
    "mouse/3/train.csv": "mouse binding sites 3",
    "train_enhancers.fa": "human enhancers",
    "train_nonenhancers.fa": "human non-enhancers",
    "dataset_Rfam_6320_13classes.fasta": "Rfam",
}


@dataclass(frozen=True)
class DnaCorpus(Parser):
    """Columns id, sequence and source: windows of known letters that share no word with what is held out.

    Every letter that lies in a word of a held-out sequence, on either strand, is cut out; what remains on both sides is
    windows of its own.

    Parameters
    ----------
    window
        Most letters of a window, which do not overlap.
    least
        Shorter rests are left out.
    word
        Letters of a word, 12 to 31.
    """

    window: int = 512
    least: int = 40
    word: int = 20

    def __post_init__(self) -> None:
        if not 12 <= self.word <= 31 or not self.word <= self.least <= self.window:
            raise ConfigError(
                "card parser 'dna_corpus': word lies in 12 ... 31, and word <= least <= window; "
                f"found {self.word}, {self.least}, {self.window}."
            )

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read everything, and keep what may be trained on."""
        held = self._words([sequence for _, sequence in _held_out(files)])
        rows = [
            (f"{name}:{start}-{end}", sequence[start:end], source)
            for source, named in _sources(files)
            for name, sequence in named
            for start, end in self._windows(sequence, held)
        ]
        frame = pd.DataFrame(rows, columns=["id", "sequence", "source"])
        return Raw(frame.drop_duplicates("sequence").reset_index(drop=True))

    def _words(self, sequences: list[str]) -> NDArray[np.uint64]:
        """The distinct words of sequences, on either strand."""
        return np.unique(kmer_codes(sequences, self.word, modality="dna", canonical=True)[1])

    def _windows(self, sequence: str, held: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
        """Where the windows of a sequence lie, 0-based and half-open."""
        for run in KNOWN.finditer(sequence):
            for start, end in self._kept(run.group(), held):
                for first in range(run.start() + start, run.start() + end, self.window):
                    last = min(first + self.window, run.start() + end)
                    if last - first >= self.least:
                        yield first, last

    def _kept(self, letters: str, held: NDArray[np.uint64]) -> Iterator[tuple[int, int]]:
        """The stretches of known letters outside all held-out words."""
        if len(letters) < self.word:
            return
        words = kmer_codes([letters], self.word, modality="dna", canonical=True)[1]
        places = np.searchsorted(held, words).clip(max=len(held) - 1)  # `isin` would sort all of them for each run
        begins = np.flatnonzero(held[places] == words)
        edges = np.zeros(len(letters) + 1, dtype=np.int64)
        edges[begins] += 1
        edges[begins + self.word] -= 1
        free = np.concatenate([[False], np.cumsum(edges[:-1]) == 0, [False]])
        bounds = np.flatnonzero(np.diff(free))
        yield from zip(bounds[::2].tolist(), bounds[1::2].tolist(), strict=True)


def _sources(files: Mapping[str, Path]) -> Iterator[tuple[str, Iterator[Named]]]:
    """What is trained on, by where it comes from; the files of one source follow one another."""
    for suffix, source in {**GENOMES, **SHORT}.items():
        for path in (path for name, path in files.items() if name.endswith(suffix)):
            yield source, _read(path)


def _held_out(files: Mapping[str, Path]) -> Iterator[Named]:
    """Whatever is not trained on."""
    for name, path in files.items():
        if not name.endswith((*GENOMES, *SHORT)):
            yield from _read(path)


def _read(path: Path) -> Iterator[Named]:
    """Name and sequence in capitals, U as T, of FASTA, CSV with a sequence, or the lines of UCI."""
    for name, sequence in _records(path):
        yield name, sequence.upper().replace("U", "T")


def _records(path: Path) -> Iterator[Named]:
    kind = path.name.rpartition(".")[2]
    if kind == "csv":
        column = pd.read_csv(path)["sequence"]
        yield from ((f"{path.parent.name}/{path.stem}:{row}", str(text)) for row, text in enumerate(column))
    elif kind == "data":
        for line in path.read_text(encoding="utf-8").splitlines():
            _, name, text = line.split(",")
            yield name.strip(), text.strip()
    else:
        found = records_of(path)
        yield from zip(found["id"], found["sequence"], strict=True)


EXPORT = DnaCorpus
