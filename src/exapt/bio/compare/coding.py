"""The coding sequences of an annotation with their proteins."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import NamedTuple

from exapt.bio.formats.annotation import Annotation, Feature
from exapt.core.errors import ConfigError, nearest

_PSEUDO = ("pseudo", "pseudogene")


class Code(NamedTuple):
    """A genetic code: codon -> amino acid, ``*`` for a stop; and the codons that begin a gene."""

    amino_acids: Mapping[str, str]
    starts: frozenset[str]

    def translate(self, letters: str) -> str:
        """One amino acid a codon, X where a letter is ambiguous; letters behind the last whole codon are left out.

        Examples
        --------
        >>> genetic_code(11).translate("ATGTGANNNTA"), genetic_code(4).translate("ATGTGA")
        ('M*X', 'MW')
        """
        known = self.amino_acids
        return "".join([known.get(letters[at : at + 3], "X") for at in range(0, len(letters) - 2, 3)])


@cache
def genetic_code(table: int) -> Code:
    """A code by its number at NCBI.

    Raises
    ------
    ConfigError
        Where there is none of this number.
    """
    from Bio.Data.CodonTable import unambiguous_dna_by_id as tables

    if table not in tables:
        raise ConfigError(f"Genetic code {table} is not known. {nearest(str(table), map(str, tables), show=40)}")
    found = tables[table]
    stops = dict.fromkeys(set(found.stop_codons) - set(found.forward_table), "*")
    return Code({**found.forward_table, **stops}, frozenset(found.start_codons))


class Coding(NamedTuple):
    """A coding sequence.

    Attributes
    ----------
    name
        Locus tag, else identifier, else place.
    feature
        The CDS, whole.
    letters
        Spliced, in frame from the first whole codon, with the stop where it has one; in capitals.
    protein
        Without the stop; a start codon is read as methionine.
    code
        Its genetic code.
    product
        What it makes, as the annotation says; may be empty.
    """

    name: str
    feature: Feature
    letters: str
    protein: str
    code: Code
    product: str

    @property
    def begins(self) -> bool:
        """Whether its start codon is there."""
        strand = self.feature.strand
        return not self.feature.partial[strand == "-"] and not self.feature.phase


def codings(annotation: Annotation, letters: Mapping[str, str], *, table: int = 11) -> list[Coding]:
    """All coding sequences but pseudogenes, of each gene the longest, by contig and position.

    Parameters
    ----------
    annotation
        With features on the contigs of `letters`.
    letters
        Contig -> sequence in capitals.
    table
        Genetic code where the annotation does not say one (``transl_table``).
    """
    best: dict[tuple[str, str], Coding] = {}
    for cds in _whole(annotation):
        if any(flag in cds.attributes for flag in _PSEUDO) or len(cds) < 3 or cds.strand not in "+-":
            continue
        contig = annotation.contigs.get(cds.seqid)
        spliced = cds.spliced(letters[cds.seqid], circular=contig is not None and contig.circular)
        spliced = spliced[cds.phase or 0 :].upper()
        told = cds.value("transl_table")
        code = genetic_code(int(told) if told.isdigit() else table)
        gene = _root(annotation, cds)
        product = cds.value("product") or gene.value("Name") or cds.value("gene")
        one = Coding("", cds, spliced, "", code, product)
        protein = code.translate(spliced).removesuffix("*")
        if one.begins and spliced[:3] in code.starts:
            protein = "M" + protein[1:]
        name = cds.value("locus_tag") or gene.value("locus_tag") or gene.id or cds.id
        name = name or f"{cds.seqid}:{cds.start + 1}-{cds.end}"
        one = one._replace(name=name, protein=protein)
        known = best.get((cds.seqid, name))
        if known is None or len(known.letters) < len(spliced):
            best[cds.seqid, name] = one
    order = {name: rank for rank, name in enumerate(letters)}
    return sorted(best.values(), key=lambda one: (order[one.feature.seqid], one.feature.start, one.feature.end))


def _whole(annotation: Annotation) -> Iterator[Feature]:
    """Each CDS once; those whose lines have no ID put together by their parents."""
    for feature in annotation.features:
        if feature.type == "CDS" and (feature.id or not feature.parents):
            yield feature
        elif feature.type != "CDS":
            yield from (cds for cds in annotation.coding(feature) if not cds.id)


def _root(annotation: Annotation, feature: Feature) -> Feature:
    """The gene above a feature, else the feature."""
    for _ in range(3):
        above = [parent for name in feature.parents for parent in annotation.find(name)]
        if not above:
            return feature
        feature = above[0]
    return feature
