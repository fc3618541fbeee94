"""Comparison of genomes against known answers: a simulator, and five pairs or sets of real genomes.

`EXAPT_MIRROR=<dir> python benchmarks/science/genomes.py [--only PART ...]` writes results/genomes.json; parts that are
there stay unless `--force`. The simulator and `speed` need no data.

simulator   3 genomes of 400 kb for each divergence; all kinds of large changes, 6 each
orov        20 genomes whose substitutions follow from a tree of others (doi:10.21105/joss.03773)
mummer      87 rows that show-snps of MUMmer 3 lists, each row told by class (doi:10.1186/gb-2004-5-2-r12)
phages      254 links of genes that MMseqs2 gave to others between neighbours of six phages
chlamydia   two strains, both ways round
mitochondria  human and orangutan
speed       two genomes of 5 Mb, and what of the time is minimap2's
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from exapt.bio.compare import alignment, simulate, structure, variants
from exapt.bio.compare.coding import codings
from exapt.bio.compare.identity import identity
from exapt.bio.compare.orthologs import Gene, orthologs
from exapt.bio.compare.variants import Difference
from exapt.bio.formats import fasta, genbank, genome
from exapt.core.provenance import code_version

RESULT = Path(__file__).parent / "results" / "genomes.json"
NEAR = 60  # letters around a row in which both sets of differences are put in
WEAK = 60.0  # bits


def mirror(pattern: str) -> Path:
    """The one file of the mirror with this path."""
    [path] = Path(os.environ["EXAPT_MIRROR"]).glob(pattern)
    return path


def letters(pattern: str) -> dict[str, str]:
    found = genome.read(mirror(pattern), upper=True)
    return {name: found.fetch(name) for name in found.contigs}


def leftmost(target: str, start: int, ref: str, alt: str) -> tuple[int, str, str]:
    """An indel as far to the left as the reference allows, whatever stands there in the other genome."""
    while len(ref) != len(alt) and ref[-1] == alt[-1] and start:
        start -= 1
        ref, alt = target[start] + ref[:-1], target[start] + alt[:-1]
    return start, ref, alt


def simulator() -> dict[str, Any]:
    """Precision and recall of substitutions, indels and large changes; letters between found and true breakpoints."""
    return {f"{rate:g}": simulated(rate) for rate in (0.01, 0.05, 0.1, 0.2)}


def simulated(rate: float) -> dict[str, Any]:
    counts: Counter[str] = Counter()
    apart: list[int] = []
    for seed in range(3):
        ancestor = simulate.random_genome(400_000, seed=seed)
        events = dict.fromkeys(simulate.KINDS, 6)
        evolved = simulate.evolve(ancestor, divergence=rate, indels=rate / 10, events=events, seed=seed)
        found = alignment.align({"b": evolved.letters}, {"a": ancestor})
        small = variants.differences(found.blocks, found.query, found.target)
        called = {leftmost(ancestor, *one[1:]) for one in small}
        truth = {leftmost(ancestor, *one) for one in evolved.small}
        for kind, chosen in (("substitution", lambda a, b: a == b), ("indel", lambda a, b: a != b)):
            sides = [{one for one in side if chosen(len(one[1]), len(one[2]))} for side in (called, truth)]
            counts[f"{kind} both"] += len(sides[0] & sides[1])
            counts[f"{kind} called"] += len(sides[0])
            counts[f"{kind} true"] += len(sides[1])
        told = structure.events(found)
        counts["event true"] += len(evolved.events)
        counts["event called"] += len(told)
        for event in evolved.events:
            off = [
                max(abs(one.start - event.start), abs(one.end - event.end)) for one in told if one.kind == event.kind
            ]
            apart.append(min(off, default=10**6))
    counts["event both"] = sum(off <= 50 for off in apart)
    rows = {
        f"{kind}_{name}": round(counts[f"{kind} both"] / counts[f"{kind} {side}"], 4)
        for kind in ("substitution", "indel", "event")
        for name, side in (("precision", "called"), ("recall", "true"))
    }
    within = round(float(np.mean([off <= 10 for off in apart])), 4)
    return {**rows, "breakpoints_within_10": within, "breakpoint_median": float(np.median(apart)), "worst": max(apart)}


def orov() -> dict[str, Any]:
    """Substitutions of 20 genomes against those along the branches of a tree, where both have a letter."""
    folder = "nextstrain/nextclade_data/*/data/community/itps/orov/M/refseq"
    reference = letters(f"{folder}/reference.fasta")
    [(contig, ref)] = reference.items()
    tips: dict[str, dict[int, str]] = {}
    grow(json.loads(mirror(f"{folder}/tree.json").read_text())["tree"], {}, tips)
    sequences = {one.id: one.sequence.upper() for one in fasta.read(mirror(f"{folder}/sequences.fasta"))}
    counts: Counter[str] = Counter()
    for name in sequences.keys() & tips.keys():
        found = alignment.align({name: sequences[name]}, reference)
        called = {
            (one.start, one.alt)
            for one in variants.differences(found.blocks, found.query, found.target)
            if one.is_substitution
        }
        known = variants.covered(found.blocks, reference)[contig]
        truth = {
            (at, letter) for at, letter in tips[name].items() if letter in "ACGT" and letter != ref[at] and known[at]
        }
        unknown = "N" in sequences[name]
        counts["genomes"] += 1
        counts["genomes exact"] += called == truth
        counts["genomes without N"] += not unknown
        counts["genomes without N exact"] += not unknown and called == truth
        counts["called"] += len(called)
        counts["true"] += len(truth)
        counts["both"] += len(called & truth)
    return dict(counts)


def grow(node: Mapping[str, Any], state: Mapping[int, str], tips: dict[str, dict[int, str]]) -> None:
    changes = node.get("branch_attrs", {}).get("mutations", {}).get("nuc", [])
    here = {**state, **{int(change[1:-1]) - 1: change[-1] for change in changes}}
    if "children" not in node:
        tips[node["name"]] = here
    for child in node.get("children", []):
        grow(child, here, tips)


def mummer() -> dict[str, Any]:
    """Each row of show-snps by what we say there; and what we say besides."""
    folder = "mummer4/mummer/*/docs/web/examples/data"
    reference = letters(f"{folder}/B_anthracis_Mslice.fasta")
    [(contig, ref)] = reference.items()
    found = alignment.align(letters(f"{folder}/B_anthracis_contigs.fasta"), reference)
    ours = variants.differences(found.blocks, found.query, found.target)
    lines = mirror(f"{folder}/nucmer.snps").read_text().splitlines()[5:]
    rows = [line.replace("|", " ").split() for line in lines]
    theirs = merged(rows, ref, contig)
    exact = {leftmost(ref, *one[1:]) for one in ours}
    known = variants.covered(found.blocks, reference)[contig]
    classes: Counter[str] = Counter()
    for _, one in theirs:
        if leftmost(ref, *one[1:]) in exact:
            classes["the same"] += 1
        elif not known[one.start]:
            classes["the end of a contig, which we do not align there"] += 1
        elif same_letters(ref, one.start, [other for _, other in theirs], ours):
            classes["the same letters, aligned otherwise"] += 1
        elif not known[max(0, one.start - NEAR) : one.start + NEAR].all():
            classes["beside the end of a contig, aligned otherwise"] += 1
        else:
            classes["other"] += 1
    stretches = [
        (int(row[0]) - 1, int(row[1]))
        for row in (
            line.replace("|", " ").split() for line in mirror(f"{folder}/nucmer.coords").read_text().splitlines()[5:]
        )
    ]
    extra = besides(ref, ours, [one for _, one in theirs], known, stretches)
    return {"rows": len(rows), "differences": len(theirs), "theirs": dict(classes), "ours besides": dict(extra)}


def besides(
    ref: str, ours: list[Difference], theirs: list[Difference], known: np.ndarray, stretches: list[tuple[int, int]]
) -> Counter[str]:
    """Differences of ours that are not theirs, by class."""
    told = {leftmost(ref, *one[1:]) for one in theirs}
    found: Counter[str] = Counter()
    for one in ours:
        if leftmost(ref, *one[1:]) in told:
            continue
        depth = sum(start <= one.start < end for start, end in stretches)
        if depth != 1:
            found["where two contigs overlap, which show-snps leaves out" if depth else "not aligned by nucmer"] += 1
        elif same_letters(ref, one.start, theirs, ours):
            found["the same letters, aligned otherwise"] += 1
        elif not known[max(0, one.start - NEAR) : one.start + NEAR].all():
            found["beside the end of a contig, aligned otherwise"] += 1
        else:
            found["other"] += 1
    return found


def merged(rows: list[list[str]], ref: str, contig: str) -> list[tuple[list[str], Difference]]:
    """Rows of one letter each as substitutions and whole indels."""
    found: list[tuple[list[str], Difference]] = []
    for row in rows:
        at, one, other = int(row[0]) - 1, row[1], row[2]
        last = found[-1][1] if found else None
        if one == ".":  # stands behind the letter of the reference that is named
            if last and last.start == at and len(last.alt) > len(last.ref):
                behind = last.alt[1:] + other if row[7] == "1" else other + last.alt[1:]  # rows go along the query
                found[-1] = (row, last._replace(alt=last.alt[0] + behind))
            else:
                found.append((row, Difference(contig, at, ref[at], ref[at] + other)))
        elif other == ".":
            if last and len(last.ref) > len(last.alt) and last.start + len(last.ref) == at:
                found[-1] = (row, last._replace(ref=last.ref + one))
            else:
                found.append((row, Difference(contig, at - 1, ref[at - 1] + one, ref[at - 1])))
        else:
            found.append((row, Difference(contig, at, one, other)))
    return found


def same_letters(ref: str, at: int, one: list[Difference], other: list[Difference]) -> bool:
    """Whether both sets of differences make the same of the letters around a place."""
    texts = []
    for side in (one, other):
        near = sorted((d for d in side if abs(d.start - at) <= NEAR), key=lambda d: (d.start, len(d.ref)))
        parts, done = [], at - 2 * NEAR
        for d in near:
            first = d.start if d.is_substitution else d.start + 1
            parts += [ref[done:first], d.alt if d.is_substitution else d.alt[1:]]
            done = d.start + len(d.ref)
        texts.append("".join([*parts, ref[done : at + 2 * NEAR]]))
    return texts[0] == texts[1]


def phages() -> dict[str, Any]:
    """Reciprocal best hits between neighbours against those of others, each difference by class."""
    folder = "moshi4/pygenomeviz-data/*/enterobacteria_phage"
    names = ("NC_019724", "NC_024783", "NC_016566", "NC_013600", "NC_031081", "NC_028901")
    genes: list[Gene] = []
    place: dict[tuple[str, int, int], int] = {}
    for name in names:
        known = genbank.read(mirror(f"{folder}/{name}.gbk"))
        for one in codings(known, known.letters):
            place[name, one.feature.start, one.feature.end] = len(genes)
            genes.append(Gene(name, one.feature.seqid, one.name, one.protein))
    found = orthologs(genes)
    every = orthologs(genes, coverage=0.0)
    follows = dict(pairwise(names))
    ours = {(p.one, p.other): p for p in found.pairs if follows.get(genes[p.one].genome) == genes[p.other].genome}
    theirs = {}
    with mirror(f"{folder}/link.tsv").open() as file:
        for row in csv.DictReader(file, delimiter="\t"):
            ends = [
                place[row[f"{side}_NAME"], *sorted((int(row[f"{side}_START"]), int(row[f"{side}_END"])))]
                for side in ("REF", "QUERY")
            ]
            theirs[min(ends), max(ends)] = float(row["IDENTITY"])
    loose = {(pair.one, pair.other) for pair in every.pairs}
    classes: Counter[str] = Counter({"the same": len(ours.keys() & theirs.keys())})
    told = []
    for pair in sorted(ours.keys() ^ theirs.keys()):
        if pair in theirs:
            kind = "theirs: less than half of the shorter protein aligned" if pair in loose else "theirs: other"
        else:
            kind = f"ours: a weak hit, below {WEAK:g} bits" if ours[pair].score < WEAK else "ours: other"
        classes[kind] += 1
        told.append({"genes": [genes[row].name for row in pair], "class": kind})
    groups = Counter(group.kind for group in found.groups)
    return {"theirs": len(theirs), "ours": len(ours), "classes": dict(classes), "told": told, "groups": dict(groups)}


def chlamydia() -> dict[str, Any]:
    """Two strains both ways round."""
    folder = "labgem/PPanGGOLiN/*/testingDataset/GBFF"
    known = [
        genbank.read(mirror(f"{folder}/GCF_{name}_genomic.gbff.gz"))
        for name in ("000220105.1_ASM22010v1", "000092685.1_ASM9268v1")
    ]
    sides = [{name: text.upper() for name, text in one.letters.items()} for one in known]
    circular = [name for one in known for name, contig in one.contigs.items() if contig.circular]
    told = {}
    for row, pair in enumerate((sides, sides[::-1])):
        found = alignment.align(*pair)
        small = variants.differences(found.blocks, found.query, found.target)
        kinds = Counter(one.kind for one in structure.events(found, circular=circular))
        told["ab" if row == 0 else "ba"] = {
            "ani": identity(found).ani,
            "substitutions": sum(one.is_substitution for one in small),
            "insertions": sum(len(one.alt) > len(one.ref) for one in small),
            "deletions": sum(len(one.alt) < len(one.ref) for one in small),
            "large": dict(sorted(kinds.items())),
        }
    return told


def mitochondria() -> dict[str, Any]:
    """Human and orangutan."""
    sides = [letters(f"lh3/minimap2/*/test/MT-{name}.fa") for name in ("orang", "human")]
    found = alignment.align(*sides)
    told = identity(found)
    large = structure.events(found, circular=[*sides[0], *sides[1]])
    return {
        "ani": told.ani,
        "aligned": [told.query_aligned, told.target_aligned],
        "large": [f"{one.kind} {one.start}-{one.end}" for one in large],
    }


def speed() -> dict[str, Any]:
    """The whole command on two genomes of 5 Mb, 2 % apart; processor seconds, of which minimap2 takes its share."""
    from exapt.api import compare_genomes

    ancestor = simulate.random_genome(5_000_000, seed=1)
    evolved = simulate.evolve(ancestor, divergence=0.02, indels=0.002, events=dict.fromkeys(simulate.KINDS, 30), seed=2)
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("a.fa", "b.fa")]
        for path, text in zip(paths, (ancestor, evolved.letters), strict=True):
            fasta.write(path, [fasta.Record(path.stem, text)])
        begun = time.process_time()
        compare_genomes([*map(str, paths)], Path(folder) / "out", quiet=True)
        whole = time.process_time() - begun
    begun = time.process_time()
    for letters_ in (ancestor, evolved.letters):  # both indices, and one genome aligned to the other
        index = alignment._index({"a": letters_}, alignment.CLOSE)
        if letters_ is ancestor:
            for _ in alignment._hits(index, {"b": evolved.letters}):
                pass
    own = time.process_time() - begun
    return {"processor_seconds": round(whole, 1), "minimap2": round(own, 1), "rest": round(whole - own, 1)}


PARTS: Mapping[str, Callable[[], dict[str, Any]]] = {
    "simulator": simulator,
    "orov": orov,
    "mummer": mummer,
    "phages": phages,
    "chlamydia": chlamydia,
    "mitochondria": mitochondria,
    "speed": speed,
}


def wanted() -> Iterator[str]:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="*", choices=PARTS, default=list(PARTS))
    parser.add_argument("--force", action="store_true")
    options = parser.parse_args()
    known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
    yield from (part for part in options.only if options.force or part not in known)


def main() -> None:
    for part in wanted():
        known = json.loads(RESULT.read_text()) if RESULT.exists() else {}
        known[part] = PARTS[part]()
        known["code"] = code_version()
        print(part, json.dumps(known[part], indent=1))
        RESULT.write_text(json.dumps(known, indent=2) + "\n")


if __name__ == "__main__":
    main()
