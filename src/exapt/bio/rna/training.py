"""Learning what genes of RNA look like from an annotated genome and from families."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.codes import UNKNOWN, Digits, other_strand
from exapt.bio.genes.found import Genes
from exapt.bio.genes.linear import logistic
from exapt.bio.genes.ribosomal import K, kmers
from exapt.bio.rna.cloverleaf import LONGEST, Cloverleaf, cloverleaves, counted_profile, first_profile
from exapt.bio.rna.families import Family, hits, of_sequences
from exapt.bio.rna.finding import family_features, leaf_features, leaves_in_pieces
from exapt.bio.rna.found import Rna
from exapt.bio.rna.model import Model
from exapt.bio.rna.small import SmallModel, basis, bends, scanned, turned

ROUNDS = 3
BELIEVED = 12.0  # log-odds of the parts from which a sequence of transfer RNA is counted
LEAF_RIDGE, FAMILY_RIDGE, SMALL_RIDGE = 1e-4, 1e-4, 1e-5
SAME = 0.5  # share of the longer one that a candidate and a small RNA have in common
NEAR = 10  # letters that a candidate may begin and end beside the annotated gene
Place = tuple[int, int, bool]


@dataclass(frozen=True)
class Known:
    """Genes of RNA that are known.

    Attributes
    ----------
    strips
        Forward strands of the parts of a genome, all genes of which are known.
    transfer
        Of each strip, the genes of transfer RNA (left, right, reverse).
    families
        Name -> kind, product, and its genes in each strip.
    genes
        Of each strip, the genes of proteins.
    small
        Of each strip, other genes of RNA.
    others
        Name of a family, or ``tRNA`` -> sequences from anywhere.
    """

    strips: Sequence[Digits]
    transfer: Sequence[Sequence[Place]]
    families: Mapping[str, tuple[str, str, Sequence[Sequence[Place]]]]
    genes: Sequence[Genes]
    small: Sequence[Sequence[Place]]
    others: Mapping[str, Sequence[Digits]]


def train(known: Known) -> Model:
    """The model of all that is known; families of which nothing is known are left out."""
    profile = cloverleaf_profile(known)
    families, features, right = [], [], []
    for name, (kind, product, places) in known.families.items():
        own = [_letters(strip, place) for strip, here in zip(known.strips, places, strict=True) for place in here]
        members = [*own, *known.others.get(name, ())]
        if not members:
            continue
        families.append(of_sequences(name, kind, product, members[0], members[1:]))
        rows, labels = _family_rows(families[-1], known.strips, places)
        features.append(rows)
        right.append(labels)
        if len(members) > 20:
            # how a sequence scores that the family has not seen
            halves = [of_sequences(name, kind, product, members[0], members[n::2]) for n in (0, 1)]
            rows = np.concatenate([_scored(halves[n], members[1 - n :: 2]) for n in (0, 1)])
            features.append(rows)
            right.append(np.ones(len(rows), dtype=bool))
    x, y = np.concatenate(features), np.concatenate(right)
    weights = logistic(x, y, ridge=FAMILY_RIDGE)
    # sequences from anywhere are no genes of the genome: they say how genes score, not how many there are
    genes = sum(len(here) for _, _, places in known.families.values() for here in places)
    weights[0] -= np.log(max(y.sum(), 1) / max(genes, 1))
    return Model(profile, leaf_weights(known, profile), tuple(families), weights, small_model(known))


def cloverleaf_profile(known: Known) -> Cloverleaf:
    """The profile of the transfer RNA that is known, aligned with itself round after round."""
    own = [_letters(s, p) for s, here in zip(known.strips, known.transfer, strict=True) for p in here]
    members = {letters.tobytes(): letters for letters in [*own, *known.others.get("tRNA", ())]}
    space = np.full(2 * LONGEST, UNKNOWN, dtype=np.uint8)
    row = np.concatenate([np.concatenate([space, letters]) for letters in members.values()] + [space])
    begins = np.cumsum([0, *(len(letters) + len(space) for letters in members.values())])[:-1]
    profile = first_profile()
    for _ in range(ROUNDS):
        leaves = cloverleaves(row, profile)
        total = leaves.parts.sum(1)
        owner = np.searchsorted(begins, leaves.start + LONGEST, side="right") - 1
        order = np.lexsort((-total, owner))
        _, first = np.unique(owner[order], return_index=True)
        best = order[first]
        best = best[total[best] >= BELIEVED]
        profile = counted_profile(row, leaves.take(best), np.ones(len(best)))
    return profile


def leaf_weights(known: Known, profile: Cloverleaf) -> NDArray[np.float64]:
    """What each part of a cloverleaf counts for, told by the candidates of the strips."""
    rows, right = [], []
    for strip, places in zip(known.strips, known.transfer, strict=True):
        for reverse in (False, True):
            strand = other_strand(strip) if reverse else strip
            leaves = leaves_in_pieces(strand, profile)
            true = _on_strand(places, len(strip), reverse=reverse)
            rows.append(leaf_features(leaves))
            right.append(_at(leaves.start, leaves.end, true))
    return logistic(np.concatenate(rows), np.concatenate(right), ridge=LEAF_RIDGE)


def small_model(known: Known) -> SmallModel:
    """What tells small RNA from other places before terminators; words of a strip's own are not counted for it."""
    words = [_words(strip, places) for strip, places in zip(known.strips, known.small, strict=True)]
    rows, right = [], []
    for number, strip in enumerate(known.strips):
        elsewhere = np.unique(np.concatenate([np.empty(0, dtype=np.uint32), *words[:number], *words[number + 1 :]]))
        taken = [Rna(*place, "", "", 0.0) for place in known.transfer[number]]
        taken += [Rna(*place, "", "", 0.0) for _, _, p in known.families.values() for place in p[number]]
        for reverse in (False, True):
            strand = other_strand(strip) if reverse else strip
            here = turned(known.genes[number], taken, len(strip), reverse=reverse)
            found, features = scanned(strand, *here, elsewhere)
            true = _on_strand(known.small[number], len(strip), reverse=reverse)
            shared = np.minimum(found.end[:, None], true[:, 1]) - np.maximum(found.start[:, None], true[:, 0])
            longer = np.maximum((found.end - found.start)[:, None], true[:, 1] - true[:, 0])
            rows.append(features)
            right.append((shared >= SAME * longer).any(1))
    x = np.concatenate(rows)
    cuts = bends(x)
    weights = logistic(basis(x, cuts), np.concatenate(right), ridge=SMALL_RIDGE)
    return SmallModel(weights, cuts, np.unique(np.concatenate(words)))


