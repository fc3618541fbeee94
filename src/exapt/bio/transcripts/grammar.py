"""The grammar of genes: what a model says of each position becomes the best legal genes of a contig.

Legal is: UTR, start codon, codons of which none is a stop, stop codon, UTR, all of it cut anywhere, in codons too, by
introns GT..AG or GC..AG of a least length; an intergenic letter between genes. A gene runs over an end of its contig
only where letters are thought beyond it. Codon and splice letters are read from left to right on both strands, so the
reverse strand is the same grammar with other words. An intron within a codon remembers which letters may still follow
without a stop.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import product
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from exapt.bio.hmm.chain import Chain, State
from exapt.bio.hmm.observed import Observed
from exapt.bio.hmm.viterbi import Advance, Visit, best_paths
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.bio.transcripts.annotated import SPLICES, STARTS, STOPS
from exapt.bio.transcripts.labels import (
    ACCEPTOR,
    CLASSES,
    CODING,
    DONOR,
    INTRON,
    REVERSE,
    SHORTEST_INTRON,
    SITE,
    UTR3,
    UTR5,
    UTR_INTRON,
    Labels,
)
from exapt.core.errors import ConfigError, DataError

_GAP = "intergenic"
_UNSEEN = -1e-3  # of a letter of a gene beyond a contig: of what is as good, the gene that ends within
_FAR = 8  # letters behind the beginning of a state up to which a site may look
BEYOND = "*"  # a letter that nobody has seen, so that it may be any
_LETTERS = f"ACGT-{BEYOND}"  # the dash is any other, which is in no word
_DIGITS = np.full(256, _LETTERS.index("-"), dtype=np.intp)
_DIGITS[np.frombuffer(_LETTERS.encode(), dtype=np.uint8)] = np.arange(len(_LETTERS))


class Word(NamedTuple):
    """Letters that stand `offset` behind the beginning of a state: one of `words`, or none of them."""

    offset: int
    words: tuple[str, ...]
    among: bool = True


@dataclass(frozen=True)
class Grammar:
    """What genes look like, beyond what is the law.

    Attributes
    ----------
    shortest_intron
        Letters, at least 5.
    gene
        Log weight of a gene against going on without one.
    intron
        Log weight of an intron against going on without one.
    content
        Weight of what is said of each letter outside of splice sites, above 0. What a model says of neighbours is
        nearly the same evidence over and over; 1 takes each letter for a witness of its own.

    Examples
    --------
    >>> chain = Grammar(shortest_intron=30).chain
    >>> len(chain.states), chain.reach, chain.states[0].name
    (71, 30, 'intergenic')
    """

    shortest_intron: int = 20
    gene: float = -8.0
    intron: float = -5.0
    content: float = 1.0
    _sites: dict[tuple[Word, ...], int] = field(default_factory=dict, init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.shortest_intron < SHORTEST_INTRON:
            raise ConfigError(
                f"shortest_intron={self.shortest_intron}; an intron has at least {SHORTEST_INTRON} letters."
            )
        if not self.content > 0:
            raise ConfigError(f"content={self.content}; the weight of a letter is above 0.")

    @cached_property
    def chain(self) -> Chain:
        """The hidden Markov model over `labels.CLASSES`."""
        strands = [_Strand(self, "+"), _Strand(self, "-")]
        states = [State(_GAP, ((0, 1),), 0.0), *(state for strand in strands for state in strand.states)]
        states.sort(key=lambda state: not state.runs)
        edges = {edge: weight for strand in strands for edge, weight in strand.edges.items()}
        return Chain(tuple(states), edges, {_GAP: 0.0}, {_GAP: 0.0})

    @cached_property
    def words(self) -> tuple[tuple[Word, ...], ...]:
        """What each kind of site asks of the letters."""
        assert self.chain  # which numbers them
        return tuple(self._sites)

    @cached_property
    def tables(self) -> dict[int, NDArray[np.bool_]]:
        """Offset -> which sites the three letters there allow, (216, G)."""
        found: dict[int, NDArray[np.bool_]] = {}
        for column, words in enumerate(self.words):
            for word in words:
                table = found.setdefault(word.offset, np.ones((len(_LETTERS) ** 3, len(self.words)), dtype=np.bool_))
                table[:, column] &= _table(word)
        return found

    @cached_property
    def emphasis(self) -> NDArray[np.float32]:
        """The weight of each of `labels.CLASSES`, (23,)."""
        found = np.full(len(CLASSES), self.content, dtype=np.float32)
        found[[DONOR, ACCEPTOR, DONOR + REVERSE, ACCEPTOR + REVERSE]] = 1
        return found

    @property
    def run_over(self) -> int:
        """Letters in which any state finds its way to one between genes: the longest is an intron in a first codon."""
        return self.shortest_intron + 4 * len("ATG")

    def number(self, words: tuple[Word, ...]) -> int:
        """The number of a kind of site; a new one where it is new."""
        return self._sites.setdefault(words, len(self._sites))


class _Strand:
    """States and edges of the genes of one strand, from left to right."""

    def __init__(self, grammar: Grammar, strand: Literal["+", "-"]) -> None:
        self.grammar, self.sign, self.forward = grammar, strand, strand == "+"
        self.states: list[State] = []
        self.edges: dict[tuple[str, str], float] = {}
        self.shift = 0 if self.forward else REVERSE
        codon = (CODING, CODING + 1, CODING + 2)
        self.codon = codon if self.forward else tuple(kind + REVERSE for kind in codon[::-1])
        donor, acceptor = ((SPLICES[0], DONOR), (SPLICES[1], ACCEPTOR))
        sites = [(self._turned(words), kind + self.shift) for words, kind in (donor, acceptor)]
        self.into, self.out_of = sites if self.forward else sites[::-1]
        self.opening, self.closing = (STARTS, STOPS) if self.forward else (self._turned(STOPS), self._turned(STARTS))
        self.stops = self._turned(STOPS)
        for name in ("before", "frame", "resumed", "after"):
            self._state(name)
        self._untranslated("left", UTR5 if self.forward else UTR3)
        self._untranslated("right", UTR3 if self.forward else UTR5)
        self._translated()
        self._around()

    def _turned(self, words: Sequence[str]) -> tuple[str, ...]:
        return tuple(words) if self.forward else tuple(reverse_complement(word) for word in words)

    def _name(self, name: str) -> str:
        return name if name == _GAP else f"{name} {self.sign}"

    def _state(self, name: str, runs: Sequence[tuple[int, int]] = (), *words: Word, stay: float = -np.inf) -> None:
        site = self.grammar.number(words) if words else -1
        self.states.append(State(self._name(name), tuple(runs), stay, site))

    def _edge(self, start: str, end: str, weight: float = 0.0) -> None:
        self.edges[self._name(start), self._name(end)] = weight

    def _untranslated(self, side: str, kind: int) -> None:
        self._state(f"{side} UTR", ((kind + self.shift, 1),), stay=0.0)
        self._intron(f"{side} UTR intron", (), UTR_INTRON + self.shift, ())
        self._acceptor(f"{side} UTR acceptor", (), ())
        self._edge(f"{side} UTR", f"{side} UTR intron", self.grammar.intron)
        self._edge(f"{side} UTR intron", f"{side} UTR acceptor")
        self._edge(f"{side} UTR acceptor", f"{side} UTR")

    def _intron(self, name: str, head: Sequence[int], kind: int, words: Sequence[Word]) -> None:
        """The letters of a codon before an intron, its first site and its least length."""
        body = self.grammar.shortest_intron - 2 * SITE
        runs = (*((letter, 1) for letter in head), (self.into[1], SITE), (kind, body))
        self._state(name, runs, *words, Word(len(head), self.into[0]), stay=0.0)

    def _acceptor(self, name: str, tail: Sequence[int], words: Sequence[Word]) -> None:
        """The last site of an intron and the letters of a codon behind it."""
        runs = ((self.out_of[1], SITE), *((letter, 1) for letter in tail))
        self._state(name, runs, Word(0, self.out_of[0]), *words)

    def _translated(self) -> None:
        codon = [(letter, 1) for letter in self.codon]
        self._state("opening codon", codon, Word(0, self.opening))
        self._state("codon", codon, Word(0, self.stops, among=False))
        self._state("closing codon", codon, Word(0, self.closing))
        for start, name, end in (
            ("before", "opening codon", "frame"),
            ("frame", "codon", "frame"),
            ("frame", "closing codon", "after"),
            ("resumed", "codon", "frame"),
            ("resumed", "closing codon", "after"),
        ):
            self._edge(start, name)
            self._edge(name, end)
        self._split("intron", 0, (), (), "frame", "resumed")  # not "frame": no exon is empty
        for cut in (1, 2):
            for words, start, end in ((self.opening, "before", "frame"), (self.closing, "frame", "after")):
                for tails, heads in _by_tail(words, cut).items():
                    before, behind = Word(0, heads), Word(SITE, tails)
                    self._split(f"{start} {cut} {'/'.join(heads)}", cut, (before,), (behind,), start, end)
            risky = _by_tail(self.stops, cut)
            for tails, heads in risky.items():
                behind = Word(SITE, tails, among=False)
                self._split(f"codon {cut} {'/'.join(heads)}", cut, (Word(0, heads),), (behind,), "frame", "frame")
            heads = tuple(head for known in risky.values() for head in known)
            self._split(f"codon {cut}", cut, (Word(0, heads, among=False),), (), "frame", "frame")

    def _split(self, name: str, cut: int, before: Sequence[Word], behind: Sequence[Word], start: str, end: str) -> None:
        """An intron behind so many letters of a codon, and the rest of the codon behind the intron."""
        phase = cut if self.forward else (3 - cut) % 3
        self._intron(f"{name} intron", self.codon[:cut], INTRON + phase + self.shift, before)
        self._acceptor(f"{name} acceptor", self.codon[cut:] if cut else (), behind)
        self._edge(start, f"{name} intron", self.grammar.intron)
        self._edge(f"{name} intron", f"{name} acceptor")
        self._edge(f"{name} acceptor", end)
        if cut and start == "frame":
            self._edge("resumed", f"{name} intron", self.grammar.intron)

    def _around(self) -> None:
        gene = self.grammar.gene
        for start, end, weight in (
            (_GAP, "left UTR", gene),
            (_GAP, "before", gene),
            ("left UTR", "before", 0.0),
            ("left UTR acceptor", "before", 0.0),
            ("after", "right UTR", 0.0),
            ("after", "right UTR intron", self.grammar.intron),
            ("after", _GAP, 0.0),
            ("right UTR", _GAP, 0.0),
        ):
            self._edge(start, end, weight)


def _by_tail(words: Sequence[str], cut: int) -> dict[tuple[str, ...], tuple[str, ...]]:
    """The first letters of words, grouped by what may follow them: tails -> heads."""
    tails: dict[str, set[str]] = {}
    for word in words:
        tails.setdefault(word[:cut], set()).add(word[cut:])
    groups: dict[tuple[str, ...], tuple[str, ...]] = {}
    for head, found in tails.items():
        key = tuple(sorted(found))
        groups[key] = (*groups.get(key, ()), head)
    return groups


def sites(grammar: Grammar, letters: str, start: int, end: int) -> NDArray[np.bool_]:
    """Whether each kind of site begins at each position of a part of a contig, (end - start, G).

    Letters other than A, C, G, T in capitals are in no word, but `BEYOND` may be any of them.

    Examples
    --------
    >>> found = sites(Grammar(), "CCATGCC", 0, 7)
    >>> [int(place) for place in np.flatnonzero(found[:, Grammar().words.index((Word(0, ("ATG",)),))])]
    [2]
    """
    codes = _codes(letters[start : end + _FAR + 2].ljust(end - start + _FAR + 2, "-"))
    found = np.ones((end - start, len(grammar.words)), dtype=np.bool_)
    for offset, table in grammar.tables.items():
        found &= table[codes[offset : offset + end - start]]
    return found


def _codes(letters: str) -> NDArray[np.intp]:
    """Each three letters in a row as a number below 216, (n - 2,)."""
    digits = _DIGITS[np.frombuffer(letters.encode("ascii", "replace"), dtype=np.uint8)]
    base = len(_LETTERS)
    return base**2 * digits[:-2] + base * digits[1:-1] + digits[2:]


def _table(word: Word) -> NDArray[np.bool_]:
    """Whether each three letters may begin with what the site asks for, (216,)."""
    threes = ["".join(letters) for letters in product(_LETTERS, repeat=3)]
    if not word.among:
        return np.array([not three.startswith(word.words) for three in threes])
    return np.array([any(_may_begin(three, one) for one in word.words) for three in threes])


def _may_begin(letters: str, word: str) -> bool:
    return all(letter in (asked, BEYOND) for letter, asked in zip(letters, word, strict=False))


def decoded(
    grammar: Grammar,
    weights: Mapping[str, NDArray[Any]],
    letters: Mapping[str, str],
    *,
    beyond: int = 0,
    advance: Advance = lambda positions: None,
) -> dict[str, Labels]:
    """The best legal labels of contigs.

    Parameters
    ----------
    grammar
        What a gene is.
    weights
        Contig -> log probability of each of `labels.CLASSES` at each position, (L, 23); a memory map will do. Values
        below -100 count as -100.
    letters
        Contig -> sequence, in capitals.
    beyond
        Letters that are thought before and behind each contig, of which nothing is known, so that genes may run over
        its ends; `Grammar.run_over` are enough for any. The labels have them too: (L + 2 * beyond,).
    advance
        Called with positions gone through, twice the positions in all, those beyond included.

    Raises
    ------
    DataError
        Where a contig has no letters, or its weights are of another shape or not numbers.

    Examples
    --------
    >>> weights = np.full((30, 23), -9.0)
    >>> weights[:, 0] = -1
    >>> decoded(Grammar(), {"c": weights}, {"c": "ACGTTGCAAC" * 3})["c"].sum()
    np.uint64(0)
    """
    observed = [_observed(grammar, name, weights[name], letters.get(name, ""), beyond) for name in weights]
    paths = best_paths(grammar.chain, observed, advance=advance)
    return {name: _row(grammar, path, one.length) for name, path, one in zip(weights, paths, observed, strict=True)}


def _observed(grammar: Grammar, name: str, weights: NDArray[Any], letters: str, beyond: int) -> Observed:
    if weights.shape != (len(letters), len(CLASSES)):
        raise DataError(
            f"contig {name} has {len(letters)} letters and log probabilities of shape {weights.shape}; "
            f"it takes {(len(letters), len(CLASSES))}."
        )
    known = f"{BEYOND * beyond}{letters}{BEYOND * beyond}"

    def said(start: int, end: int) -> NDArray[np.float32]:
        rows = np.full((end - start, len(CLASSES)), _UNSEEN, dtype=np.float32)
        rows[:, 0] = 0
        first, last = max(start, beyond), min(end, beyond + len(letters))
        if first < last:
            rows[first - start : last - start] = weights[first - beyond : last - beyond] * grammar.emphasis
        return rows

    return Observed(len(known), said, lambda start, end: sites(grammar, known, start, end), f"contig {name}")


def _row(grammar: Grammar, path: Sequence[Visit], length: int) -> Labels:
    row = np.zeros(length, dtype=np.uint8)
    states = grammar.chain.states
    for visit in path:
        if visit.state:  # 0 is intergenic
            place = visit.start
            for kind, size in states[visit.state].runs:
                row[place : place + size] = kind
                place += size
            row[place : visit.end] = kind
    return row
