"""What the page of a comparison of genomes says, as plain content for the report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from exapt.api._genome_files import products, variant_counts
from exapt.bio.compare.alignment import Comparison
from exapt.bio.compare.several import Against, Result, Side
from exapt.bio.compare.variants import covered
from exapt.core.provenance import code_version
from exapt.report.genome_content import GenomesContent, Track

if TYPE_CHECKING:
    from exapt.api._genome_alleles import Scores
    from exapt.api._genome_opinion import Told

MOST_ROWS = 20  # of what models say
WINDOWS = 200  # along the reference, in the figure of densities
_NEAR = 500  # a gap between two blocks of one ribbon is at most the genome's length over this
_WORDS = {"lost_copy": ("lost copy", "lost copies"), "unaligned": ("unaligned stretch", "unaligned stretches")}
_LEAST = 0.1  # share of a window that is aligned


def page_content(
    result: Result, notes: Sequence[str], command: str, told: Told | None = None, scores: Scores | None = None
) -> GenomesContent:
    """All that the page says, from the comparison and what models say of it."""
    shown = [track(side, row, result) for row, side in enumerate(result.sides)]
    dots = {
        other.side.name: blocks_table(other.found, *_offsets(result.sides[0], other.side)) for other in result.against
    }
    ribbons = []
    for row, (one, other) in enumerate(pairwise(result.sides)):
        ribbons.append(_ribbons(blocks_table(result.pairs[row, row + 1], *_offsets(one, other)), shown[row].length))
    events = [_event(one, other.side.name) for other in result.against for one in other.large]
    events.sort(key=lambda row: -row["letters"])
    return GenomesContent(
        tuple(shown),
        tuple(ribbons),
        dots,
        density(result),
        headline(result),
        [*facts(result), *_said(told, scores)],
        [_genome(side) for side in result.sides],
        [_identity(result, pair) for pair in result.identities],
        [_small(other) for other in result.against],
        _effects(result.against),
        [{**row, "letters": f"{row['letters']:,}"} for row in events],
        _groups(result),
        notes,
        command,
        code_version(),
        remote=_remote(result, told) if told else [],
        scores=_scored(scores) if scores else [],
    )


def track(side: Side, row: int, result: Result) -> Track:
    """A genome with its genes and the class of each."""
    start = _starts(side)
    classes = {}
    if result.shared is not None:
        classes = {gene: group.kind for group in result.shared.groups for gene in (*group.genes, *group.copies)}
    before = sum(len(other.genes or ()) for other in result.sides[:row])
    genes = tuple(
        (
            start[gene.feature.seqid] + gene.feature.start,
            start[gene.feature.seqid] + min(gene.feature.end, len(side.letters[gene.feature.seqid])),
            gene.feature.strand,
            classes.get(before + number, ""),
        )
        for number, gene in enumerate(side.genes or ())
    )
    return Track(side.name, tuple((name, len(text)) for name, text in side.letters.items()), genes)


def _starts(side: Side) -> dict[str, int]:
    """Contig -> letters of the contigs before it."""
    lengths = [len(text) for text in side.letters.values()]
    return dict(zip(side.letters, np.cumsum([0, *lengths]).tolist(), strict=False))


def _offsets(one: Side, other: Side) -> tuple[Mapping[str, int], Mapping[str, int]]:
    return _starts(one), _starts(other)


def blocks_table(found: Comparison, target: Mapping[str, int], query: Mapping[str, int]) -> pd.DataFrame:
    """Blocks as lines: x on the target, y on the query, counted over all contigs; y falls where it is turned."""
    rows = []
    for block in found.blocks:
        ends = (query[block.query] + block.query_start, query[block.query] + block.query_end)
        x = (target[block.target] + block.target_start, target[block.target] + block.target_end)
        rows.append((*x, *(ends if block.strand == "+" else ends[::-1])))
    frame = pd.DataFrame(rows, columns=["x_start", "x_end", "y_start", "y_end"])
    return frame.sort_values("x_start", ignore_index=True)


def _ribbons(lines: pd.DataFrame, length: int) -> pd.DataFrame:
    """Lines that go on where the one before ends, as one."""
    near = max(50, length // _NEAR)
    merged: list[list[int]] = []
    for x_start, x_end, y_start, y_end in lines.to_numpy().tolist():
        if merged:
            last = merged[-1]
            turned = y_end < y_start
            step = last[3] - y_start if turned else y_start - last[3]
            if (last[3] < last[2]) == turned and x_start - last[1] <= near and 0 <= step <= near:
                last[1], last[3] = x_end, y_end
                continue
        merged.append([x_start, x_end, y_start, y_end])
    rows = [(a, b, min(c, d), max(c, d), d < c) for a, b, c, d in merged]
    return pd.DataFrame(rows, columns=["a_start", "a_end", "b_start", "b_end", "turned"])


def density(result: Result) -> pd.DataFrame:
    """Small differences per thousand aligned letters, in windows along the reference."""
    reference = result.sides[0]
    start = _starts(reference)
    total = sum(map(len, reference.letters.values()))
    edges = np.unique(np.linspace(0, total, min(WINDOWS, max(1, total // 50)) + 1).astype(np.int64))
    frames = []
    for other in result.against:
        places = np.array([start[one.target] + one.start for one in other.small], dtype=np.int64)
        known = covered(other.found.blocks, reference.letters)
        whole = np.concatenate([known[name] for name in reference.letters])
        aligned = np.add.reduceat(whole, edges[:-1], dtype=np.int64)
        counts = np.histogram(places, edges)[0]
        share = aligned / np.diff(edges)
        per_kb = np.where(share >= _LEAST, 1000 * counts / np.maximum(aligned, 1), np.nan)
        frames.append(
            pd.DataFrame({"genome": other.side.name, "start": edges[:-1], "end": edges[1:], "per_kb": per_kb})
        )
    return pd.concat(frames, ignore_index=True)


def headline(result: Result) -> str:
    """The answer in one sentence."""
    reference = result.sides[0].name
    if len(result.sides) == 2:
        found = result.identities[0, 1]
        if not found.same:
            return f"{result.sides[1].name} and {reference} have nothing in common that can be aligned."
        shares = f"{_percent(found.target_aligned)} and {_percent(found.query_aligned)}"
        return f"{_percent(found.ani, 2)} identical over {shares} of the two genomes."
    values = [found.ani for found in result.identities.values() if found.same]
    if not values:
        return "No two of these genomes can be aligned."
    return f"{len(result.sides)} genomes, each pair {_percent(min(values), 2)} to {_percent(max(values), 2)} identical."


def facts(result: Result) -> list[tuple[str, str]]:
    """A sentence on small differences, large ones and genes."""
    small = [variant_counts(other) for other in result.against]
    subs = sum(one["substitutions"] for one in small)
    indels = sum(one["insertions"] + one["deletions"] for one in small)
    told = [("Small", f"{subs:,} substitutions and {indels:,} indels of less than 50 letters.")]
    kinds = Counter(one.kind for other in result.against for one in other.large)
    listed = ", ".join(f"{n:,} {_WORDS.get(kind, (kind, f'{kind}s'))[n > 1]}" for kind, n in kinds.most_common())
    told.append(("Large", f"{listed}." if kinds else "None."))
    if result.shared is not None:
        groups = Counter(group.kind for group in result.shared.groups)
        told.append(
            ("Genes", f"{groups['core']:,} core, {groups['accessory']:,} accessory, {groups['unique']:,} unique.")
        )
    return told


def _said(told: Told | None, scores: Scores | None) -> list[tuple[str, str]]:
    """A sentence on what each model says."""
    said = []
    if told is not None:
        votes, more = told.opinion.agreement, len(told.opinion.remote)
        agree = f"{votes.count('both'):,} of {len(votes):,}"
        said.append(("Second opinion", f"{told.weights} agrees with {agree} pairs of genes and tells {more:,} more."))
    if scores is not None:
        judge = scores.judge
        what = f"{judge.unit} of {judge.explained}, windows of {judge.window:,} letters"
        said.append(("Scores", f"{len(scores.differences):,} differences by {judge.run.name}: {what}."))
    return said


def _remote(result: Result, told: Told) -> list[dict[str, Any]]:
    made = products(result)
    rows = []
    for one, other, similarity, margin in told.opinion.remote[:MOST_ROWS]:
        genes = (result.genes[one], result.genes[other])
        names = {"gene": f"{genes[0].genome} · {genes[0].name}", "and": f"{genes[1].genome} · {genes[1].name}"}
        rows.append({**names, "margin": f"{margin:.2f}", "cosine": f"{similarity:.2f}", "they make": made[one]})
        rows[-1]["and make"] = made[other]
    return rows


def _scored(scores: Scores) -> list[dict[str, Any]]:
    """The differences whose alleles differ most."""
    change = scores.alternative - scores.reference
    rows = []
    for row in np.argsort(-np.abs(change), kind="stable")[:MOST_ROWS].tolist():
        one = scores.differences[row]
        numbers = (scores.reference[row], scores.alternative[row], change[row])
        shown = dict(zip(("reference", "alternative", "difference"), (f"{x:+.3g}" for x in numbers), strict=True))
        place = f"{one.target}:{one.start + 1:,} {one.ref}>{one.alt}"
        rows.append({"difference from the reference": place, "genomes": ", ".join(scores.genomes[row]), **shown})
    return rows


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def _genome(side: Side) -> dict[str, Any]:
    text = "".join(side.letters.values())
    known = sum(map(text.count, "ACGT"))
    gc = (text.count("G") + text.count("C")) / known if known else 0.0
    genes = "not given" if side.genes is None else f"{len(side.genes):,}"
    return {
        "genome": side.name,
        "contigs": f"{len(side.letters):,}",
        "letters": f"{len(text):,}",
        "unknown letters": f"{len(text) - known:,}",
        "GC": _percent(gc),
        "genes": genes,
    }


def _identity(result: Result, pair: tuple[int, int]) -> dict[str, Any]:
    found, (one, other) = result.identities[pair], (result.sides[row].name for row in pair)
    return {
        "pair": f"{one} · {other}",
        "ANI": _percent(found.ani, 3),
        "with gaps": _percent(found.gap_compressed, 3),
        "aligned of the first": _percent(found.target_aligned),
        "of the second": _percent(found.query_aligned),
        "blocks": f"{len(result.pairs[pair].blocks):,}",
    }


def _small(other: Against) -> dict[str, Any]:
    counts = variant_counts(other)
    ratio = counts["transitions"] / counts["transversions"] if counts["transversions"] else None
    shown = {name: f"{number:,}" for name, number in counts.items()}
    return {"genome": other.side.name, **shown, "ts/tv": "-" if ratio is None else f"{ratio:.2f}"}


def _effects(against: Sequence[Against]) -> list[dict[str, Any]]:
    counts = {other.side.name: Counter(one.kind for one in other.effects) for other in against}
    kinds = [kind for kind, _ in sum(counts.values(), Counter()).most_common()]
    if not kinds:
        return []
    return [
        {"genome": name, **{kind.replace("_", " "): f"{told[kind]:,}" for kind in kinds}}
        for name, told in counts.items()
    ]


def _event(one: Any, genome: str) -> dict[str, Any]:
    turned = ", turned" if one.strand == "-" and one.kind != "inversion" else ""
    here, there = (_place(one.target, one.start, one.end), _place(one.query, one.query_start, one.query_end))
    return {
        "kind": one.kind.replace("_", " ") + turned,
        "genome": genome,
        "on the reference": here,
        "on the genome": there,
        "letters": one.length,
    }


def _place(contig: str, start: int, end: int) -> str:
    if not contig:
        return "-"
    return f"{contig}:{start + 1:,}-{end:,}" if start < end else f"{contig}: behind {start:,}"


def _groups(result: Result) -> list[dict[str, Any]]:
    if result.shared is None:
        return []
    rows = []
    for kind in ("core", "accessory", "unique"):
        groups = [group for group in result.shared.groups if group.kind == kind]
        genes = [result.genes[row].genome for group in groups for row in (*group.genes, *group.copies)]
        own = Counter(genes)
        rows.append(
            {"class": kind, "groups": f"{len(groups):,}", **{side.name: f"{own[side.name]:,}" for side in result.sides}}
        )
    return rows
