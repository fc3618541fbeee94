"""GenBank flat files: contigs with their letters and features; plain or gzip. Read and written by Biopython.

==================  =======================================================================================
in the file         in memory
==================  =======================================================================================
LOCUS, VERSION      `Contig.name` (with version), `Contig.length`, `Contig.circular`
DEFINITION          `Contig.description`
``source``          a feature of type ``region``, and so on where the Sequence Ontology has another name (`TYPES`)
``join(...)``       `Feature.parts`, ascending; over the origin the coordinates go on
``<``, ``>``        `Feature.partial`
/codon_start        `Part.phase` of a CDS, all its parts
/pseudo             an attribute with the value ``true``; so each qualifier without a value
other qualifiers    `Feature.attributes`; EC_number as ec_number, for capitals are reserved in GFF3 (`QUALIFIERS`)
ORIGIN              `Annotation.letters`, in capitals
==================  =======================================================================================

GenBank has no identifiers and no parents: both are made from /locus_tag (or /gene): ``gene-b0001`` is the parent of
``mRNA-b0001``, of which ``CDS-b0001`` is a child; without mRNA the gene is the parent. Runs of blanks in a qualifier
become one. References, comments and the rest of the head are not kept.

References
----------
Cock et al. (2009) Biopython. doi:10.1093/bioinformatics/btp163
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from exapt.bio.formats.annotation import Annotation, Contig, Feature, Part, Strand, phased
from exapt.bio.formats.compressed import open_binary, open_text, text_lines
from exapt.core.errors import DataError

if TYPE_CHECKING:
    from Bio.SeqFeature import SeqFeature
    from Bio.SeqRecord import SeqRecord

FLAGS = frozenset(
    [
        "environmental_sample",
        "focus",
        "germline",
        "macronuclear",
        "partial",
        "proviral",
        "pseudo",
        "rearranged",
        "ribosomal_slippage",
        "trans_splicing",
        "transgenic",
    ]
)
_SIGN: Mapping[int | None, Strand] = {1: "+", -1: "-", 0: "?", None: "."}
_NUMBER = {"+": 1, "-": -1, "?": 0, ".": None}
TYPES = {  # Sequence Ontology -> feature key of INSDC, where the two differ
    "region": "source",
    "five_prime_UTR": "5'UTR",
    "three_prime_UTR": "3'UTR",
    "mobile_genetic_element": "mobile_element",
    "origin_of_replication": "rep_origin",
    "regulatory_region": "regulatory",
    "sequence_feature": "misc_feature",
}
QUALIFIERS = {"EC_number": "ec_number", "PCR_conditions": "pcr_conditions", "PCR_primers": "pcr_primers"}
_NAMES = {name: qualifier for qualifier, name in QUALIFIERS.items()}
_KEYS = {key: term for term, key in TYPES.items()}
_RNA = frozenset(["mRNA", "tRNA", "rRNA", "ncRNA", "tmRNA", "misc_RNA", "precursor_RNA"])
_BELOW = _RNA | frozenset(["CDS", "exon", "intron", "five_prime_UTR", "three_prime_UTR"])
_LONGEST_KEY = 15


def read(path: Path) -> Annotation:
    """Read a file whole.

    Raises
    ------
    DataError
        With ``file:line``: no LOCUS, a location that cannot be read or lies on another record, a record that is cut
        short, two records of one name; or a gzip that is damaged or cut in the middle.
    """
    with open_binary(path) as file:
        return parse(file, str(path))


def parse(file: BinaryIO, where: str) -> Annotation:
    """Read an open file; `where` names it in errors."""
    features: list[Feature] = []
    contigs: dict[str, Contig] = {}
    letters: dict[str, str] = {}
    used: dict[str, int] = {}
    for record, places in _records(file, where):
        name = record.id or record.name
        if name in contigs:
            raise DataError(f"{where}:{places[0]}: a second record is called {name!r}.")
        circular = record.annotations.get("topology") == "circular"
        contigs[name] = Contig(name, len(record), circular, record.description)
        if record.seq.defined:
            letters[name] = str(record.seq)
        found = []
        for line, given in zip(places[1:], record.features, strict=True):
            try:
                found.append(_feature(given, contigs[name], line))
            except ValueError as error:
                raise DataError(f"{where}:{line}: {error}") from None
        features.extend(_family(found, used))
    if not contigs:
        raise DataError(f"{where}: no LOCUS line. Is this a GenBank file?")
    return Annotation(tuple(features), contigs, (), letters, where)


def _records(file: BinaryIO, where: str) -> Iterator[tuple[Any, list[int]]]:
    """Each record with the line numbers of its LOCUS and of its features."""
    from Bio import BiopythonParserWarning, SeqIO

    biopython: Any = SeqIO  # its functions have no type hints
    for first, lines in _texts(file, where):
        places = [first, *(first + index for index in _feature_lines(lines))]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", "(?!attempting).*(location|premature|expected sequence length)")
            try:
                record = biopython.read(io.StringIO("\n".join(lines)), "genbank")
            except (ValueError, AssertionError, IndexError, BiopythonParserWarning) as error:
                line = first + _mentioned(str(error), lines)
                reason = " ".join(str(error).split()) or "not the format"
                raise DataError(f"{where}:{line}: no GenBank that Biopython reads: {reason}") from None
        if len(record.features) != len(places) - 1:
            places = [first] * (len(record.features) + 1)
        yield record, places


def _texts(file: BinaryIO, where: str) -> Iterator[tuple[int, list[str]]]:
    """The lines of each record, from LOCUS to ``//``, with the number of the first."""
    first, lines = 0, list[str]()
    for number, text in text_lines(file, where):
        if not first and text.startswith("LOCUS"):
            first = number
        if first:
            lines.append(text)
        if first and text.rstrip() == "//":
            yield first, lines
            first, lines = 0, []
    if first:
        raise DataError(f"{where}:{first}: the record does not end with //. The file is cut short; copy it again.")


