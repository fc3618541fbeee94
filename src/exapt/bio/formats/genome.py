"""The letters of a genome: whole in memory from FASTA or GenBank, or piece by piece from an indexed FASTA file.

Lower case is kept, it is a soft mask; with ``upper=True`` it is turned to capitals. Ambiguity codes are kept.
A FASTA header that says ``circular=true`` or ``topology=circular`` makes a contig circular.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from exapt.bio.formats import fasta, genbank
from exapt.bio.formats.annotation import Annotation, Contig
from exapt.bio.formats.compressed import is_gzip, open_binary, text_lines
from exapt.bio.sequence.alphabets import DNA
from exapt.core.errors import DataError, nearest

_CIRCULAR = re.compile(r"\b(circular=(true|yes)|topology=circular)\b", re.IGNORECASE)
_MOSTLY = 0.5  # a sequence of DNA has at least this share of A, C, G, T and N
_BASES = b"ACGTUNacgtun-"
_BGZF = b"\x1f\x8b\x08\x04"


@dataclass(frozen=True)
class Genome:
    """Contigs and a way to their letters.

    Attributes
    ----------
    contigs
        Name -> contig, in the order of the file; all lengths are known.
    source
        Called with name, start and end within a contig; returns its letters.
    where
        Name of the file, for messages.

    Examples
    --------
    >>> genome = of_letters({"p1": "ACGTT"}, circular=["p1"])
    >>> genome.fetch("p1", 1, 3), genome.fetch("p1", 3, 7)
    ('CG', 'TTAC')
    """

    contigs: Mapping[str, Contig]
    source: Callable[[str, int, int], str]
    where: str = ""

    def fetch(self, name: str, start: int = 0, end: int | None = None) -> str:
        """Letters from `start` to `end`, 0-based half-open; over the origin where the contig is circular.

        Raises
        ------
        DataError
            Where there is no such contig, or the interval lies beyond it.
        """
        if name not in self.contigs:
            raise DataError(f"{self.where}: no sequence is called {name!r}. {nearest(name, self.contigs)}")
        contig = self.contigs[name]
        length = contig.length or 0
        end = length if end is None else end
        excess = max(0, end - length)
        if not 0 <= start <= end or start > length or excess > (start if contig.circular else 0):
            raise DataError(f"{self.where}: {name}:{start + 1}-{end} lies beyond its {length} letters.")
        return self.source(name, start, end - excess) + (self.source(name, 0, excess) if excess else "")


def of_letters(letters: Mapping[str, str], *, circular: Collection[str] = (), where: str = "") -> Genome:
    """A genome of sequences in memory; those named in `circular` are."""
    contigs = {name: Contig(name, len(text), name in circular) for name, text in letters.items()}
    return Genome(contigs, lambda name, start, end: letters[name][start:end], where)


def of_annotation(annotation: Annotation) -> Genome:
    """The genome whose letters a GenBank file, or a GFF3 file with ``##FASTA``, holds.

    Raises
    ------
    DataError
        Where a contig has no letters.
    """
    bare = [name for name in annotation.contigs if not annotation.letters.get(name)]
    if bare or not annotation.contigs:
        raise DataError(
            f"{annotation.where}: no letters of {', '.join(bare[:5]) or 'any sequence'}. Give a FASTA file."
        )
    letters = annotation.letters
    return Genome(annotation.contigs, lambda name, start, end: letters[name][start:end], annotation.where)


def read(path: Path, *, upper: bool = False) -> Genome:
    """Read a FASTA or GenBank file whole; which of the two, its first letters say.

    Parameters
    ----------
    path
        Plain or gzip.
    upper
        Turn lower case, a soft mask, to capitals.

    Raises
    ------
    DataError
        With ``file:line``: a sequence without letters, two of one name, letters that are no DNA (RNA and proteins are
        told apart), a file without sequences; and all that the format refuses.
    """
    if _is_genbank(path):
        return of_annotation(genbank.read(path))
    letters: dict[str, str] = {}
    contigs: dict[str, Contig] = {}
    for record in _records(path):
        letters[record.id] = record.sequence.upper() if upper else record.sequence
        contigs[record.id] = _contig(record)
    return Genome(contigs, lambda name, start, end: letters[name][start:end], str(path))


@contextmanager
def indexed(path: Path, *, upper: bool = False) -> Iterator[Genome]:
    """Open a FASTA file, plain or bgzip, for reading pieces; memory is bounded by the longest sequence while it opens.

    The index is made anew in a temporary folder, so that the folder of the file may be read-only and no index is stale.

    Raises
    ------
    DataError
        As `read`; and where lines of one sequence differ in length, or the file is an ordinary gzip.
    """
    import pysam

    with path.open("rb") if path.is_file() else open_binary(path) as file:
        start = file.read(16)
    if is_gzip(path) and not (start.startswith(_BGZF) and start[12:14] == b"BC"):
        raise DataError(f"{path}: an ordinary gzip cannot be read in pieces. Unpack it, or pack it with bgzip.")
    contigs = {record.id: _contig(record) for record in _records(path)}
    with tempfile.TemporaryDirectory() as folder:
        index, blocks = f"{folder}/index.fai", f"{folder}/index.gzi"
        packed = ("--gzi-idx", blocks) if is_gzip(path) else ()
        quiet = pysam.set_verbosity(0)
        try:
            pysam.faidx("--fai-idx", index, *packed, str(path))
            file_ = pysam.FastaFile(
                str(path), filepath_index=index, filepath_index_compressed=blocks if packed else None
            )
        except (pysam.utils.SamtoolsError, OSError, ValueError):
            raise DataError(
                f"{path}: no index can be made, as a rule because lines of one sequence differ in length. Write the "
                "file anew with equal lines."
            ) from None
        finally:
            pysam.set_verbosity(quiet)
        with file_:

            def source(name: str, start: int, end: int) -> str:
                letters: str = file_.fetch(name, start, end)
                return letters.upper() if upper else letters

            yield Genome(contigs, source, str(path))


def _is_genbank(path: Path) -> bool:
    with open_binary(path) as file:
        return file.read(5) == b"LOCUS"


def _contig(record: fasta.Record) -> Contig:
    circular = bool(_CIRCULAR.search(record.description))
    return Contig(record.id, len(record.sequence), circular, record.description)


def _records(path: Path) -> Iterator[fasta.Record]:
    """The records of a FASTA file, each proved to be DNA."""
    seen: dict[str, int] = {}
    for record in fasta.read(path):
        place = f"{path}:{record.line}"
        if record.id in seen:
            raise DataError(
                f"{place}: a second sequence is called {record.id!r}; the first is on line {seen[record.id]}."
            )
        seen[record.id] = record.line
        if not record.sequence:
            raise DataError(f"{place}: {record.id} has no letters. Leave it out, or copy the file again.")
        _refuse_other_letters(path, record)
        yield record
    if not seen:
        raise DataError(f"{path}: no sequences. A genome is a FASTA or a GenBank file.")


def _refuse_other_letters(path: Path, record: fasta.Record) -> None:
    foreign = DNA.foreign(record.sequence)
    bases = len(record.sequence) - len(record.sequence.encode().translate(None, _BASES))
    if not foreign and bases >= _MOSTLY * len(record.sequence):
        return
    place = f"{path}:{_line_of(path, record, foreign)}"
    if bases < _MOSTLY * len(record.sequence):
        raise DataError(f"{place}: {record.id} is no DNA but looks like a protein. A genome is made of A, C, G and T.")
    if set(foreign) <= set("Uu"):
        raise DataError(f"{place}: {record.id} is RNA (letter U). Write T for U: a genome is read as DNA.")
    raise DataError(
        f"{place}: letter {foreign[0]!r} of {record.id} is not in the DNA alphabet {DNA.all_letters}. Write N for what "
        "is unknown."
    )


def _line_of(path: Path, record: fasta.Record, foreign: str) -> int:
    """Number of the first line of a record with one of some letters."""
    with open_binary(path) as file:
        for number, text in text_lines(file, str(path)):
            if number > record.line and any(letter in text for letter in foreign):
                return number
    return record.line