def _words(strip: Digits, places: Sequence[Place]) -> NDArray[np.uint32]:
    found = np.concatenate([np.empty(0, dtype=np.uint32), *(kmers(_letters(strip, place)) for place in places)])
    return np.unique(found[found < 4**K]).astype(np.uint32)


def _family_rows(
    family: Family, strips: Sequence[Digits], places: Sequence[Sequence[Place]]
) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    rows, right = [], []
    for strip, here in zip(strips, places, strict=True):
        for reverse in (False, True):
            (found,) = hits(other_strand(strip) if reverse else strip, [family])
            rows.append(family_features(family, found))
            right.append(_at(found.start, found.end, _on_strand(here, len(strip), reverse=reverse)))
    return np.concatenate(rows), np.concatenate(right)


def _scored(family: Family, members: Sequence[Digits]) -> NDArray[np.float64]:
    space = np.full(200, UNKNOWN, dtype=np.uint8)
    found = [hits(np.concatenate([space, member, space]), [family])[0] for member in members]
    return np.concatenate([family_features(family, hit)[np.argsort(-hit.score)[:1]] for hit in found])


def _letters(strip: Digits, place: Place) -> Digits:
    left, right, reverse = place
    return other_strand(strip[left:right]) if reverse else strip[left:right]


def _on_strand(places: Sequence[Place], length: int, *, reverse: bool) -> NDArray[np.int64]:
    """(g, 2) starts and ends in the coordinates of a strand."""
    here = [(length - r, length - a) if reverse else (a, r) for a, r, b in places if b == reverse]
    return np.array(here, dtype=np.int64).reshape(-1, 2)


def _at(start: NDArray[np.int64], end: NDArray[np.int64], true: NDArray[np.int64]) -> NDArray[np.bool_]:
    """(n,) whether a candidate lies where a true gene is."""
    if not len(true):
        return np.zeros(len(start), dtype=bool)
    near = np.abs(start[:, None] - true[:, 0]) <= NEAR
    found: NDArray[np.bool_] = (near & (np.abs(end[:, None] - true[:, 1]) <= NEAR)).any(1)
    return found
