"""From what a model says of windows to the genes of a genome.

The genome is read in overlapping windows, on both strands; of two windows each position is taken from the one that saw
more around it, so that with an overlap of twice the reach of the network it does not matter how long windows are. The
grammar of `bio.transcripts` then makes the best legal genes of each contig. Memory is bounded by a contig's labels and
the grammar's windows: probabilities lie in a temporary file.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exapt.bio.formats.annotation import Annotation
from exapt.bio.formats.genome import Genome
from exapt.bio.sequence.alphabets import reverse_complements
from exapt.bio.transcripts.annotated import annotation_of
from exapt.bio.transcripts.grammar import Grammar, decoded
from exapt.bio.transcripts.labels import CLASSES, OTHER_STRAND, Interval, Transcript, spelt_transcripts
from exapt.bio.transcripts.windows import stitched, windows

Forward = Callable[[Sequence[str]], NDArray[Any]]
AT_ONCE = 32  # windows handed to the model together
LEAST = 1e-12  # probability
LEARNED = Grammar(gene=-20, intron=-7, content=0.01)
"""The grammar for what a network says; chosen on blocks of worm and fly (`benchmarks/science/gene_transfer.py`)."""


@dataclass(frozen=True)
class Reading:
    """How a genome is read.

    Attributes
    ----------
    window, overlap
        Letters of a window, and those that neighbours share.
    both_strands
        Average what the model says of a window with what it says of its reverse complement.
    """

    window: int = 8192
    overlap: int = 2048
    both_strands: bool = True


def log_probabilities(forward: Forward, letters: str, reading: Reading) -> Iterator[tuple[int, NDArray[np.float32]]]:
    """What a model says of a contig.

    Parameters
    ----------
    forward
        Sequences -> outputs (n, L, 23) in the order of `labels.CLASSES`, before the softmax.
    letters
        Of the contig.
    reading
        Windows and strands.

    Yields
    ------
    tuple
        First position, and log probabilities (m, 23) of it and the next ones; each position once, from left to right.
    """
    places = windows(0, len(letters), reading.window, reading.overlap)
    yield from stitched(places, _of_windows(forward, letters, places, reading))


def _of_windows(
    forward: Forward, letters: str, places: Sequence[Interval], reading: Reading
) -> Iterator[NDArray[np.float32]]:
    for first in range(0, len(places), AT_ONCE):
        texts = [letters[start:end] for start, end in places[first : first + AT_ONCE]]
        chances = _softmax(forward(texts))
        if reading.both_strands:
            other = _softmax(forward(reverse_complements(texts)))[..., OTHER_STRAND]
            turned = [row[len(text) - 1 :: -1] for row, text in zip(other, texts, strict=True)]
            yield from (np.log((one[: len(two)] + two) / 2) for one, two in zip(chances, turned, strict=True))
        else:
            yield from (np.log(one[: len(text)]) for one, text in zip(chances, texts, strict=True))


def _softmax(outputs: NDArray[Any]) -> NDArray[np.float32]:
    values = np.asarray(outputs, dtype=np.float32)
    chances = np.exp(values - values.max(-1, keepdims=True))
    chances /= chances.sum(-1, keepdims=True)
    floored: NDArray[np.float32] = np.maximum(chances, np.float32(LEAST))
    return floored


def find_genes(
    forward: Forward,
    genome: Genome,
    *,
    grammar: Grammar | None = None,
    offsets: NDArray[np.float32] | None = None,
    reading: Reading | None = None,
    advance: Callable[[int], None] = lambda positions: None,
) -> Annotation:
    """The genes of a genome: gene -> mRNA -> exons and CDS with phase, to be written as GFF3 or BED.

    A gene may run over an end of its contig; it is partial there, as GFF3 says with ``start_range`` or ``end_range``.

    Parameters
    ----------
    forward
        Sequences -> outputs (n, L, 23), before the softmax.
    genome
        Letters in capitals.
    grammar
        What a gene is; None = `LEARNED`.
    offsets
        Added to the log probability of each class, (23,): `GeneFinding.offsets` of the model's task.
    reading
        Windows and strands.
    advance
        Called with positions gone through, three times the letters in all and `Grammar.run_over` four times a contig.

    Examples
    --------
    >>> from exapt.bio.formats.genome import of_letters
    >>> found = find_genes(lambda texts: np.zeros((len(texts), 40, 23)), of_letters({"c": "ACGTTGCAAC" * 4}))
    >>> found.of("gene"), found.contigs["c"].length
    ([], 40)
    """
    found: dict[str, list[Transcript]] = {}
    for name, contig in genome.contigs.items():
        length = contig.length or 0
        letters = genome.fetch(name)
        with tempfile.TemporaryDirectory() as folder:
            said = np.memmap(Path(folder) / "said", dtype=np.float16, mode="w+", shape=(length, len(CLASSES)))
            for start, values in log_probabilities(forward, letters, reading or Reading()):
                said[start : start + len(values)] = values if offsets is None else values + offsets
                advance(len(values))
            found[name] = _transcripts(grammar or LEARNED, name, said, letters, advance)
            del said
    return annotation_of(found, {name: contig.length or 0 for name, contig in genome.contigs.items()})


def _transcripts(
    grammar: Grammar, name: str, said: NDArray[Any], letters: str, advance: Callable[[int], None]
) -> list[Transcript]:
    """The best transcripts of a contig, cut where they run over its ends."""
    beyond = grammar.run_over
    labels = decoded(grammar, {name: said}, {name: letters}, beyond=beyond, advance=advance)
    whole = spelt_transcripts(labels[name])
    cut = (transcript.within(beyond, beyond + len(letters)) for transcript in whole)
    return [transcript for transcript in cut if transcript is not None]
