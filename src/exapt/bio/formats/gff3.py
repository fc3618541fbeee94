"""GFF3: features in nine columns, perhaps with their sequences behind ``##FASTA``; plain or gzip.

=========  ==================================================================================================
column     in memory
=========  ==================================================================================================
1 seqid    `Feature.seqid`
2 source   `Feature.source`
3 type     `Feature.type`
4, 5       `Part.start`, `Part.end`; 1-based and closed in the file, 0-based and half-open in memory
6 score    `Part.score`
7 strand   `Part.strand`
8 phase    `Part.phase`
9          ``ID``, ``Parent`` and the other attributes, percent-escapes undone
=========  ==================================================================================================

Lines with the same ID, sequence, source and type are parts of one feature. ``Is_circular`` of a feature over its whole
contig becomes `Contig.circular`; ``start_range=.,START`` and ``end_range=END,.`` (NCBI) become `Feature.partial`.
A ninth column of one word (GFF version 1) becomes the attribute ``group``. Comments are not kept.

References
----------
Stein L (2020) Generic Feature Format Version 3, 1.26. https://github.com/The-Sequence-Ontology/Specifications
"""

from __future__ import annotations

import io
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO, TextIO
from urllib.parse import unquote

from exapt.bio.formats import fasta
from exapt.bio.formats.annotation import Annotation, Attributes, Contig, Feature, Part, Strand
from exapt.bio.formats.compressed import open_binary, open_text, text_lines
from exapt.core.errors import DataError

STRANDS: dict[str, Strand] = {"+": "+", "-": "-", ".": ".", "?": "?"}
PHASES = {".": None, "0": 0, "1": 1, "2": 2}
_RESERVED = re.compile(r"[\x00-\x1f\x7f%;=&,]")
_NOT_IN_SEQID = re.compile(r"[^a-zA-Z0-9.:^*$@!+_?|\-]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f%]")
_MADE_ANEW = ("##gff-version", "###")
_GTF = re.compile(r'\w+ ("[^"]*"|\S+);')


def read(path: Path) -> Annotation:
    """Read a file whole.

    Raises
    ------
    DataError
        With ``file:line``: a line that is not of nine columns, a number, strand or phase that is none, an end before
        its start, an attribute without ``=``; or a gzip that is damaged or cut in the middle.
    """
    with open_binary(path) as file:
        return parse(file, str(path))


def parse(file: BinaryIO, where: str) -> Annotation:
    r"""Read an open file; `where` names it in errors.

    Examples
    --------
    >>> text = b"##gff-version 3\nchr1\t.\tgene\t1\t9\t.\t+\t.\tID=g1;Note=50%25 of it,two\n"
    >>> [gene] = parse(io.BytesIO(text), "x.gff3").features
    >>> gene.start, gene.end, gene.id, gene.attributes
    (0, 9, 'g1', {'Note': ('50% of it', 'two')})
    """
    drafts: dict[object, _Draft] = {}
    contigs: dict[str, Contig] = {}
    directives: list[str] = []
    letters: dict[str, str] = {}
    for number, text in text_lines(file, where):
        if text.startswith((">", "##FASTA")):
            rest = file.read() if text.startswith("#") else text.encode() + b"\n" + file.read()
            letters = _letters(rest, where, number + text.startswith("#"), contigs)
            break
        if text.startswith("#"):
            _directive(text, f"{where}:{number}", contigs, directives)
        elif text.strip():
            try:
                _add(text, number, drafts, contigs)
            except ValueError as error:
                raise DataError(f"{where}:{number}: {error}") from None
    features = [draft.feature() for draft in drafts.values()]
    for index, feature in enumerate(features):
        if feature.value("Is_circular") == "true":
            features[index] = _landmark(feature, contigs)
    return Annotation(tuple(features), contigs, tuple(directives), letters, where)


@dataclass
class _Draft:
    """A feature whose other lines may still come."""

    seqid: str
    source: str
    type: str
    line: int
    id: str
    parents: list[str] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)

    def feature(self) -> Feature:
        parts = self.parts
        shared = parts[0].attributes
        if len(parts) > 1:
            shared = {k: v for k, v in shared.items() if all(part.attributes.get(k) == v for part in parts)}
            if len({part.strand for part in parts}) == 1:
                parts = sorted(parts, key=lambda part: part[:2])
        first, last = min(part.start for part in parts), max(part.end for part in parts)
        partial = (
            any(part.attributes.get("start_range") == (".", str(first + 1)) for part in parts),
            any(part.attributes.get("end_range") == (str(last), ".") for part in parts),
        )
        gone = {"start_range"} if partial[0] else set()
        gone |= {"end_range"} if partial[1] else set()
        gone |= {"partial"} if gone and shared.get("partial") == ("true",) else set()
        own = (part._replace(attributes=_without(part.attributes, gone | set(shared))) for part in parts)
        shared = _without(shared, gone)
        found = (self.seqid, self.type, tuple(own), self.id, tuple(self.parents), self.source, shared, partial)
        return Feature(*found, self.line)


