"""GTF (GFF 2.2, also GFF2.5): nine columns, the ninth with ``gene_id`` and ``transcript_id``; plain or gzip.

====================  =========================================================================================
in the file           in memory
====================  =========================================================================================
gene, transcript      features with ``gene_id`` and ``transcript_id`` as identifiers; made where the file has none
exon and others       children of their transcript, or of their gene
CDS lines             of one transcript: one feature with several parts; with the stop codon, as in GFF3 and GenBank
stop_codon            a feature of its own; its letters are taken out of the CDS again when it is written
other attributes      `Feature.attributes`, several values where a name comes twice
====================  =========================================================================================

``gene_id`` and ``transcript_id`` stay among the attributes. Where a transcript is called as a gene is, its identifier
in memory begins with ``transcript-``.

References
----------
Brent lab (2003) GTF2.2: a gene annotation format. https://mblab.wustl.edu/GTF22.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, TextIO

from exapt.bio.formats._columns import Draft, number, part
from exapt.bio.formats.annotation import Annotation, Attributes, Contig, Feature, Part
from exapt.bio.formats.compressed import open_binary, open_text, text_lines
from exapt.core.errors import DataError

_ATTRIBUTE = re.compile(r'\s*([^\s;"]+)\s+(?:"([^"]*)"|([^\s;"]+))\s*(?:;|$)')
_WHOLE = ("CDS", "start_codon", "stop_codon")  # their lines are parts of one feature
_UNWRITABLE = re.compile(r'[\x00-\x1f"]')


def read(path: Path) -> Annotation:
    """Read a file whole.

    Raises
    ------
    DataError
        With ``file:line``: a line that is not of nine columns, a number, strand or phase that is none, a ninth column
        that is not of names and values; or a gzip that is damaged or cut in the middle.
    """
    with open_binary(path) as file:
        return parse(file, str(path))


def parse(file: BinaryIO, where: str) -> Annotation:
    r"""Read an open file; `where` names it in errors.

    Examples
    --------
    >>> import io
    >>> line = b'c\tx\tCDS\t1\t6\t.\t+\t0\tgene_id "g"; transcript_id "t";\n'
    >>> [(f.type, f.id, f.parents) for f in parse(io.BytesIO(line), "x.gtf").features]
    [('gene', 'g', ()), ('transcript', 't', ('g',)), ('CDS', 'CDS-t', ('t',))]
    """
    drafts: dict[object, Draft] = {}
    directives: list[str] = []
    for number_, text in text_lines(file, where):
        if text.startswith("#"):
            if text.startswith(("##", "#!")) and not text.startswith("###"):
                directives.append(text)
        elif text.strip():
            try:
                _add(text, number_, drafts)
            except ValueError as error:
                raise DataError(f"{where}:{number_}: {error}") from None
    genes = {draft.parts[0].attributes["gene_id"][0] for draft in drafts.values()}
    _add_stop_codons(drafts)
    features = []
    for draft in _with_families(drafts):
        _name(draft, genes)
        features.append(draft.feature())
    contigs = {feature.seqid: Contig(feature.seqid) for feature in features}
    return Annotation(tuple(features), contigs, tuple(directives), where=where)


def _add(text: str, line: int, drafts: dict[object, Draft]) -> None:
    columns = text.split("\t")
    if len(columns) != 9:
        raise ValueError(f"found {len(columns)} columns; a feature has 9, separated by tabs.")
    seqid, source, kind = columns[:3]
    attributes = _attributes(columns[8])
    gene, transcript = attributes["gene_id"][0], attributes["transcript_id"][0]
    key: object = (kind, seqid, gene, transcript) if transcript and kind in _WHOLE else line
    if kind in ("gene", "transcript") and (gene if kind == "gene" else transcript):
        key = (kind, seqid, gene, "" if kind == "gene" else transcript)
        if key in drafts:
            raise ValueError(f"a second {kind} line of {transcript or gene!r}; the first is line {drafts[key].line}.")
    if key not in drafts:
        drafts[key] = Draft(seqid, "" if source == "." else source, kind, line, "")
    drafts[key].parts.append(part(columns, attributes))


def _attributes(text: str) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    position = 0
    text = text.strip()
    while position < len(text):
        match = _ATTRIBUTE.match(text, position)
        if match is None:
            raise ValueError(
                f'column 9 is gene_id "..."; transcript_id "..."; and so on; found {text[position : position + 40]!r}. '
                "A GFF3 file has name=value there: call it .gff3."
            )
        name, quoted, bare = match.groups()
        found[name] = (*found.get(name, ()), bare if quoted is None else quoted)
        position = match.end()
    for name in ("gene_id", "transcript_id"):
        found.setdefault(name, ("",))
    return found


def _add_stop_codons(drafts: dict[object, Draft]) -> None:
    """GTF leaves the stop codon out of the CDS; in memory it is in."""
    for draft in drafts.values():
        if draft.type != "stop_codon":
            continue
        gene, transcript = (draft.parts[0].attributes[name][0] for name in ("gene_id", "transcript_id"))
        coding = drafts.get(("CDS", draft.seqid, gene, transcript))
        for stop in draft.parts if coding else ():
            coding.parts = _joined(coding.parts, stop)  # type: ignore[union-attr]


def _joined(parts: list[Part], stop: Part) -> list[Part]:
    """The parts with the letters of a stop codon: one of them longer, or a new one."""
    if any(known.start <= stop.start and stop.end <= known.end for known in parts):
        return parts
    for index, known in enumerate(parts):
        if known.strand != "-" and known.end == stop.start:
            return [*parts[:index], known._replace(end=stop.end), *parts[index + 1 :]]
        if known.strand == "-" and known.start == stop.end:
            return [*parts[:index], known._replace(start=stop.start), *parts[index + 1 :]]
    return [*parts, stop._replace(attributes={**parts[-1].attributes, **stop.attributes})]


def _with_families(drafts: dict[object, Draft]) -> Iterator[Draft]:
    """The drafts, each behind its gene and its transcript, which are made where there are none."""
    spans: dict[object, list[Draft]] = {}
    for draft in drafts.values():
        gene, transcript = (draft.parts[0].attributes[name][0] for name in ("gene_id", "transcript_id"))
        if gene:
            spans.setdefault(("gene", draft.seqid, gene, ""), []).append(draft)
        if transcript:
            spans.setdefault(("transcript", draft.seqid, gene, transcript), []).append(draft)
    made: set[object] = set()
    for draft in drafts.values():
        gene, transcript = (draft.parts[0].attributes[name][0] for name in ("gene_id", "transcript_id"))
        for key in (("gene", draft.seqid, gene, ""), ("transcript", draft.seqid, gene, transcript)):
            if key in spans and key not in drafts and key not in made:
                made.add(key)
                yield _around(key, spans[key])
        yield draft


def _around(key: tuple[str, str, str, str], members: list[Draft]) -> Draft:
    kind, seqid, gene, transcript = key
    parts = [part for member in members for part in member.parts]
    start, end = min(part.start for part in parts), max(part.end for part in parts)
    whole = Part(start, end, parts[0].strand, attributes={"gene_id": (gene,), "transcript_id": (transcript,)})
    return Draft(seqid, members[0].source, kind, members[0].line, "", parts=[whole])


def _name(draft: Draft, genes: set[str]) -> None:
    """Identifier and parent, from the gene and the transcript that a line names."""
    gene, transcript = (draft.parts[0].attributes[name][0] for name in ("gene_id", "transcript_id"))
    above = f"transcript-{transcript}" if transcript in genes else transcript
    if draft.type == "gene":
        draft.id = gene
    elif draft.type == "transcript":
        draft.id, draft.parents = above, [gene] if gene else []
    else:
        draft.id = f"{draft.type}-{transcript}" if transcript and draft.type in _WHOLE else ""
        draft.parents = [name for name in (above or gene,) if name]


def write(path: Path, annotation: Annotation) -> None:
    """Write a file atomically, gzip where the name ends in ``.gz``.

    What has a gene above it and children below it is written as ``transcript``. The letters of a ``stop_codon`` are
    left out of the CDS; without such features a CDS is written as it is. Partial ends, letters and lengths of contigs
    are not written.

    Raises
    ------
    DataError
        Where a value has a quotation mark or a line break, which GTF cannot say.
    """
    with open_text(path) as file:
        dump(file, annotation)


def dump(file: TextIO, annotation: Annotation) -> None:
    """Write to an open text file."""
    file.writelines(f"{directive}\n" for directive in annotation.directives)
    for feature in annotation.features:
        for parent in _parents(feature, annotation):
            file.writelines(_lines(feature, parent, annotation))


def _parents(feature: Feature, annotation: Annotation) -> list[Feature | None]:
    found = [parent for name in feature.parents for parent in annotation.find(name)]
    return [*(parent for parent in found if _same_locus(parent, feature))] or [None]


def _same_locus(one: Feature, other: Feature) -> bool:
    """A name may stand for transcripts of two genes, and on two contigs."""
    genes = {feature.attributes["gene_id"] for feature in (one, other) if "gene_id" in feature.attributes}
    return one.seqid == other.seqid and len(genes) <= 1


def _lines(feature: Feature, parent: Feature | None, annotation: Annotation) -> Iterator[str]:
    kind, gene, transcript = _loci(feature, parent, annotation)
    loci = {"gene_id": (gene,), "transcript_id": (transcript,)}
    siblings = annotation.children(parent) if parent and kind == "CDS" else []
    stops = [one for one in siblings if one.type == "stop_codon" and _same_locus(one, feature)]
    head = f"{feature.seqid}\t{feature.source or '.'}\t{kind}"
    # A CDS that is nothing but a stop codon stays, or it would be lost.
    left = list(_cut(feature.parts, [given for stop in stops for given in stop.parts])) or list(feature.parts)
    if len(feature.parts) > 1 and kind in ("gene", "transcript"):
        left = [feature.parts[0]._replace(start=feature.start, end=feature.end)]
    for start, end, strand, phase, score, own in left:
        column = _column({**loci, **feature.attributes, **own, **loci}, feature)
        columns = (start + 1, end, number(score), strand, "." if phase is None else phase, column)
        yield "\t".join((head, *map(str, columns))) + "\n"
    if len(feature.parts) > 1 and kind == "transcript":
        yield from _exons(feature, annotation)


def _exons(transcript: Feature, annotation: Annotation) -> Iterator[str]:
    """A transcript of several parts (GenBank) is one line in GTF, and a line for each exon."""
    if not any(child.type == "exon" for child in annotation.children(transcript)):
        for given in transcript.parts:
            exon = replace(transcript, type="exon", parts=(given,), id="", parents=(transcript.id,), attributes={})
            yield from _lines(exon, transcript, annotation)


def _loci(feature: Feature, parent: Feature | None, annotation: Annotation) -> tuple[str, str, str]:
    """Type, ``gene_id`` and ``transcript_id``: what a GTF file said, or else what follows from the family."""
    kind = feature.type
    gene, transcript = feature.value("gene_id"), feature.value("transcript_id")
    if kind != "transcript" and parent and parent.type == "gene" and annotation.children(feature):
        kind = "transcript"
    if "gene_id" in feature.attributes and "transcript_id" in feature.attributes:
        return kind, gene, transcript
    if kind == "gene":
        return kind, gene or feature.id, ""
    if kind == "transcript":
        above = _named(parent, "gene_id") if parent else feature.id
        return kind, gene or above, transcript or feature.id
    if parent is None:
        return kind, gene, transcript or "".join(feature.parents[:1])
    if parent.type == "gene":
        return kind, _named(parent, "gene_id"), _named(parent, "gene_id")
    grandparent = next((found for found in _parents(parent, annotation) if found), parent)
    return kind, _named(grandparent, "gene_id"), _named(parent, "transcript_id")


def _named(feature: Feature, name: str) -> str:
    return feature.value(name) or feature.id


def _cut(parts: tuple[Part, ...], stops: list[Part]) -> Iterator[Part]:
    """The parts without the letters of the stop codon at their 3' end."""
    for known in parts:
        start, end = known.start, known.end
        for stop in stops:
            if known.strand == "-" and start == stop.start:
                start = min(stop.end, end)
            elif known.strand != "-" and end == stop.end:
                end = max(stop.start, start)
        if start < end:
            yield known._replace(start=start, end=end)


def _column(attributes: Attributes, feature: Feature) -> str:
    for name, values in attributes.items():
        if any(_UNWRITABLE.search(value) for value in values):
            raise DataError(
                f"GTF cannot write the attribute {name} of {feature.type} {feature.id} at {feature.seqid}:"
                f"{feature.start + 1}: a value has a quotation mark or a line break. Write GFF3, or leave it out."
            )
    return " ".join(f'{name.replace(" ", "_")} "{value}";' for name, values in attributes.items() for value in values)
