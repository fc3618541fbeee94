"""VCF through htslib (pysam): plain, gzip or bgzip; and VCF-like files of five columns.

==========  ==================================================================================================
column      in memory
==========  ==================================================================================================
CHROM, POS  `Variant.seqid`, `Variant.start`; 1-based in the file, 0-based in memory
ID          `Variant.id`, empty for ``.``
REF, ALT    `Variant.ref`, `Variant.alts`; a symbolic allele as it stands: ``<DEL>``, ``<INV>``, ``N[chr2:7[``
QUAL        `Variant.quality`
FILTER      `Variant.filters`, empty for ``.``
INFO        `Variant.info`; a flag is True; ``END`` of a symbolic allele is `Variant.end`
samples     `Variant.samples`; GT as text
==========  ==================================================================================================

A file without header whose lines have five columns is read as CHROM, POS, ID, REF, ALT; its alternatives may stand on
several lines.

References
----------
Danecek et al. (2011) The variant call format and VCFtools. doi:10.1093/bioinformatics/btr330
Bonfield et al. (2021) HTSlib. doi:10.1093/gigascience/giab007
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from exapt.bio.formats._columns import NATURAL, score
from exapt.bio.formats.annotation import Contig
from exapt.bio.formats.compressed import open_binary, text_lines
from exapt.core.errors import DataError, nearest
from exapt.core.paths import atomic

if TYPE_CHECKING:
    import pysam

Value = bool | int | float | str | tuple[int | float | str | None, ...] | None
DEFINITIONS = {  # what may be written without a line of its own in the header
    "SVTYPE": '##INFO=<ID=SVTYPE,Number=1,Type=String,Description="Type of structural variant">',
    "SVLEN": '##INFO=<ID=SVLEN,Number=A,Type=Integer,Description="Difference in length between REF and ALT">',
    "END": '##INFO=<ID=END,Number=1,Type=Integer,Description="End position of the variant">',
    "CIPOS": '##INFO=<ID=CIPOS,Number=2,Type=Integer,Description="Confidence interval around POS">',
    "CIEND": '##INFO=<ID=CIEND,Number=2,Type=Integer,Description="Confidence interval around END">',
    "IMPRECISE": '##INFO=<ID=IMPRECISE,Number=0,Type=Flag,Description="Imprecise structural variant">',
    "MATEID": '##INFO=<ID=MATEID,Number=.,Type=String,Description="ID of mate breakends">',
    "EVENT": '##INFO=<ID=EVENT,Number=1,Type=String,Description="ID of the event that the variant is part of">',
    "GT": '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
}
SYMBOLS = {
    "DEL": "Deletion",
    "INS": "Insertion",
    "DUP": "Duplication",
    "INV": "Inversion",
    "CNV": "Copy number variable region",
    "DUP:TANDEM": "Tandem duplication",
    "DEL:ME": "Deletion of mobile element",
    "INS:ME": "Insertion of mobile element",
}
_ALT_LINES = {symbol: f'##ALT=<ID={symbol},Description="{told}">' for symbol, told in SYMBOLS.items()}
_SYMBOL = re.compile(r"<([^>]+)>")
_ALLELE = re.compile(r"[ACGTNacgtn]+|\*|\.|<[^<>\s,]+>|[ACGTNacgtn.]*[\[\]][^\[\]\s]+:[0-9]+[\[\]][ACGTNacgtn.]*")
_PLAIN = re.compile(r"##contig=<ID=[^,>]+(,length=[0-9]+)?(,IDX=[0-9]+)?>|##fileformat=.*|##FILTER=<ID=PASS,.*")
_CONTIG = re.compile(r"##contig=<ID=([^,>]+).*")
_REF = re.compile("[ACGTRYSWKMBDHVNacgtryswkmbdhvn]+")
_LIKE = 5


@dataclass(frozen=True, slots=True)
class Variant:
    """A difference from the reference.

    Attributes
    ----------
    seqid
        Name of the contig.
    start
        First letter of `ref`, 0-based.
    ref
        Letters of the reference; of a symbolic allele the one before the event.
    alts
        Alternatives; empty where the position is like the reference.
    id
        Empty where it has none.
    quality
        Phred-scaled, single precision; None where unknown.
    filters
        ``("PASS",)``, the filters that failed, or empty where none was applied.
    info, samples
        Values as the header types them; `samples` by name of the sample, then of the field, ``GT`` as ``0|1``.
    end
        0-based half-open end of what symbolic alleles change; None where `ref` says it.
    line
        Line number in its file, from 1; 0 where it comes from no file.

    Examples
    --------
    >>> Variant("chr1", 9, "AC", ("A",)).stop, Variant("chr1", 9, "N", ("<INV>",), end=500).stop
    (11, 500)
    """

    seqid: str
    start: int
    ref: str
    alts: tuple[str, ...] = ()
    id: str = ""
    quality: float | None = None
    filters: tuple[str, ...] = ()
    info: Mapping[str, Value] = field(default_factory=dict)
    samples: Mapping[str, Mapping[str, Value]] = field(default_factory=dict)
    end: int | None = None
    line: int = field(default=0, compare=False)

    @property
    def stop(self) -> int:
        """Position behind the last letter of the reference that changes."""
        return self.start + len(self.ref) if self.end is None else self.end


@dataclass(frozen=True)
class Variants:
    """A file of variants.

    Attributes
    ----------
    rows
        In the order of the file.
    contigs
        Name -> contig, in the order of the header.
    header
        Lines that begin with ``##``, but for those that `write` makes itself.
    samples
        Names of the samples.
    where
        Name of the file, for messages; two that differ in it are equal.
    """

    rows: tuple[Variant, ...] = ()
    contigs: Mapping[str, Contig] = field(default_factory=dict)
    header: tuple[str, ...] = ()
    samples: tuple[str, ...] = ()
    where: str = field(default="", compare=False)


def read(path: Path) -> Variants:
    """Read a file whole.

    Raises
    ------
    DataError
        With ``file:line``: a line with too few columns, a position that is none, letters that are no allele, a value
        that does not fit its definition in the header; no header and not five columns; or a gzip that is cut in the
        middle.
    """
    head, rows = _scan(path)
    if not head:
        return _five_columns(path, rows)
    import pysam

    with _quiet():
        try:
            with pysam.VariantFile(str(path)) as file:
                found = tuple(_variants(file, [line for line, _ in rows], path))
                contigs = {str(name): Contig(str(name), contig.length) for name, contig in file.header.contigs.items()}
                header, samples = _kept(file.header), tuple(file.header.samples)
        except (OSError, ValueError) as error:
            raise DataError(f"{path}:{head}: htslib cannot read the header: {error}") from None
    return Variants(found, contigs, header, samples, str(path))


def _scan(path: Path) -> tuple[int, list[tuple[int, list[str]]]]:
    """Line number of the column names, 0 where there are none, and number and first five columns of each other line.

    htslib says of a bad line neither which nor why, and takes a gzip that was cut short for whole.
    """
    head = 0
    rows: list[tuple[int, list[str]]] = []
    with open_binary(path) as file:
        for line, text in text_lines(file, str(path)):
            if line == 1 and text.startswith("#CHROM"):
                raise DataError(
                    f"{path}:1: the first line of a VCF file is '##fileformat=VCFv4.2', or the like. Add it."
                )
            if text.startswith("#"):
                head = line if text.startswith("#CHROM") else head
            elif text.strip():
                columns = text.split("\t")
                _check(columns, f"{path}:{line}", whole=head > 0)
                rows.append((line, columns[:_LIKE]))
    return head, rows


def _check(columns: list[str], place: str, *, whole: bool) -> None:
    if whole and len(columns) < 8:
        raise DataError(f"{place}: {len(columns)} columns; a variant has at least 8, separated by tabs.")
    if not whole and len(columns) != _LIKE:
        raise DataError(
            f"{place}: {len(columns)} columns and no header. A VCF file begins with ##fileformat and ends its header "
            "with #CHROM; a VCF-like file without header has the five columns CHROM POS ID REF ALT."
        )
    if not NATURAL.fullmatch(columns[1]):
        raise DataError(f"{place}: the position (column 2) is a whole number from 1; found {columns[1]!r}.")
    if whole:
        try:
            score(columns[5], 6)
        except ValueError as error:
            raise DataError(f"{place}: {error}") from None
    for name, text, pattern in (("REF", columns[3], _REF), *(("ALT", alt, _ALLELE) for alt in columns[4].split(","))):
        if not pattern.fullmatch(text):
            raise DataError(f"{place}: {text!r} is no {name}. Letters of DNA, or for ALT one of * <ID> N[chr:pos[.")


def _five_columns(path: Path, rows: list[tuple[int, list[str]]]) -> Variants:
    found = []
    for line, (seqid, position, name, ref, alts) in rows:
        given = () if alts == "." else tuple(alts.split(","))
        found.append(Variant(seqid, int(position) - 1, ref, given, "" if name == "." else name, line=line))
    contigs = {variant.seqid: Contig(variant.seqid) for variant in found}
    return Variants(tuple(found), contigs, where=str(path))


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the messages that htslib prints itself."""
    import pysam

    before = pysam.set_verbosity(0)
    try:
        yield
    finally:
        pysam.set_verbosity(before)


