"""Genes of prokaryotes: exapt and Prodigal (pyrodigal) on the same genomes in the same run.

`python benchmarks/science/genes.py --train` trains on E. coli K-12 and writes the model that the package ships;
`python benchmarks/science/genes.py` measures and writes results/genes.json. Needs EXAPT_MIRROR or a network.

- E. coli: four-fold. A model is trained on three quarters of the genome and of copies that look like other
  species (`exapt.bio.genes.shifted`); each quarter of each copy adapts to itself, as a new genome does. It is applied
  to the whole genome without labels, and its genes of the fourth quarter are kept.
- Both genomes of C. trachomatis: the shipped model. These are development numbers, not those of an untouched test:
  their annotation was read four times, for the model without copies, for the first one with copies, once for the share
  of right starts of a model without lengths in stops, and at the end. What changed in between (copies, features,
  threshold) was chosen on E. coli, its copies, and by agreement with Prodigal's calls on their letters.
- Six phages of enterobacteria, pooled: read once, at the end, and used for no choice.
- No gene is looked for on genes of RNA, which the shipped model finds; it has seen those of E. coli.
- Truth: coding sequences of one part that are no pseudogenes.
- Intervals: 95 %, paired, 10,000 bootstrap draws of 50 equal blocks of the genome.
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyrodigal
import yaml

from exapt.bio.formats import fasta, genbank, gff3
from exapt.bio.formats.annotation import Annotation, Feature
from exapt.bio.genes import finding
from exapt.bio.genes.agreement import Agreement, agreement, differences
from exapt.bio.genes.codes import CODES, digits
from exapt.bio.genes.finding import Scene, find_genes
from exapt.bio.genes.found import Genes, from_intervals, joined
from exapt.bio.genes.model import SHIPPED, Model, load
from exapt.bio.genes.ribosomal import Intervals
from exapt.bio.genes.shifted import SHIFTS, Shift, shifted
from exapt.bio.genes.training import Truth, ribosomal_kmers, source_tables, train
from exapt.bio.genes.windows import Strip
from exapt.bio.rna.finding import find_rnas
from exapt.bio.rna.model import shipped as shipped_rna
from exapt.core.paths import read_json, write_json, write_text
from exapt.core.provenance import code_version, sha256, versions
from exapt.data.download import fetch

RESULT = Path(__file__).parent / "results" / "genes.json"
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "genes.md"
MARKS = ("<!-- numbers: made by benchmarks/science/genes.py --table -->", "<!-- end of the numbers -->")
CODE = CODES[11]
FOLDS = 4
REPEATS = 3  # of every timing; the fastest counts
ECOLI = ("iankorf/MCB185", "fc3c33ed5dacad55e15ba971178b42b08bff2825", "data/GCF_000005845.2_ASM584v2_genomic.")
ECOLI_FILES = {
    "fna.gz": ("254606e2722f64ca0906dfc1d41bceac41be72c335627c23f831b007939c8a48", 1424935),
    "gff.gz": ("f7da4447a53cd85a86438553cf28ac000f0cb36c4d9b01f41fee00715cc789e8", 441363),
}
CHLAMYDIA = ("labgem/PPanGGOLiN", "1e10432509a060b58052da0cb9caeddc4625baf1", "testingDataset/GBFF/")
CHLAMYDIA_FILES = {
    "ctrachomatis_l2c": (
        "GCF_000220105.1_ASM22010v1_genomic.gbff.gz",
        "24e3852a8aaba65ff13596f0963aaf19b39f2a02db7dfa14d213ad9bb74c7707",
        689099,
    ),
    "ctrachomatis_g9768": (
        "GCF_000092685.1_ASM9268v1_genomic.gbff.gz",
        "04d522c0ef6cc5c1864ce980f93db934f07003477b7c54a893758dbb5f4766d5",
        691663,
    ),
}
PHAGES = ("moshi4/pygenomeviz-data", "d54122799ab9bd21f33dec96beef52b05ce6eb38", "enterobacteria_phage/")
PHAGE_FILES = {
    "NC_019724.gbk": ("621d73f1b0214e9bdc5ba3032e7067e03c41798c889be4b12383f10f98ef2bca", 115114),
    "NC_024783.gbk": ("845cfd3b4df07ac550c692cf70df17b3895007de44235f9fdcf7bd650d32f236", 112679),
    "NC_016566.gbk": ("b70198af6231dda0f3cb68a825d96bf61781d53759b19fe93c43e4db4bbd3bc8", 102873),
    "NC_013600.gbk": ("8f6ebdf272117bf79a0d4b2b8d2328b5d92f5f6fad822dfd07e14b157f5cab81", 108218),
    "NC_031081.gbk": ("655c679c9f76a06b5e5c984c2c122261958925884c9d347549d0c755a266e74e", 108616),
    "NC_028901.gbk": ("08f80560cffaaadab3eaa17be23f8bf949f4af8f6108dfedd8971e0ceeeb1c3a", 117870),
}


@dataclass(frozen=True)
class Annotated:
    """One chromosome and what is known of it; places are (left, right, reverse)."""

    letters: str
    genes: list[tuple[int, int, bool]]
    pseudogenes: list[tuple[int, int, bool]]
    ribosomal: list[tuple[int, int, bool]]

    @property
    def truth(self) -> Genes:
        """The coding genes as columns."""
        return from_intervals(self.genes)


def ecoli() -> Annotated:
    repo, commit, stem = ECOLI
    files = {end: fetch(repo, commit, stem + end, *known) for end, known in ECOLI_FILES.items()}
    (record,) = fasta.read(files["fna.gz"])
    return _annotated(record.sequence, gff3.read(files["gff.gz"]), record.id)


def chlamydia(name: str) -> Annotated:
    repo, commit, folder = CHLAMYDIA
    file, digest, size = CHLAMYDIA_FILES[name]
    found = genbank.read(fetch(repo, commit, folder + file, digest, size))
    chromosome = max(found.letters, key=lambda contig: len(found.letters[contig]))
    return _annotated(found.letters[chromosome], found, chromosome)


def phages() -> list[Annotated]:
    repo, commit, folder = PHAGES
    read = [genbank.read(fetch(repo, commit, folder + file, *known)) for file, known in PHAGE_FILES.items()]
    return [_annotated(letters, found, contig) for found in read for contig, letters in found.letters.items()]


def _annotated(letters: str, annotation: Annotation, contig: str) -> Annotated:
    place = lambda feature: (feature.start, feature.end, feature.strand == "-")  # noqa: E731
    here = [feature for feature in annotation.features if feature.seqid == contig]
    whole = [f for f in here if f.type == "CDS" and len(f.parts) == 1]
    pseudo = [f for f in here if f.type == "pseudogene" or (f.type in ("CDS", "gene") and _is_pseudo(f))]
    return Annotated(
        letters.upper(),
        [place(f) for f in whole if not _is_pseudo(f)],
        sorted({place(f) for f in pseudo}),
        [place(f) for f in here if f.type == "rRNA"],
    )


def _is_pseudo(feature: Feature) -> bool:
    return "pseudo" in feature.attributes or "pseudogene" in feature.attributes


def trained(genome: Annotated, left_out: int | None = None, *, shifts: Sequence[Shift] = SHIFTS) -> Model:
    """The model of all quarters but one, or of all, of copies of the genome."""
    whole = Strip(digits(genome.letters))
    edges = _edges(genome)
    inside = lambda places, a, b: [(x - a, y - a, z) for x, y, z in places if x >= a and y <= b]  # noqa: E731
    copies = [shifted(whole.digits, genome.truth, shift, seed=seed) for seed, shift in enumerate(shifts)]
    parts, ribosomal = [], []
    for quarter, (a, b) in enumerate(itertools.pairwise(edges)):
        if quarter == left_out:
            continue
        truth = Truth(from_intervals(inside(genome.genes, a, b)), np.array(inside(genome.pseudogenes, a, b)))
        parts += [(Strip(copy[a:b]), truth) for copy in copies]
        ribosomal += [place for place in genome.ribosomal if a <= place[0] < b]
    known = genome.genes if left_out is None else [g for g in genome.genes if not _in(g, edges, left_out)]
    tables = source_tables(whole, Truth(from_intervals(known), np.empty((0, 3), dtype=np.int64)), CODE)
    return train(parts, CODE, tables, ribosomal_kmers(whole, ribosomal))


def _edges(genome: Annotated) -> list[int]:
    return np.linspace(0, len(genome.letters), FOLDS + 1).astype(int).tolist()


def _in(place: tuple[int, int, bool], edges: list[int], quarter: int) -> bool:
    three_prime = place[0] if place[2] else place[1]
    return edges[quarter] <= three_prime < edges[quarter + 1]


Variant = Callable[[str, Model], Genes]


def exapt_genes(letters: str, model: Model, *, adapt: bool = True, mask: bool = True) -> Genes:
    """One linear sequence, as Prodigal takes it; with `mask`, no gene is looked for on genes of RNA."""
    strip = Strip(digits(letters))
    rna = [rna_places(letters)] if mask else None
    scene = Scene([strip], CODE, ribosomal=model.ribosomal if mask else model.ribosomal[:0], rna=rna)
    return find_genes(scene, model, adapt=adapt)[0]


@cache
def rna_places(letters: str) -> Intervals:
    """Genes of RNA that the shipped model finds."""
    found = [(rna.left, rna.right) for rna in find_rnas(Strip(digits(letters)), shipped_rna())]
    return np.array(found, dtype=np.int64).reshape(-1, 2)


def prodigal(letters: str, *, meta: bool = False, trained_on: str | None = None) -> Genes:
    finder = pyrodigal.GeneFinder(meta=meta)
    if not meta:
        info = pyrodigal.GeneFinder().train(trained_on or letters)
        finder = pyrodigal.GeneFinder(training_info=info)
    return called(finder, letters)


def called(finder: pyrodigal.GeneFinder, letters: str) -> Genes:
    return from_intervals([(gene.begin - 1, gene.end, gene.strand < 0) for gene in finder.find_genes(letters)])


def _unblended(letters: str, model: Model) -> Genes:
    kept, finding.SOURCE_GENES = finding.SOURCE_GENES, 0
    try:
        return exapt_genes(letters, model)
    finally:
        finding.SOURCE_GENES = kept


VARIANTS: dict[str, Variant] = {
    "exapt": exapt_genes,
    "exapt, tables of E. coli (no adaptation)": lambda letters, model: exapt_genes(letters, model, adapt=False),
    "exapt, one round": lambda letters, model: exapt_genes(
        letters, replace(model, starts=model.starts[:1], frames=model.frames[:1])
    ),
    "exapt, genes of RNA not masked": lambda letters, model: exapt_genes(letters, model, mask=False),
    "exapt, tables not blended with those of E. coli": _unblended,
}


BARE = "exapt, trained without copies that look like other species"


def crossed(genome: Annotated, models: list[Model], variant: Variant) -> Genes:
    """Of each quarter, the genes that the model found which was not trained on it."""
    edges, parts = np.array(_edges(genome)), []
    for quarter, model in enumerate(models):
        genes = variant(genome.letters, model)
        three_prime = np.where(genes.reverse, genes.left, genes.right)
        parts.append(genes.take((three_prime >= edges[quarter]) & (three_prime < edges[quarter + 1])))
    return joined(parts)


def measured(genome: Annotated, ours: dict[str, Genes], peers: dict[str, Genes]) -> dict[str, Any]:
    """Scores of all, and the differences of ours from Prodigal that trained itself."""
    length, truth = len(genome.letters), genome.truth
    compared = {name: agreement(genes, truth, length) for name, genes in {**ours, **peers}.items()}
    reference = compared["Prodigal"]
    rows = {}
    for name, found in compared.items():
        rows[name] = {"scores": _rounded(found.scores()), "counts": _counts(found)}
        if name != "Prodigal":
            rows[name]["minus_prodigal"] = {
                key: _rounded(value) for key, value in differences(found, reference).items()
            }
    clean = {
        name: agreement(_off(genes, genome.pseudogenes, truth), truth, length)
        for name, genes in {"exapt": ours["exapt"], "Prodigal": peers["Prodigal"]}.items()
    }
    return {
        "letters": length,
        "genes": len(np.unique(truth.keys)),
        "methods": rows,
        "without_predictions_on_pseudogenes": {name: _rounded(found.scores()) for name, found in clean.items()},
    }


def _off(genes: Genes, pseudogenes: list[tuple[int, int, bool]], truth: Genes) -> Genes:
    """Without the predictions that are no annotated gene and share letters and strand with a pseudogene."""
    over = np.zeros(len(genes), dtype=bool)
    for left, right, reverse in pseudogenes:
        over |= (genes.reverse == reverse) & (genes.left < right) & (genes.right > left)
    return genes.take(~over | np.isin(genes.keys, truth.keys))


def _counts(found: Agreement) -> dict[str, int]:
    return {name: int(values.sum()) for name, values in vars(found).items()}


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(inner) for key, inner in value.items()}
    return [round(x, 5) for x in value] if isinstance(value, tuple) else round(value, 5)


def timed(work: Callable[[], Any]) -> float:
    """Seconds of the fastest of some repeats."""
    seconds = []
    for _ in range(REPEATS):
        begun = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - begun)
    return min(seconds)


def times(letters: str, model: Model) -> dict[str, float]:
    def whole() -> None:
        rna_places.cache_clear()
        exapt_genes(letters, model)

    ours, peer = timed(whole), timed(lambda: prodigal(letters))
    return {"exapt_seconds": round(ours, 3), "prodigal_seconds": round(peer, 3), "ratio": round(ours / peer, 2)}


def peers_of(letters: str, trained_on: str) -> dict[str, Genes]:
    return {
        "Prodigal": prodigal(letters),
        "Prodigal, meta mode": prodigal(letters, meta=True),
        "Prodigal, trained on E. coli": prodigal(letters, trained_on=trained_on),
    }


def table(results: dict[str, Any]) -> str:
    """The numbers as Markdown."""
    lines = ["| | E. coli, cross-validated | C. trachomatis L2c | C. trachomatis G/9768 |", "|---|---|---|---|"]
    found = list(results["genomes"].values())
    for score in ("f1", "exact"):
        for method in ("exapt", "exapt, tables of E. coli (no adaptation)", BARE, "Prodigal"):
            cells = [f"{genome['methods'][method]['scores'][score]:.4f}" for genome in found]
            lines.append(f"| {score}, {method} | {' | '.join(cells)} |")
        cells = [
            "{:+.4f} [{:+.4f}, {:+.4f}]".format(*genome["methods"]["exapt"]["minus_prodigal"][score])
            for genome in found
        ]
        lines.append(f"| {score}, exapt minus Prodigal | {' | '.join(cells)} |")
    cells = [f"{genome['exapt_seconds']:.1f} and {genome['prodigal_seconds']:.1f}" for genome in found]
    lines.append(f"| seconds, exapt and Prodigal, one thread | {' | '.join(cells)} |")
    return "\n".join(lines)


def write_table() -> None:
    """Put the numbers on the page."""
    before, rest = PAGE.read_text(encoding="utf-8").split(MARKS[0])
    made = f"{before}{MARKS[0]}\n{table(read_json(RESULT))}\n{MARKS[1]}{rest.split(MARKS[1])[1]}"
    write_text(PAGE, made)


def write_card(genome: Annotated) -> None:
    """What the shipped model was trained on, beside it; one genome needs no sketch, its checksums say all."""
    repo, commit, stem = ECOLI
    card = {
        "title": "Linear models and tables of exapt genes, counted and trained on one genome",
        "corpus": "Escherichia coli K-12 MG1655, NC_000913.3 (GCF_000005845.2): sequence and annotation",
        "files": [f"{repo}@{commit}/{stem}{end}: sha256 {known[0]}" for end, known in ECOLI_FILES.items()],
        "genes": len(genome.genes),
        "pseudogenes": len(genome.pseudogenes),
        "licence": "NCBI RefSeq/GenBank, no restriction by NCBI; the weights are under exapt's licence",
        "command": "python benchmarks/science/genes.py --train",
        "benchmark_genomes_seen": "none in training; see docs/howto/genes.md for how the method was developed",
        "sha256": sha256(SHIPPED),
    }
    write_text(SHIPPED.with_suffix(".yaml"), yaml.safe_dump(card, sort_keys=False, width=120))


def of_ecoli(source: Annotated) -> dict[str, Any]:
    """Cross-validated over quarters."""
    models = [trained(source, quarter) for quarter in range(FOLDS)]
    ours = {name: crossed(source, models, variant) for name, variant in VARIANTS.items()}
    ours[BARE] = crossed(source, [trained(source, quarter, shifts=SHIFTS[:1]) for quarter in range(FOLDS)], exapt_genes)
    return measured(source, ours, peers_of(source.letters, source.letters)) | times(source.letters, models[0])


def of_phages(model: Model) -> dict[str, Any]:
    """Six genomes as contigs of one, for both programs."""
    genomes = phages()
    letters = [genome.letters for genome in genomes]
    offsets = np.cumsum([0, *map(len, letters[:-1])]).tolist()
    pool = lambda parts: joined([genes.moved(by) for genes, by in zip(parts, offsets, strict=True)])  # noqa: E731
    places = [(x + by, y + by, z) for genome, by in zip(genomes, offsets, strict=True) for x, y, z in genome.genes]
    rna = [rna_places(one) for one in letters]
    scene = Scene([Strip(digits(one)) for one in letters], CODE, ribosomal=model.ribosomal, rna=rna)
    trained_on_all = pyrodigal.GeneFinder(training_info=pyrodigal.GeneFinder().train(*letters))
    finders = {"Prodigal": trained_on_all, "Prodigal, meta mode": pyrodigal.GeneFinder(meta=True)}
    peers = {name: pool([called(finder, one) for one in letters]) for name, finder in finders.items()}
    ours = {"exapt": pool(find_genes(scene, model))}
    return measured(Annotated("".join(letters), places, [], []), ours, peers)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="store_true", help="train on E. coli and write the shipped model")
    parser.add_argument("--table", action="store_true", help="write the table of docs/howto/genes.md only")
    parser.add_argument(
        "--genome", choices=CHLAMYDIA_FILES, help="measure this one; keep what the results say of others"
    )
    asked = parser.parse_args()
    if asked.table:
        write_table()
        return
    source = ecoli()
    if asked.train:
        trained(source).save(SHIPPED)
        write_card(source)
        print(SHIPPED, SHIPPED.stat().st_size, "bytes")
        return
    results = read_json(RESULT)["genomes"] if asked.genome else {"ecoli_k12": of_ecoli(source)}
    model, bare = load(), trained(source, shifts=SHIFTS[:1])
    pooled = of_phages(model)
    for name in [asked.genome] if asked.genome else CHLAMYDIA_FILES:
        genome = chlamydia(name)
        ours = {variant: found(genome.letters, model) for variant, found in VARIANTS.items()}
        ours[BARE] = exapt_genes(genome.letters, bare)
        results[name] = measured(genome, ours, peers_of(genome.letters, source.letters))
        results[name] |= times(genome.letters, model)
    about = {"command": "python benchmarks/science/genes.py", "code": code_version(), "versions": versions()}
    about["versions"] |= {"pyrodigal": pyrodigal.__version__}
    write_json(RESULT, {"about": about, "genomes": results, "phages": pooled})
    write_table()
    for name, found in results.items():
        print(name, {m: row["scores"] for m, row in found["methods"].items()})


if __name__ == "__main__":
    main()