def _without(attributes: Attributes, gone: set[str]) -> Attributes:
    return {name: values for name, values in attributes.items() if name not in gone}


def _add(text: str, number: int, drafts: dict[object, _Draft], contigs: dict[str, Contig]) -> None:
    columns = text.split("\t")
    if len(columns) != 9:
        raise ValueError(f"found {len(columns)} columns; a feature has 9, separated by tabs.")
    seqid, source, kind = (_plain(column) for column in columns[:3])
    attributes = _attributes(columns[8])
    (name,) = attributes.pop("ID", ("",))[:1]
    parents = attributes.pop("Parent", ())
    part = Part(
        *_interval(columns[3], columns[4]), _strand(columns[6]), _phase(columns[7]), _score(columns[5]), attributes
    )
    if not seqid or not kind:
        raise ValueError("the sequence (column 1) or the type (column 3) is empty.")
    key = (name, seqid, source, kind) if name else number
    draft = drafts.get(key)
    if draft is None:
        draft = drafts[key] = _Draft(seqid, "" if source == "." else source, kind, number, name)
        if seqid not in contigs:
            contigs[seqid] = Contig(seqid)
    draft.parts.append(part)
    draft.parents.extend(parent for parent in parents if parent not in draft.parents)


def _interval(first: str, last: str) -> tuple[int, int]:
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit() and int(first)):
        raise ValueError(f"start and end are whole numbers from 1; found {first!r} and {last!r}.")
    if int(last) < int(first):
        raise ValueError(
            f"the end {last} is before the start {first}. Over the origin of a circular sequence, add its length "
            "to the end; on the other strand, the smaller number is the start all the same."
        )
    return int(first) - 1, int(last)


def _strand(text: str) -> Strand:
    if text not in STRANDS:
        raise ValueError(f"the strand (column 7) is one of + - . ?; found {text!r}.")
    return STRANDS[text]


def _phase(text: str) -> int | None:
    if text not in PHASES:
        raise ValueError(f"the phase (column 8) is one of 0 1 2 and '.'; found {text!r}.")
    return PHASES[text]


def _score(text: str) -> float | None:
    try:
        score = None if text == "." else float(text.replace("_", "?"))
    except ValueError:
        score = math.nan
    if score is not None and not math.isfinite(score):
        raise ValueError(f"the score (column 6) is a finite number or '.'; found {text!r}.")
    return score