def _feature_lines(lines: Sequence[str]) -> Iterator[int]:
    inside = False
    for index, line in enumerate(lines):
        if line[:1].strip():
            inside = line.startswith("FEATURES")
        elif inside and line[2:21].strip():
            yield index


def _mentioned(message: str, lines: Sequence[str]) -> int:
    """Index of the first line with what a message of Biopython quotes; 0 where there is none."""
    for quoted in re.findall(r"'([^']{3,})'|:\s+(\S.*)", message):
        wanted = (quoted[0] or quoted[1]).strip()[:40]
        for index, line in enumerate(lines):
            if wanted in line:
                return index
    return 0


def _feature(given: SeqFeature, contig: Contig, line: int) -> Feature:
    parts, partial = _parts(given.location, contig)
    attributes = {
        QUALIFIERS.get(name, name): tuple(" ".join(value.split()) for value in values)
        for name, values in given.qualifiers.items()
    }
    for name in FLAGS & attributes.keys():
        attributes[name] = tuple(value or "true" for value in attributes[name])
    if given.type == "CDS":
        start = attributes.pop("codon_start", ("1",))[0]
        if start not in ("1", "2", "3"):
            raise ValueError(f"/codon_start is 1, 2 or 3; found {start!r}.")
        parts = phased(parts, int(start) - 1)
    kind = _KEYS.get(given.type, given.type)
    return Feature(contig.name, kind, parts, attributes=attributes, partial=partial, line=line)


def _parts(location: Any, contig: Contig) -> tuple[tuple[Part, ...], tuple[bool, bool]]:
    from Bio.SeqFeature import AfterPosition, BeforePosition, UnknownPosition

    given = list(location.parts)
    for piece in given:
        if piece.ref:
            raise ValueError(f"a part of the feature lies on another record, {piece.ref}. Leave the feature out.")
        if isinstance(piece.start, UnknownPosition) or isinstance(piece.end, UnknownPosition):
            raise ValueError("a position of the feature is unknown ('?'). Leave the feature out.")
        if piece.end > (contig.length or 0):
            raise ValueError(f"position {int(piece.end)} is beyond the {contig.length} letters of {contig.name}.")
    if all(piece.strand == -1 for piece in given):
        given.reverse()
    partial = (isinstance(given[0].start, BeforePosition), isinstance(given[-1].end, AfterPosition))
    parts = tuple(Part(int(piece.start), int(piece.end), _SIGN[piece.strand]) for piece in given)
    if contig.circular and len({part.strand for part in parts}) == 1:
        parts = _over_origin(parts, contig.length or 0)
    return parts, partial


def _over_origin(parts: tuple[Part, ...], length: int) -> tuple[Part, ...]:
    """Parts behind the origin go on with the coordinates of those before it."""
    found: list[Part] = []
    shift = 0
    for part in parts:
        if found and not shift and part.start < found[-1].start:
            shift = length
        moved = part._replace(start=part.start + shift, end=part.end + shift)
        if found and shift and found[-1].end == moved.start == length:
            found[-1] = found[-1]._replace(end=moved.end)
        else:
            found.append(moved)
    starts = [part.start for part in found]
    sound = starts == sorted(starts) and found[-1].end - found[0].start <= length
    return tuple(found) if sound else parts