def _variants(file: pysam.VariantFile, lines: list[int], path: Path) -> Iterator[Variant]:
    records = iter(file)
    for line in lines:
        try:
            yield replace(_variant(next(records)), line=line)
        except (OSError, ValueError, StopIteration, KeyError) as error:
            raise DataError(
                f"{path}:{line}: htslib cannot read the line: {error or 'a value of a wrong type'}."
            ) from None


def _variant(record: pysam.VariantRecord) -> Variant:
    alts = record.alts or ()
    ref = record.ref or ""
    end = record.stop if any("<" in alt for alt in alts) and record.stop != record.start + len(ref) else None
    samples = {str(name): _sample(sample) for name, sample in record.samples.items()}
    info = {name: value for name, value in record.info.items() if name != "END" or end is None}
    filters = tuple(map(str, record.filter.keys()))
    return Variant(record.chrom, record.start, ref, alts, record.id or "", record.qual, filters, info, samples, end)


def _sample(sample: pysam.VariantRecordSample) -> dict[str, Value]:
    found: dict[str, Value] = {}
    for name, value in sample.items():
        if name == "GT":
            calls = ("." if call is None else str(call) for call in value)
            found[name] = ("|" if sample.phased else "/").join(calls)
        else:
            found[name] = value
    return found


def _kept(header: pysam.VariantHeader) -> tuple[str, ...]:
    """The lines of a header that `write` does not make itself."""
    lines = (str(record).rstrip("\n") for record in header.records)
    own = {*DEFINITIONS.values(), *_ALT_LINES.values()}
    return tuple(line for line in lines if line not in own and not _PLAIN.fullmatch(line))


