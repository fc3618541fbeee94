"""Annotations in memory: the one model that GFF3, GTF, GenBank and BED are read into and written from.

=============  =======================================================================================
`Part`         an interval of a feature, 0-based half-open, with its strand, phase and score
`Feature`      a gene, an mRNA, a CDS ...: one part, or several (a CDS over the exons of its transcript)
`Contig`       name, length and shape of a sequence
`Annotation`   features, contigs, and the letters where the file has them
=============  =======================================================================================

Over the origin of a circular contig a part goes on: its `end` is larger than the length of the contig.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal, NamedTuple

from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.errors import DataError

Strand = Literal["+", "-", ".", "?"]
Attributes = Mapping[str, tuple[str, ...]]


class Part(NamedTuple):
    """An interval of a feature; one line of a GFF3 file.

    Attributes
    ----------
    start, end
        0-based, half-open.
    strand
        ``+``, ``-``, ``.`` (has none) or ``?`` (unknown).
    phase
        Of a CDS: letters to leave out at the 5' end of this part to reach the first letter of a codon; 0, 1 or 2.
    score
        Finite, its meaning and unit as the source says.
    attributes
        Only what the parts of a feature do not share, such as the target of each part of an alignment.
    """

    start: int
    end: int
    strand: Strand = "."
    phase: int | None = None
    score: float | None = None
    attributes: Attributes = {}


@dataclass(frozen=True, slots=True)
class Feature:
    """What stands somewhere on a sequence.

    Attributes
    ----------
    seqid
        Name of the contig.
    type
        A term of the Sequence Ontology: ``gene``, ``mRNA``, ``exon``, ``CDS``, ``tRNA`` ...
    parts
        At least one. In ascending order, whatever the strand; in reading order where they are on both strands
        (trans-splicing) or a GenBank file permutes them.
    id
        Unique in a sound file; empty where it has none.
    parents
        Identifiers of the features that this one is a part of.
    source
        Program or data base that made it; empty where unknown.
    attributes
        Name -> values, unescaped; all but identifier and parents.
    partial
        Whether the true feature begins before `start`, and ends beyond `end` (``<`` and ``>`` of GenBank).
    line
        Line number in its file, from 1; 0 where it comes from no file. Two features that differ in it are equal.

    Examples
    --------
    >>> cds = Feature("chr1", "CDS", (Part(2, 5, "-", 0), Part(8, 11, "-", 0)), id="c1", parents=("m1",))
    >>> cds.start, cds.end, cds.strand, len(cds), cds.phase
    (2, 11, '-', 6, 0)
    >>> cds.spliced("aaTTAaaaCATaa")
    'ATGTAA'
    """

    seqid: str
    type: str
    parts: tuple[Part, ...]
    id: str = ""
    parents: tuple[str, ...] = ()
    source: str = ""
    attributes: Attributes = field(default_factory=dict)
    partial: tuple[bool, bool] = (False, False)
    line: int = field(default=0, compare=False)

    def __len__(self) -> int:
        """Letters in all parts."""
        return sum(part.end - part.start for part in self.parts)

    @property
    def start(self) -> int:
        """First position, 0-based."""
        return min(part.start for part in self.parts)

    @property
    def end(self) -> int:
        """Position behind the last; larger than the contig where the feature spans the origin."""
        return max(part.end for part in self.parts)

    @property
    def strand(self) -> Strand:
        """The strand of all parts; ``?`` where they differ."""
        first = self.parts[0].strand
        return first if all(part.strand == first for part in self.parts) else "?"

    @property
    def score(self) -> float | None:
        """The score of the first part."""
        return self.parts[0].score

    @property
    def phase(self) -> int | None:
        """The phase of the part that is read first."""
        return self.reading_order()[0].phase

    def value(self, name: str, default: str = "") -> str:
        """The first value of an attribute."""
        return self.attributes.get(name, (default,))[0]

    def reading_order(self) -> tuple[Part, ...]:
        """The parts from 5' to 3'."""
        return self.parts[::-1] if self.strand == "-" else self.parts

    def spliced(self, letters: str, *, circular: bool = False) -> str:
        """The letters of all parts from 5' to 3', on the strand of the feature.

        Parameters
        ----------
        letters
            The whole contig.
        circular
            Whether a part may go on over the end of `letters`.

        Raises
        ------
        DataError
            Where a part lies beyond the contig.
        """
        pieces = []
        for part in self.reading_order():
            shift = len(letters) if circular and part.start >= len(letters) else 0
            start, end = part.start - shift, part.end - shift
            excess = max(0, end - len(letters))
            if start < 0 or excess > (start if circular else 0):
                raise DataError(
                    f"{self.type} {self.id or 'without ID'} at {self.seqid}:{part.start + 1}-{part.end} lies beyond "
                    f"its contig of {len(letters)} letters. Is this the sequence that was annotated?"
                )
            piece = letters[start:end] + letters[:excess]
            pieces.append(reverse_complement(piece) if part.strand == "-" else piece)
        return "".join(pieces)


def phased(parts: Iterable[Part], first: int = 0) -> tuple[Part, ...]:
    """The parts of a CDS with the phase of each.

    Parameters
    ----------
    parts
        As in `Feature.parts`.
    first
        Phase of the part that is read first: 0, or 1 or 2 where the 5' end is missing.

    Examples
    --------
    >>> [part.phase for part in phased([Part(0, 4, "+"), Part(9, 14, "+"), Part(20, 23, "+")])]
    [0, 2, 0]
    """
    known = tuple(parts)
    backwards = all(part.strand == "-" for part in known)
    done, phase = [], first
    for part in known[::-1] if backwards else known:
        done.append(part._replace(phase=phase))
        phase = (phase - (part.end - part.start)) % 3
    return tuple(done[::-1] if backwards else done)


@dataclass(frozen=True, slots=True)
class Contig:
    """A sequence without its letters: chromosome, plasmid, scaffold.

    Attributes
    ----------
    name
        As features call it.
    length
        In letters; None where the file does not say.
    circular
        Whether the last letter is followed by the first.
    description
        Free text.
    """

    name: str
    length: int | None = None
    circular: bool = False
    description: str = ""


@dataclass(frozen=True)
class Annotation:
    """Features on contigs.

    Attributes
    ----------
    features
        In the order of the file.
    contigs
        Name -> contig, in the order of the file.
    directives
        Lines of the head that say something of the whole file, without their line breaks.
    letters
        Name -> sequence, of the contigs whose letters the file holds.
    where
        Name of the file, for messages; two annotations that differ in it are equal.

    Examples
    --------
    >>> gene = Feature("chr1", "gene", (Part(0, 9, "+"),), id="g")
    >>> exons = [Feature("chr1", "exon", (Part(s, s + 3, "+"),), parents=("g",)) for s in (0, 6)]
    >>> annotation = Annotation((gene, *exons))
    >>> [child.start for child in annotation.children(gene)], annotation.of("gene") == [gene]
    ([0, 6], True)
    """

    features: tuple[Feature, ...] = ()
    contigs: Mapping[str, Contig] = field(default_factory=dict)
    directives: tuple[str, ...] = ()
    letters: Mapping[str, str] = field(default_factory=dict)
    where: str = field(default="", compare=False)

    def of(self, *types: str) -> list[Feature]:
        """The features of the given types, in order."""
        return [feature for feature in self.features if feature.type in types]

    def find(self, name: str) -> list[Feature]:
        """The features with this identifier: one, in a sound file."""
        return self._by_id.get(name, [])

    def children(self, parent: Feature) -> list[Feature]:
        """The features that name this one as a parent, in order."""
        return self._by_parent.get(parent.id, []) if parent.id else []

    def coding(self, parent: Feature) -> list[Feature]:
        """The coding sequences right below a gene or transcript, each whole.

        Some files give the CDS of a transcript as lines without ID; these become one feature with several parts.
        """
        found = [child for child in self.children(parent) if child.type == "CDS"]
        named = [child for child in found if child.id]
        loose = [child for child in found if not child.id]
        if not loose:
            return named
        parts = sorted((part for child in loose for part in child.parts), key=lambda part: part[:2])
        return [*named, replace(loose[0], parts=tuple(parts), parents=(parent.id,))]

    def sorted(self) -> Annotation:
        """The same features by contig, in the order of `contigs`, start, and the longer first."""
        order = {name: index for index, name in enumerate(self.contigs)}
        features = sorted(self.features, key=lambda f: (order.get(f.seqid, len(order)), f.start, -f.end))
        return replace(self, features=tuple(features))

    def roots(self) -> Iterator[Feature]:
        """The features whose parents are not in the annotation, or that have none."""
        return (feature for feature in self.features if not any(name in self._by_id for name in feature.parents))

    @cached_property
    def _by_id(self) -> dict[str, list[Feature]]:
        return _grouped((feature.id, feature) for feature in self.features if feature.id)

    @cached_property
    def _by_parent(self) -> dict[str, list[Feature]]:
        return _grouped((name, feature) for feature in self.features for name in feature.parents)


def _grouped(pairs: Iterable[tuple[str, Feature]]) -> dict[str, list[Feature]]:
    groups: dict[str, list[Feature]] = {}
    for name, feature in pairs:
        groups.setdefault(name, []).append(feature)
    return groups
