"""Transfer RNA: the best cloverleaf that ends at each place where a T arm may lie.

Lengths of the parts, 5' to 3', with the numbers of Sprinzl et al.: acceptor 7, two letters (8, 9), D stem 4, D loop
`D_LOOP`, D stem 4, one letter (26), anticodon stem 5, loop 7, stem 5, variable loop `VARIABLE`, T stem 5, loop 7, stem
5, acceptor 7, discriminator (73); CCA may follow.

References
----------
Laslett & Canback (2004) ARAGORN, a program to detect tRNA genes and tmRNA genes. doi:10.1093/nar/gkh152
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from exapt.bio.genes.codes import UNKNOWN, Digits

D_LOOP = range(6, 13)
VARIABLE = range(3, 25)
LONGEST = 60 + D_LOOP[-1] + VARIABLE[-1] + 3
PARTS = ("t_arm", "anticodon_arm", "lengths", "d_arm", "acceptor", "d_loop", "single")
T_ARM_LEAST = 5.5  # log-odds of a T arm that is looked at further
TWO_ARMS_LEAST = 7.0  # of the T arm and the anticodon arm together
NEAR = 30  # candidates of one strand that begin so close are the same gene
_ARM = 17  # letters of the T arm, and of the anticodon arm

Array = NDArray[np.float32]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Cloverleaf:
    """Log-odds in nats, against letters drawn evenly; the fifth letter is an unknown one, of log-odds 0.

    Attributes
    ----------
    acceptor, d_stem, anticodon_stem, t_stem
        (7, 4, 5, 5; 5, 5) of the two letters of each pair, the outermost first.
    before_d
        (2, 5) of the letters 8 and 9.
    d_loop
        (3, 5) of the first two letters of the D loop and of its last one.
    guanines
        (5, 5) of the best two neighbours within the D loop, which are G18 and G19.
    before_anticodon
        (1, 5) of letter 26.
    anticodon_loop, t_loop
        (7, 5).
    discriminator
        (1, 5).
    d_lengths
        (len(D_LOOP),).
    variable_lengths
        (len(VARIABLE),).
    """

    acceptor: Array
    d_stem: Array
    anticodon_stem: Array
    t_stem: Array
    before_d: Array
    d_loop: Array
    guanines: Array
    before_anticodon: Array
    anticodon_loop: Array
    t_loop: Array
    discriminator: Array
    d_lengths: Array
    variable_lengths: Array


@dataclass(frozen=True)
class Leaves:
    """n candidates on one strand, in its coordinates.

    Attributes
    ----------
    start
        (n,) of the acceptor stem.
    d_size, variable_size
        (n,) letters of the D loop and of the variable loop.
    parts
        (n, len(PARTS)) log-odds of the parts, in nats.
    """

    start: Places
    d_size: Places
    variable_size: Places
    parts: Array

    @property
    def end(self) -> Places:
        """(n,) behind the discriminator."""
        return self.start + 60 + self.d_size + self.variable_size

    @property
    def anticodon(self) -> Places:
        """(n,) place of its first letter."""
        return self.start + 7 + 2 + 8 + self.d_size + 1 + 7

    def take(self, rows: NDArray[np.int64] | NDArray[np.bool_]) -> Leaves:
        """The given candidates."""
        return Leaves(*(getattr(self, field.name)[rows] for field in fields(self)))


def cloverleaves(strand: Digits, profile: Cloverleaf) -> Leaves:
    """The candidates of one strand, of each T arm the best cloverleaf.

    Examples
    --------
    >>> from exapt.bio.genes.codes import digits
    >>> phe = "GCCCGGATAGCTCAGTCGGTAGAGCAGGGGATTGAAAATCCCCGTGTCCTTGGTTCGATTCCGAGTCCGGGCACCA"
    >>> found = cloverleaves(digits("T" * 40 + phe + "T" * 40), first_profile())
    >>> best = found.parts.sum(1).argmax()
    >>> int(found.start[best]) - 40, int(found.end[best] - found.start[best])
    (0, 73)
    """
    margin = LONGEST + _ARM
    x = np.pad(strand, margin, constant_values=UNKNOWN)
    t_arm = _arm(x, profile.t_stem, profile.t_loop)
    place = np.flatnonzero(t_arm > T_ARM_LEAST)
    place = place[(place >= margin) & (place < margin + len(strand) - _ARM + 1)]
    # of each T arm the anticodon arms, by the length of the variable loop
    far = place[:, None] - np.array(VARIABLE) - _ARM
    second = _arm_at(x, far, profile.anticodon_stem, profile.anticodon_loop)
    lengths = np.broadcast_to(profile.variable_lengths, second.shape)
    row, column = np.nonzero(t_arm[place][:, None] + second + lengths > TWO_ARMS_LEAST)
    inner = far[row, column]
    # of each of these the D arms, by the length of the D loop
    d_start = inner[:, None] - 1 - 8 - np.array(D_LOOP)
    begin = d_start - 9
    d_size = np.broadcast_to(np.array(D_LOOP), d_start.shape)
    acceptor = _stem_at(x, begin, (place[row] + _ARM + 6)[:, None], profile.acceptor)
    d_arm = _stem_at(x, d_start, d_start + 7 + d_size, profile.d_stem)
    loop = d_start + 4
    d_loop = sum(
        profile.d_loop[number][x[at]] for number, at in enumerate((loop, loop + 1, loop + d_size - 1))
    ) + _guanines(x, loop, profile.guanines)
    single = profile.before_d[0][x[begin + 7]] + profile.before_d[1][x[begin + 8]]
    single = single + profile.before_anticodon[0][x[inner - 1]][:, None]
    single = single + profile.discriminator[0][x[place[row] + _ARM + 7]][:, None]
    d_lengths = profile.d_lengths[None, :]
    total = acceptor + d_arm + d_loop + single + d_lengths
    best = total.argmax(1)
    rows = np.arange(len(best))
    score = total[rows, best] + second[row, column] + lengths[row, column]
    winner = _best_of(row, score, len(place))
    rows, best = rows[winner], best[winner]
    row, column = row[winner], column[winner]
    parts = [
        t_arm[place[row]],
        second[row, column],
        profile.variable_lengths[column] + profile.d_lengths[best],
        d_arm[rows, best],
        acceptor[rows, best],
        d_loop[rows, best],
        single[rows, best],
    ]
    return Leaves(
        begin[rows, best] - margin,
        np.array(D_LOOP)[best],
        np.array(VARIABLE)[column],
        np.stack(parts, axis=1).astype(np.float32),
    )


def _best_of(group: Places, score: Array, groups: int) -> Places:
    """Row of the greatest score of each group that has rows; the groups ascend, the first of equals wins."""
    if not len(group):
        return np.empty(0, dtype=np.int64)
    first = np.flatnonzero(np.diff(group, prepend=-1))
    top = np.full(groups, -np.inf, dtype=np.float32)
    top[group[first]] = np.maximum.reduceat(score, first)
    hits = np.flatnonzero(score == top[group])
    _, where = np.unique(group[hits], return_index=True)
    return hits[where]


def _arm(x: Digits, stem: Array, loop: Array) -> Array:
    """(L,) log-odds of an arm of 5, 7 and 5 letters that begins at each place."""
    count = len(x) - _ARM + 1
    found = np.zeros(len(x), dtype=np.float32)
    for number, pair in enumerate(stem):
        letters = 5 * x[number : number + count] + x[_ARM - 1 - number : _ARM - 1 - number + count]
        found[:count] += pair.ravel()[letters]
    for number, letter in enumerate(loop):
        found[:count] += letter[x[5 + number : 5 + number + count]]
    return found


def _arm_at(x: Digits, place: Places, stem: Array, loop: Array) -> Array:
    """Log-odds of arms of 5, 7 and 5 letters that begin at the given places."""
    found = _stem_at(x, place, place + _ARM - 1, stem)
    for number, letter in enumerate(loop):
        found += letter[x[place + 5 + number]]
    return found


def _stem_at(x: Digits, begin: Places, last: Places, stem: Array) -> Array:
    """Log-odds of stems whose outermost pair is at `begin` and `last`."""
    found = np.zeros(np.broadcast_shapes(begin.shape, last.shape), dtype=np.float32)
    for number, pair in enumerate(stem):
        found += pair[x[begin + number], x[last - number]]
    return found


def _guanines(x: Digits, loop: Places, table: Array) -> Array:
    """The best two neighbours of the D loop, of those at places where G18 and G19 may be."""
    found = np.full(loop.shape, -np.inf, dtype=np.float32)
    for shift in range(2, 8):
        inside = np.array(D_LOOP) - 2 >= shift
        found = np.maximum(found, np.where(inside, table[x[loop + shift], x[loop + shift + 1]], -np.inf))
    return found


def separate(found: Leaves, score: NDArray[np.floating]) -> NDArray[np.bool_]:
    """(n,) whether no candidate that begins within `NEAR` letters has a greater score; the first of equals stays."""
    order = np.lexsort((score, found.start))
    start, value = found.start[order], score[order]
    keep = np.ones(len(order), dtype=bool)
    shift = 1
    while shift < len(order):
        close = start[shift:] - start[:-shift] <= NEAR
        if not close.any():
            break
        keep[shift:] &= ~(close & (value[shift:] <= value[:-shift]))
        keep[:-shift] &= ~(close & (value[:-shift] < value[shift:]))
        shift += 1
    kept = np.empty_like(keep)
    kept[order] = keep
    return kept


# Profiles ---------------------------------------------------------------------------------------
def first_profile() -> Cloverleaf:
    """What is known of all transfer RNA, before anything is counted: stems pair, and the letters that do not vary."""
    pairs = np.full((4, 4), 0.5)
    for one, other, weight in (("A", "T", 4.0), ("G", "C", 5.0), ("G", "T", 1.5)):
        a, b = "ACGT".index(one), "ACGT".index(other)
        pairs[a, b] = pairs[b, a] = weight
    stem = _padded(np.log(pairs / pairs.mean()))
    guanines = np.full((5, 5), -1.5, dtype=np.float32)
    guanines[2, 2] = 1.0
    d_lengths = -0.5 * ((np.array(D_LOOP) - 8.5) / 1.5) ** 2
    variable = np.array(VARIABLE)
    short = -0.5 * ((variable - 5.0) / 1.0) ** 2
    acceptor, d_stem, anticodon_stem, t_stem = (np.repeat(stem[None], size, axis=0) for size in (7, 4, 5, 5))
    return Cloverleaf(
        acceptor,
        d_stem,
        anticodon_stem,
        t_stem,
        _letters("TR"),
        _letters("ARA"),
        guanines,
        _letters("R"),
        _letters("YTNNNRN"),
        _letters("TTCRANN"),
        _letters("N"),
        d_lengths.astype(np.float32),
        np.maximum(short, -4.0).astype(np.float32),
    )


def _letters(codes: str) -> Array:
    return np.stack([_letter(code) for code in codes])


def _letter(code: str) -> Array:
    """(5,) log-odds of a letter that mostly is one of those of an IUPAC code."""
    inside = np.array([letter in {"R": "AG", "Y": "CT", "N": "ACGT"}.get(code, code) for letter in "ACGT"])
    share = np.where(inside, 0.88 / inside.sum(), 0.12 / max(4 - inside.sum(), 1))
    return _padded(np.log(share / share.sum() * 4))


def _padded(table: NDArray[np.floating]) -> Array:
    """The same with zeros for the unknown letter."""
    return np.pad(table, (0, 1)).astype(np.float32)


def counted_profile(strand: Digits, leaves: Leaves, weight: NDArray[np.floating]) -> Cloverleaf:
    """The profile of cloverleaves on a strand, each counted as `weight` (n,) says.

    Loops and single letters get one made-up letter of each kind, pairs the pairs of `first_profile`.
    """
    x = np.pad(strand, LONGEST, constant_values=UNKNOWN)
    begin = leaves.start + LONGEST
    d_start, d_size = begin + 9, leaves.d_size
    inner = d_start + 8 + d_size + 1
    t_start = inner + _ARM + leaves.variable_size

    def letters(*places: Places) -> Array:
        tables = []
        for place in places:
            count = np.bincount(x[place], weight, minlength=5)[:4] + 1.0
            tables.append(_padded(np.log(count / count.mean())))
        return np.stack(tables)

    def pairs(outer: Places, last: Places, count: int) -> Array:
        prior = np.exp(first_profile().t_stem[0, :4, :4].astype(float))
        tables = []
        for number in range(count):
            both = 5 * x[outer + number].astype(np.int64) + x[last - number]
            table = np.bincount(both, weight, minlength=25).reshape(5, 5)[:4, :4] + 10 * prior / prior.sum()
            tables.append(_padded(np.log(table / table.mean())))
        return np.stack(tables)

    def lengths(values: Places, known: range) -> Array:
        count = np.bincount(values - known[0], weight, minlength=len(known)) + 0.5
        sizes: Array = np.log(count / count.sum() * len(known) / 4).astype(np.float32)
        return sizes

    loop = d_start + 4
    return Cloverleaf(
        pairs(begin, t_start + _ARM + 6, 7),
        pairs(d_start, d_start + 7 + d_size, 4),
        pairs(inner, inner + _ARM - 1, 5),
        pairs(t_start, t_start + _ARM - 1, 5),
        letters(begin + 7, begin + 8),
        letters(loop, loop + 1, loop + d_size - 1),
        first_profile().guanines,
        letters(inner - 1),
        letters(*(inner + 5 + n for n in range(7))),
        letters(*(t_start + 5 + n for n in range(7))),
        letters(t_start + _ARM + 7),
        lengths(d_size, D_LOOP),
        lengths(leaves.variable_size, VARIABLE),
    )