def write(path: Path, variants: Variants) -> None:
    """Write a file atomically, bgzip where the name ends in ``.gz``.

    The header gets what is missing: contigs, the definitions of `DEFINITIONS` and `SYMBOLS` that are used.

    Raises
    ------
    DataError
        Where a field or filter is used that neither the header nor `DEFINITIONS` defines, or a value does not fit its
        definition.
    """
    import pysam

    with _quiet(), atomic(path) as temporary:
        header = _header(variants)
        with pysam.VariantFile(str(temporary), "wz" if path.suffix == ".gz" else "w", header=header) as file:
            for variant in variants.rows:
                try:
                    file.write(_record(variant, header))
                except (ValueError, TypeError, KeyError, OverflowError) as error:
                    raise DataError(
                        f"VCF cannot write the variant at {variant.seqid}:{variant.start + 1}: {error}."
                    ) from None


def _header(variants: Variants) -> pysam.VariantHeader:
    import pysam

    header = pysam.VariantHeader()
    told = {match[1]: match[0] for match in map(_CONTIG.fullmatch, variants.header) if match}
    for name in dict.fromkeys([*variants.contigs, *(variant.seqid for variant in variants.rows)]):
        if name in told:
            header.add_line(told[name])
        else:
            header.contigs.add(name, length=variants.contigs.get(name, Contig(name)).length)
    for line in variants.header:
        if line not in told.values():
            header.add_line(line)
    for name, known in _used(variants.rows):
        if name not in getattr(header, known):
            header.add_line(_definition(name, known))
    alleles = {symbol for variant in variants.rows for alt in variant.alts for symbol in _SYMBOL.findall(alt)}
    alleles -= {record.get("ID") for record in header.records if record.key == "ALT"}
    for symbol in sorted(alleles & SYMBOLS.keys()):
        header.add_line(_ALT_LINES[symbol])
    for sample in variants.samples:
        header.add_sample(sample)
    return header


def _definition(name: str, known: str) -> str:
    if name not in DEFINITIONS:
        line = f"##{known.upper().removesuffix('S')}=<ID={name},...>"
        hint = nearest(name, DEFINITIONS)
        raise DataError(f"VCF: {name} is not defined. Add a line {line} to the header. {hint}")
    return DEFINITIONS[name]


def _used(rows: Iterable[Variant]) -> Iterator[tuple[str, str]]:
    """Each field that is used, once, and where the header defines it."""
    seen: set[tuple[str, str]] = set()
    for variant in rows:
        fields = {(name, "info") for name in variant.info}
        fields |= {(name, "formats") for sample in variant.samples.values() for name in sample}
        fields |= {(name, "filters") for name in variant.filters if name != "PASS"}
        fields |= {("END", "info")} if variant.end is not None else set()
        yield from sorted(fields - seen)
        seen |= fields


def _record(variant: Variant, header: pysam.VariantHeader) -> pysam.VariantRecord:
    known: dict[str, Any] = {"id": variant.id or None, "qual": variant.quality, "info": dict(variant.info)}
    alleles = (variant.ref, *(variant.alts or (".",)))
    record = header.new_record(variant.seqid, variant.start, variant.stop, alleles, **known)
    for name in variant.filters:
        record.filter.add(name)
    for name, fields in variant.samples.items():
        sample = record.samples[name]
        for key, value in fields.items():
            if key == "GT":
                text = str(value)
                calls = tuple(None if call == "." else int(call) for call in re.split(r"[/|]", text))
                sample["GT"] = calls
                sample.phased = "|" in text
            else:
                sample[key] = value
    return record
