"""Two or more genomes compared: all pairs aligned, each against the first one, and the genes of all."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from exapt.bio.compare.alignment import Comparison, align
from exapt.bio.compare.coding import Coding
from exapt.bio.compare.consequences import Consequence, consequences
from exapt.bio.compare.identity import Identity, identity
from exapt.bio.compare.orthologs import Gene, Orthologs, orthologs
from exapt.bio.compare.structure import Event, events
from exapt.bio.compare.variants import Difference, check_reference, differences
from exapt.bio.formats.annotation import Contig


@dataclass(frozen=True)
class Side:
    """A genome.

    Attributes
    ----------
    name
        Of the genome; no two are the same.
    letters
        Contig -> sequence in capitals.
    contigs
        The same contigs; `Contig.circular` counts.
    genes
        Coding sequences; None where they are not known.
    """

    name: str
    letters: Mapping[str, str]
    contigs: Mapping[str, Contig]
    genes: Sequence[Coding] | None = None


@dataclass(frozen=True)
class Against:
    """A genome against the first one: small and large differences, and what the small ones do to its genes."""

    side: Side
    found: Comparison
    small: Sequence[Difference]
    large: Sequence[Event]
    effects: Sequence[Consequence]


@dataclass(frozen=True)
class Result:
    """All that a comparison says.

    Attributes
    ----------
    sides
        The genomes; the first one is the reference.
    pairs
        Rows of two genomes, the first smaller -> their alignment, of which the first is the target.
    identities
        The same pairs -> how alike they are.
    against
        The other genomes against the reference.
    shared
        Genes of all genomes; None where those of one are not known.
    genes
        The genes that rows of `shared` mean.
    """

    sides: Sequence[Side]
    pairs: Mapping[tuple[int, int], Comparison]
    identities: Mapping[tuple[int, int], Identity]
    against: Sequence[Against]
    shared: Orthologs | None
    genes: Sequence[Gene]


def compare(sides: Sequence[Side], *, advance: Callable[[int], None] = lambda _: None) -> Result:
    """Compare genomes.

    Parameters
    ----------
    sides
        At least two; the first one is the reference of variants.
    advance
        Called with the letters of each pair once it is aligned.

    Examples
    --------
    >>> from exapt.bio.compare import simulate
    >>> from exapt.bio.formats.annotation import Contig
    >>> first = simulate.random_genome(5000, seed=1)
    >>> texts = [first, simulate.evolve(first, divergence=0.01, seed=2).letters]
    >>> sides = [Side(name, {"c": text}, {"c": Contig("c", len(text))}) for name, text in zip("AB", texts)]
    >>> len(compare(sides).against[0].small)
    50
    """
    pairs = {}
    for one, other in combinations(range(len(sides)), 2):
        pairs[one, other] = align(sides[other].letters, sides[one].letters)
        advance(sum(len(text) for side in (one, other) for text in sides[side].letters.values()))
    identities = {pair: identity(found) for pair, found in pairs.items()}
    against = [_against(sides[0], sides[row], pairs[0, row]) for row in range(1, len(sides))]
    genes = [
        Gene(side.name, gene.feature.seqid, gene.name, gene.protein) for side in sides for gene in side.genes or ()
    ]
    known = all(side.genes is not None for side in sides)
    return Result(sides, pairs, identities, against, orthologs(genes) if known else None, genes)


def _against(reference: Side, side: Side, found: Comparison) -> Against:
    small = differences(found.blocks, found.query, found.target)
    check_reference(small, found.target)
    circular = [name for one in (reference, side) for name, contig in one.contigs.items() if contig.circular]
    effects = consequences(small, reference.genes) if reference.genes else []
    return Against(side, found, small, events(found, circular=circular), effects)