def _attributes(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    fields = [entry for entry in (field.strip() for field in text.split(";")) if entry and entry != "."]
    for entry in fields:
        name, equals, values = entry.partition("=")
        if not equals:
            if _GTF.match(text + ";"):
                raise ValueError("column 9 is that of a GTF file. Give the file the ending .gtf.")
            if len(fields) > 1 or " " in entry:
                raise ValueError(f"column 9 is name=value;name=value; found {entry!r} without '='. Write = as %3D.")
            name, values = "group", entry
        name = _plain(name)
        found[name] = (*found.get(name, ()), *(_plain(value) for value in values.split(",")))
    return found


def _plain(text: str) -> str:
    """Percent-escapes undone; what is no escape of UTF-8 stays as it is."""
    if "%" not in text:
        return text
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        return text


def _directive(text: str, place: str, contigs: dict[str, Contig], directives: list[str]) -> None:
    if text.startswith("##sequence-region"):
        words = text.split()
        if len(words) != 4 or not re.fullmatch("[0-9]+", words[3]):
            raise DataError(f"{place}: expected '##sequence-region NAME 1 LENGTH', found {text!r}.")
        name = _plain(words[1])
        contigs[name] = Contig(name, int(words[3]))
    elif text.startswith("##gff-version") and text.split()[1:2] and not text.split()[1].startswith("3"):
        raise DataError(
            f"{place}: GFF version {text.split()[1]}; this reads version 3. Convert the file, or call it .gtf."
        )
    elif text.startswith(("##", "#!")) and not text.startswith(_MADE_ANEW):
        directives.append(text)


def _letters(rest: bytes, where: str, line: int, contigs: dict[str, Contig]) -> dict[str, str]:
    letters: dict[str, str] = {}
    for record in fasta.parse(io.BytesIO(rest), where, line=line):
        known = contigs.get(record.id, Contig(record.id))
        if record.id in letters:
            raise DataError(f"{where}:{record.line}: a second sequence is called {record.id!r}.")
        if known.length not in (None, len(record.sequence)):
            raise DataError(
                f"{where}:{record.line}: {record.id} has {len(record.sequence)} letters, but its ##sequence-region "
                f"says {known.length}."
            )
        letters[record.id] = record.sequence
        contigs[record.id] = replace(known, length=len(record.sequence), description=record.description)
    return letters


def _landmark(feature: Feature, contigs: dict[str, Contig]) -> Feature:
    """Move ``Is_circular`` from the first feature over a whole contig to the contig."""
    contig = contigs[feature.seqid]
    if contig.circular or len(feature.parts) > 1 or feature.start or contig.length not in (None, feature.end):
        return feature
    contigs[feature.seqid] = replace(contig, length=feature.end, circular=True)
    return replace(feature, attributes=_without(feature.attributes, {"Is_circular"}))


def write(path: Path, annotation: Annotation) -> None:
    """Write a file atomically, gzip where the name ends in ``.gz``; with ``##FASTA`` where letters are known.

    A circular contig without a feature over its whole length gets one of type ``region``, which says so; a feature of
    several parts without ID gets one.

    Raises
    ------
    DataError
        Where a part is empty, which GFF3 cannot say.
    """
    with open_text(path) as file:
        dump(file, annotation)


def dump(file: TextIO, annotation: Annotation) -> None:
    """Write to an open text file.

    Examples
    --------
    >>> import sys
    >>> gene = Feature("chr1", "gene", (Part(0, 9, "+"),), "g1", attributes={"Note": ("a;b", "c")})
    >>> dump(sys.stdout, Annotation((gene,), {"chr1": Contig("chr1", 9)}))  # doctest: +NORMALIZE_WHITESPACE
    ##gff-version 3
    ##sequence-region chr1 1 9
    chr1 . gene 1 9 . + . ID=g1;Note=a%3Bb,c
    """
    file.write("##gff-version 3\n")
    file.writelines(f"{directive}\n" for directive in annotation.directives)
    contigs = annotation.contigs.values()
    file.writelines(f"##sequence-region {_name(c.name)} 1 {c.length}\n" for c in contigs if c.length)
    waiting = {contig.name: contig for contig in contigs if contig.circular}
    marks: dict[int, Contig] = {}
    for index, feature in enumerate(annotation.features):
        contig = waiting.get(feature.seqid)
        if contig and (feature.start, feature.end) == (0, contig.length) and _may_mark(feature):
            marks[index] = waiting.pop(feature.seqid)
    for contig in waiting.values():
        file.writelines(_lines(Feature(contig.name, "region", (Part(0, contig.length or 0),)), "", circular=True))
    for index, feature in enumerate(annotation.features):
        name = feature.id or (f"{feature.type}-{index + 1}" if len(feature.parts) > 1 else "")
        file.writelines(_lines(feature, name, circular=index in marks))
    if annotation.letters:
        file.write("##FASTA\n")
        for name, letters in annotation.letters.items():
            contig = annotation.contigs.get(name, Contig(name))
            file.write(fasta.text(fasta.Record(name, letters, contig.description)))


def _may_mark(feature: Feature) -> bool:
    return len(feature.parts) == 1 and "Is_circular" not in feature.attributes


def _lines(feature: Feature, name: str, *, circular: bool) -> Iterator[str]:
    head = (
        f"{_name(feature.seqid)}\t{_CONTROL.sub(_escape, feature.source) or '.'}\t{_CONTROL.sub(_escape, feature.type)}"
    )
    shared: dict[str, tuple[str, ...]] = {"ID": (name,)} if name else {}
    if feature.parents:
        shared["Parent"] = feature.parents
    shared.update(feature.attributes)
    if circular:
        shared["Is_circular"] = ("true",)
    if any(feature.partial):
        shared["partial"] = ("true",)
    if feature.partial[0]:
        shared["start_range"] = (".", str(feature.start + 1))
    if feature.partial[1]:
        shared["end_range"] = (str(feature.end), ".")
    text = _column(shared)
    for part in feature.parts:
        if part.end <= part.start:
            raise DataError(f"GFF3 cannot write a {feature.type} of no letters ({feature.seqid}:{part.start}).")
        own = ";".join(filter(None, (text, _column(part.attributes)))) or "."
        phase = "." if part.phase is None else part.phase
        yield f"{head}\t{part.start + 1}\t{part.end}\t{number(part.score)}\t{part.strand}\t{phase}\t{own}\n"


def number(value: float | None) -> str:
    """The shortest text that reads back as the same number; ``.`` for None.

    Examples
    --------
    >>> number(4.0), number(0.25), number(None)
    ('4', '0.25', '.')
    """
    if value is None:
        return "."
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(float(value))


def _column(attributes: Attributes) -> str:
    return ";".join(
        f"{_RESERVED.sub(_escape, name)}={','.join(_RESERVED.sub(_escape, value) for value in values)}"
        for name, values in attributes.items()
    )


def _name(seqid: str) -> str:
    return _NOT_IN_SEQID.sub(_escape, seqid)


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode())
