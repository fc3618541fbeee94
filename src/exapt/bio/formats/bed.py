"""BED with 3 to 9, or 12 columns; plain or gzip. 0-based and half-open in the file as in memory.

=====  ============  ========================================================================================
1-3    chrom ...     `Feature.seqid`, start and end
4      name          attribute ``Name``
5      score         `Part.score`; 0 and ``.`` are None, which is written as 0
6      strand        `Part.strand`
7, 8   thickStart    attributes ``thickStart``, ``thickEnd``: the coding part, 0-based as in the file
9      itemRgb       attribute ``itemRgb``
10-12  blocks        `Feature.parts`
=====  ============  ========================================================================================

References
----------
Niu J, Denisko D, Hoffman MM (2022) The Browser Extensible Data (BED) format. GA4GH.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import BinaryIO, TextIO

from exapt.bio.formats._columns import NATURAL, STRANDS, number, score
from exapt.bio.formats.annotation import Annotation, Contig, Feature, Part
from exapt.bio.formats.compressed import open_binary, open_text, text_lines
from exapt.core.errors import DataError

WIDTHS = (3, 4, 5, 6, 7, 8, 9, 12)
_HEAD = ("#", "track", "browser")
_OPTIONAL = ("thickStart", "thickEnd", "itemRgb")


def read(path: Path, *, type: str = "region") -> Annotation:
    """Read a file whole; each line becomes one feature of the given type.

    Raises
    ------
    DataError
        With ``file:line``: another number of columns, a number or strand that is none, an end before its start,
        blocks that do not fill the feature; or a gzip that is damaged or cut in the middle.
    """
    with open_binary(path) as file:
        return parse(file, str(path), type=type)


def parse(file: BinaryIO, where: str, *, type: str = "region") -> Annotation:
    r"""Read an open file; `where` names it in errors.

    Examples
    --------
    >>> import io
    >>> [exons] = parse(io.BytesIO(b"c\t2\t9\tt1\t0\t-\t2\t9\t0\t2\t3,2\t0,5\n"), "x.bed").features
    >>> [part[:3] for part in exons.parts], exons.value("Name")
    ([(2, 5, '-'), (7, 9, '-')], 't1')
    """
    features: list[Feature] = []
    directives: list[str] = []
    width = 0
    for line, text in text_lines(file, where):
        if text.startswith(_HEAD):
            directives.append(text)
        elif text.strip():
            columns = text.split("\t") if "\t" in text else text.split()
            try:
                features.append(replace(_feature(columns, type), line=line))
                if width not in (0, len(columns)):
                    raise ValueError(f"{len(columns)} columns, but the lines before have {width}.")
            except ValueError as error:
                raise DataError(f"{where}:{line}: {error}") from None
            width = len(columns)
    contigs = {feature.seqid: Contig(feature.seqid) for feature in features}
    return Annotation(tuple(features), contigs, tuple(directives), where=where)


def _feature(columns: Sequence[str], type: str) -> Feature:
    if len(columns) not in WIDTHS:
        raise ValueError(f"{len(columns)} columns; BED has 3 to 9, or 12.")
    start, end = _natural(columns[1], "chromStart"), _natural(columns[2], "chromEnd")
    if end < start:
        raise ValueError(f"the end {end} is before the start {start}.")
    attributes = {}
    if len(columns) > 3 and columns[3] != ".":
        attributes["Name"] = (columns[3],)
    value = (score(columns[4], 5) or None) if len(columns) > 4 else None
    if len(columns) > 5 and columns[5] not in STRANDS:
        raise ValueError(f"the strand (column 6) is one of + - and '.'; found {columns[5]!r}.")
    strand = STRANDS[columns[5]] if len(columns) > 5 else "."
    for name, text in zip(_OPTIONAL, columns[6:9], strict=False):
        if name != "itemRgb":
            _natural(text, name)
        attributes[name] = (text,)
    spans = _blocks(columns, start, end) if len(columns) == 12 else [(start, end)]
    parts = tuple(Part(first, last, strand, None, value) for first, last in spans)
    return Feature(columns[0], type, parts, attributes=attributes)


def _natural(text: str, name: str) -> int:
    if not NATURAL.fullmatch(text):
        raise ValueError(f"{name} is a whole number from 0; found {text!r}.")
    return int(text)


def _blocks(columns: Sequence[str], start: int, end: int) -> list[tuple[int, int]]:
    count = _natural(columns[9], "blockCount")
    sizes, starts = (
        [_natural(text, name) for text in column.rstrip(",").split(",")]
        for column, name in ((columns[10], "blockSizes"), (columns[11], "blockStarts"))
    )
    if not len(sizes) == len(starts) == count:
        raise ValueError(f"blockCount is {count}, with {len(sizes)} sizes and {len(starts)} starts.")
    spans = [(start + first, start + first + size) for first, size in zip(starts, sizes, strict=True)]
    apart = all(before[1] <= behind[0] for before, behind in pairwise(spans))
    if not apart or spans[0][0] != start or spans[-1][1] != end:
        raise ValueError("blocks are in order, apart, and go from chromStart to chromEnd.")
    return spans


def write(path: Path, annotation: Annotation, *, sort: bool = False) -> None:
    """Write a file atomically, one line a feature, gzip where the name ends in ``.gz``.

    A feature over the origin of a circular contig becomes two lines. All lines have as many columns as the fullest
    needs.

    Parameters
    ----------
    path
        Where to write.
    annotation
        Its features, whatever their families.
    sort
        By contig and start, as an index asks for.

    Raises
    ------
    DataError
        Where a feature has parts that overlap or are on two strands, goes beyond its contig, or has a name with a tab.
    """
    with open_text(path) as file:
        dump(file, annotation, sort=sort)


def dump(file: TextIO, annotation: Annotation, *, sort: bool = False) -> None:
    """Write to an open text file."""
    file.writelines(f"{directive}\n" for directive in annotation.directives)
    contigs = annotation.contigs
    pieces = tuple(
        piece for feature in annotation.features for piece in _at_origin(feature, contigs.get(feature.seqid))
    )
    width = max((_width(piece) for piece in pieces), default=3)
    found = Annotation(pieces, contigs)
    for piece in (found.sorted() if sort else found).features:
        file.write("\t".join(_columns(piece)[:width]) + "\n")


def _at_origin(feature: Feature, contig: Contig | None) -> Iterator[Feature]:
    """The feature, in two where it spans the origin."""
    length = contig.length if contig else None
    if contig is None or length is None or feature.end <= length:
        yield feature
        return
    if not contig.circular:
        raise DataError(f"BED: {_place(feature)} goes beyond its contig of {length} letters.")
    before = [part._replace(end=min(part.end, length)) for part in feature.parts if part.start < length]
    behind = [part._replace(start=max(part.start, length) - length, end=part.end - length) for part in feature.parts]
    for parts in (before, [part for part in behind if part.end > 0]):
        if parts:
            yield replace(feature, parts=tuple(parts))


def _place(feature: Feature) -> str:
    return f"{feature.type} {feature.value('Name', feature.id)} at {feature.seqid}:{feature.start}-{feature.end}"


def _width(feature: Feature) -> int:
    filled = (
        (12, len(feature.parts) > 1),
        *((7 + index, name in feature.attributes) for index, name in enumerate(_OPTIONAL)),
        (6, feature.strand != "."),
        (5, feature.score is not None),
        (4, "Name" in feature.attributes or feature.id),
    )
    return max((column for column, needed in filled if needed), default=3)


def _columns(feature: Feature) -> list[str]:
    parts = feature.parts
    apart = all(before.end <= behind.start for before, behind in pairwise(parts))
    name = feature.value("Name", feature.id) or "."
    if not apart or feature.strand == "?" or "\t" in name:
        raise DataError(f"BED cannot write {_place(feature)}: parts in order on one strand, and no tab in the name.")
    start, end = str(feature.start), str(feature.end)
    value = "0" if feature.score is None else number(feature.score)
    thick = (feature.value("thickStart", start), feature.value("thickEnd", start), feature.value("itemRgb", "0"))
    sizes = ",".join(str(part.end - part.start) for part in parts)
    starts = ",".join(str(part.start - feature.start) for part in parts)
    return [feature.seqid, start, end, name, value, feature.strand, *thick, str(len(parts)), sizes, starts]
