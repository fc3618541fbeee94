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
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TextIO
from urllib.parse import unquote

from exapt.bio.formats import fasta
from exapt.bio.formats._columns import NATURAL, Draft, number, part, without
from exapt.bio.formats.annotation import Annotation, Attributes, Contig, Feature, Part
from exapt.bio.formats.compressed import open_binary, open_text, text_lines
from exapt.core.errors import DataError

_RESERVED = re.compile(r"[\x00-\x1f\x7f%;=&,]|^ +| +$")
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
    drafts: dict[object, Draft] = {}
    contigs: dict[str, Contig] = {}
    directives: list[str] = []
    letters: dict[str, str] = {}
    for line, text in text_lines(file, where):
        if text.startswith((">", "##FASTA")):
            rest = file.read() if text.startswith("#") else text.encode() + b"\n" + file.read()
            letters = _letters(rest, where, line + text.startswith("#"), contigs)
            break
        if text.startswith("#"):
            _directive(text, f"{where}:{line}", contigs, directives)
        elif text.strip():
            try:
                _add(text, line, drafts, contigs)
            except ValueError as error:
                raise DataError(f"{where}:{line}: {error}") from None
    features = [draft.feature() for draft in drafts.values()]
    for index, feature in enumerate(features):
        if feature.value("Is_circular") == "true":
            features[index] = _landmark(feature, contigs)
    return Annotation(tuple(features), contigs, tuple(directives), letters, where)


def _add(text: str, number: int, drafts: dict[object, Draft], contigs: dict[str, Contig]) -> None:
    columns = text.split("\t")
    if len(columns) != 9:
        raise ValueError(f"found {len(columns)} columns; a feature has 9, separated by tabs.")
    seqid, source, kind = (_plain(column) for column in columns[:3])
    attributes = _attributes(columns[8])
    (name,) = attributes.pop("ID", ("",))[:1]
    parents = attributes.pop("Parent", ())
    found = part(columns, attributes)
    if not seqid or not kind:
        raise ValueError("the sequence (column 1) or the type (column 3) is empty.")
    key = (name, seqid, source, kind) if name else number
    draft = drafts.get(key)
    if draft is None:
        draft = drafts[key] = Draft(seqid, "" if source == "." else source, kind, number, name)
        if seqid not in contigs:
            contigs[seqid] = Contig(seqid)
    draft.parts.append(found)
    draft.parents.extend(parent for parent in parents if parent not in draft.parents)


def _attributes(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    fields = [entry for entry in (field.strip(" ") for field in text.split(";")) if entry and entry != "."]
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
        if len(words) != 4 or not NATURAL.fullmatch(words[3]):
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
    return replace(feature, attributes=without(feature.attributes, {"Is_circular"}))


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
    for start, end, strand, phase, score, attributes in feature.parts:
        if end <= start:
            raise DataError(f"GFF3 cannot write a {feature.type} of no letters ({feature.seqid}:{start}).")
        own = ";".join(filter(None, (text, _column(attributes)))) or "."
        yield f"{head}\t{start + 1}\t{end}\t{number(score)}\t{strand}\t{'.' if phase is None else phase}\t{own}\n"


def _column(attributes: Attributes) -> str:
    return ";".join(
        f"{_RESERVED.sub(_escape, name)}={','.join(_RESERVED.sub(_escape, value) for value in values)}"
        for name, values in attributes.items()
    )


def _name(seqid: str) -> str:
    return _NOT_IN_SEQID.sub(_escape, seqid)


def _escape(match: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in match.group().encode())