def _family(features: Sequence[Feature], used: dict[str, int]) -> Iterator[Feature]:
    """The features with identifiers and parents, from what they say of their locus."""
    named = []
    for feature in features:
        stem = f"{feature.type}-{_locus(feature) or feature.seqid}"
        used[stem] = used.get(stem, 0) + 1
        named.append(replace(feature, id=stem if used[stem] == 1 else f"{stem}-{used[stem]}"))
    above: dict[tuple[str, str], list[Feature]] = {}
    for feature in named:
        if feature.type in ("gene", "mRNA") and _locus(feature):
            above.setdefault((feature.type, _locus(feature)), []).append(feature)
    taken: set[str] = set()
    for feature in named:
        parent = ""
        if feature.type in _BELOW:
            genes, messengers = (above.get((kind, _locus(feature)), []) for kind in ("gene", "mRNA"))
            spliced = [] if feature.type in _RNA else [m for m in messengers if _within(feature, m)]
            free = [m for m in spliced if m.id not in taken] if feature.type == "CDS" else []
            chosen = (free or spliced or [g for g in genes if _around(feature, g)])[:1]
            parent = "".join(one.id for one in chosen)
            if feature.type == "CDS":
                taken.add(parent)
        yield replace(feature, parents=(parent,)) if parent else feature


def _locus(feature: Feature) -> str:
    return feature.value("locus_tag") or feature.value("gene")


def _around(inner: Feature, outer: Feature) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _within(inner: Feature, outer: Feature) -> bool:
    """Whether each part lies in a part of the other."""
    return all(any(o.start <= i.start and i.end <= o.end for o in outer.parts) for i in inner.parts)


def write(path: Path, annotation: Annotation) -> None:
    """Write a file atomically, gzip where the name ends in ``.gz``.

    Identifiers and parents are not written, they follow from ``locus_tag``; nor are sources, scores and directives.
    A word of more than 58 letters is broken over lines, and read with a blank in it; but not a translation.

    Raises
    ------
    DataError
        Where the length of a contig is unknown, or the type of a feature is longer than the 15 letters of a key.
    """
    from Bio import BiopythonWarning, SeqIO

    features: dict[str, list[Feature]] = {name: [] for name in annotation.contigs}
    for feature in annotation.features:
        if len(TYPES.get(feature.type, feature.type)) > _LONGEST_KEY:
            raise DataError(
                f"GenBank: the type {feature.type!r} has more than {_LONGEST_KEY} letters. Leave these features out, "
                "or give them the type sequence_feature."
            )
        features[feature.seqid].append(feature)
    with open_text(path) as file, warnings.catch_warnings():
        warnings.simplefilter("ignore", BiopythonWarning)
        records = (_record(contig, annotation, features[name]) for name, contig in annotation.contigs.items())
        SeqIO.write(records, file, "genbank")


def _record(contig: Contig, annotation: Annotation, features: Sequence[Feature]) -> SeqRecord:
    from Bio.Seq import Seq
    from Bio.SeqRecord import SeqRecord

    letters = annotation.letters.get(contig.name)
    if letters is None and contig.length is None:
        raise DataError(f"GenBank: the length of {contig.name} is unknown. Give the annotation its letters.")
    length = len(letters) if letters is not None else contig.length or 0
    molecule = next((feature.value("mol_type") for feature in features if feature.type == "region"), "DNA")
    known = {"molecule_type": "RNA" if "RNA" in molecule else "DNA"}
    known["topology"] = "circular" if contig.circular else "linear"
    sequence = Seq(None, length) if letters is None else Seq(letters)
    given = [_given(feature, length) for feature in features]
    return SeqRecord(sequence, contig.name, contig.name, contig.description, features=given, annotations={**known})


def _given(feature: Feature, length: int) -> SeqFeature:
    from Bio import SeqFeature as module

    biopython: Any = module
    pieces = [piece for part in feature.parts for piece in _before_and_behind(part, length)]
    locations: list[Any] = []
    for index, (start, end, strand) in enumerate(pieces):
        first = biopython.BeforePosition(start) if index == 0 and feature.partial[0] else start
        last = biopython.AfterPosition(end) if index == len(pieces) - 1 and feature.partial[1] else end
        locations.append(biopython.SimpleLocation(first, last, strand=_NUMBER[strand]))
    if feature.strand == "-":
        locations.reverse()
    qualifiers: dict[str, list[str | None]] = {}
    for name, values in feature.attributes.items():
        qualifiers[_NAMES.get(name, name)] = [None if name in FLAGS and value == "true" else value for value in values]
    if feature.type == "CDS" and feature.phase is not None:
        qualifiers["codon_start"] = [str(feature.phase + 1)]
    location = locations[0] if len(locations) == 1 else biopython.CompoundLocation(locations)
    found: SeqFeature = biopython.SeqFeature(location, TYPES.get(feature.type, feature.type), qualifiers=qualifiers)
    return found


def _before_and_behind(part: Part, length: int) -> list[tuple[int, int, Strand]]:
    """The part in coordinates within the contig; two pieces where it spans the origin."""
    start, end, strand = part[:3]
    if start >= length > 0:
        return [(start - length, end - length, strand)]
    return [(start, end, strand)] if end <= length else [(start, length, strand), (0, end - length, strand)]
