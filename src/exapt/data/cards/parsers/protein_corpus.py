"""Protein sequences of several files as one corpus for pre-training, without relatives of proteins that test."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from exapt.bio.sequence.kmers import kmer_codes
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw

if TYPE_CHECKING:
    from scipy import sparse

K = 5  # letters of the words by which relatives are told
BLOCK = 4000  # proteins compared at a time; bounds the memory of the counts

Named = tuple[str, str]  # name and sequence


@dataclass(frozen=True)
class ProteinCorpus(Parser):
    """Columns id, sequence, source and family; long, repeated and held-out proteins are left out.

    Parameters
    ----------
    longest
        Proteins of more residues are left out.
    shared
        A protein is left out where one that is held out shares at least this share of the 5-letter words of the
        shorter of the two, in (0, 1].
    per_family
        Most proteins of one family (protein part of the name) from Swiss-Prot, whose head is full of a few families.
    """

    longest: int = 1024
    shared: float = 0.25
    per_family: int = 25

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read everything, and keep what may be trained on."""
        paths = dict(files)
        held = {sequence for _, sequence in _held_out(paths)}
        rows = [(name, sequence, source) for source, named in _sources(paths) for name, sequence in named]
        frame = pd.DataFrame(rows, columns=["id", "sequence", "source"])
        frame["family"] = frame["id"].str.extract(r"^\w+\|\w+\|([^_|]+)_", expand=False).fillna(frame["id"])
        frame = frame[frame["sequence"].str.len().le(self.longest)].drop_duplicates("sequence")
        frame = frame[frame.groupby("family").cumcount() < self.per_family].reset_index(drop=True)
        near = relatives(frame["sequence"].tolist(), sorted(held), self.shared)
        return Raw(frame[~near].reset_index(drop=True))


def relatives(sequences: list[str], others: list[str], shared: float) -> NDArray[np.bool_]:
    """Which sequences share words with one of the others.

    Parameters
    ----------
    sequences, others
        n and m proteins.
    shared
        From which share of the distinct 5-letter words of the shorter one, in (0, 1]. Sequences without such a word
        are related to none but their copies.

    Returns
    -------
    ndarray of bool, shape (n,)

    Examples
    --------
    >>> relatives(["MKVLAAGIV", "WWWWWWWWW", "MKV"], ["GGMKVLAAGIVGG", "MKV"], 0.5).tolist()
    [True, False, True]
    """
    words, theirs = _words(sequences), _words(others)
    vocabulary = np.unique(theirs[1])
    left, right = (_incidence(*found, vocabulary) for found in (words, theirs))
    ours, lengths = (np.diff(found[0]) for found in (words, theirs))
    near = np.isin(np.array(sequences, dtype=object), np.array(others, dtype=object))
    for start in range(0, len(sequences), BLOCK):
        common = (left[start : start + BLOCK] @ right.T).tocoo()
        shorter = np.minimum(ours[start + common.row], lengths[common.col])
        near[start + common.row[common.data >= shared * shorter]] = True
    return near


def _words(sequences: list[str]) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Distinct words of each sequence: where they begin and end, and their codes."""
    ends, codes = kmer_codes(sequences, K, modality="protein")
    row = np.repeat(np.arange(len(sequences), dtype=np.uint64), np.diff(ends))
    base = np.uint64(20**K)
    both = np.unique(row * base + codes)
    counts = np.bincount((both // base).astype(np.int64), minlength=len(sequences))
    return np.concatenate([[0], np.cumsum(counts)]), both % base


def _incidence(ends: NDArray[np.int64], codes: NDArray[np.uint64], vocabulary: NDArray[np.uint64]) -> sparse.csr_array:
    """Sparse (n, words): 1 where a sequence has a word of the vocabulary."""
    from scipy import sparse

    place = np.searchsorted(vocabulary, codes).clip(max=len(vocabulary) - 1)
    row = np.repeat(np.arange(len(ends) - 1), np.diff(ends))
    known = vocabulary[place] == codes
    values = np.ones(int(known.sum()), dtype=np.int32)
    return sparse.csr_array((values, (row[known], place[known])), shape=(len(ends) - 1, len(vocabulary)))


def _sources(paths: Mapping[str, Path]) -> Iterator[tuple[str, Iterator[Named]]]:
    """What is trained on, by where it comes from."""
    for suffix, source, read in (
        ("uniprot_1mb_test.fasta.gz", "Swiss-Prot", _fasta),
        ("yeast.fasta", "yeast", _fasta),
        ("remote_homology.train.csv", "SCOP domains", _delimited),
    ):
        yield source, read(_path(paths, suffix))
    secondary = _zipped(_path(paths, "secondary_structure/splits.zip"))
    yield "PDB chains", ((name, sequence) for name, sequence, tested in secondary if not tested)


def _held_out(paths: Mapping[str, Path]) -> Iterator[Named]:
    """Proteins that test in a benchmark, and the kinases of the two affinity sets."""
    for name in ("remote_homology.valid.csv", "remote_homology.test.csv", "secondary_structure.test.csv"):
        yield from _delimited(_path(paths, name))
    for name in ("secondary_structure/splits.zip", "bind/splits.zip"):
        yield from ((key, sequence) for key, sequence, tested in _zipped(_path(paths, name)) if tested)
    for name in ("davis/proteins.txt", "kiba/proteins.txt"):
        yield from json.loads(_path(paths, name).read_text(encoding="utf-8")).items()
    for chain in json.loads(_path(paths, "ts50.json").read_text(encoding="utf-8")):
        yield chain["name"], chain["seq"]
    dictionary = dict(line.split() for line in _path(paths, "protein.dictionary.tsv").read_text().splitlines())
    for name in ("guo_partition_1_pos.txt", "guo_partition_1_neg.txt"):
        tested = set(_path(paths, name).read_text().split())
        yield from ((key, dictionary[key]) for key in sorted(tested) if key in dictionary)


def _path(paths: Mapping[str, Path], suffix: str) -> Path:
    return next(path for name, path in paths.items() if name.endswith(suffix))


def _fasta(path: Path) -> Iterator[Named]:
    from exapt.bio.formats import fasta

    for names, sequences, *_ in fasta.read_pieces(path):
        yield from zip(names, sequences, strict=True)


def _delimited(path: Path) -> Iterator[Named]:
    column = pd.read_csv(path).iloc[:, 0]
    yield from ((f"{path.stem}:{row}", str(sequence)) for row, sequence in enumerate(column))


def _zipped(path: Path) -> Iterator[tuple[str, str, bool]]:
    """Name, sequence, and whether the protein tests, of FLIP's labelled sequences."""
    from exapt.bio.formats import fasta

    def records(archive: zipfile.ZipFile, member: str) -> Iterator[fasta.Record]:
        with archive.open(member) as file:
            yield from fasta.parse(cast("BinaryIO", file), f"{path}:{member}")

    with zipfile.ZipFile(path) as archive:
        members = {Path(name).name: name for name in archive.namelist()}
        labels = next(members[name] for name in ("sampled.fasta", "from_publication.fasta") if name in members)
        sequences = {record.id: record.sequence for record in records(archive, members["sequences.fasta"])}
        for record in records(archive, labels):
            yield record.id, sequences[record.id], "SET=test" in record.description


EXPORT = ProteinCorpus
