"""Genes of RNA of prokaryotes: exapt, ARAGORN and barrnap on the same genomes in the same run.

`python benchmarks/science/rna_genes.py --train` writes the model that the package ships;
`python benchmarks/science/rna_genes.py` measures and writes results/rna_genes.json. Needs EXAPT_MIRROR or a network,
and `pip install pyaragorn pybarrnap`.

- E. coli: four-fold. A model is trained on three quarters of the genome and on sequences of Rfam; its genes of the
  fourth quarter are kept. Copies of a gene in other quarters are seen in training.
- Both genomes of C. trachomatis: the shipped model; nothing was chosen on them.
- Rfam: the training part of nrc13. Sequences that stand letter for letter in one of these genomes are left out.
- A gene counts as found where the same class on the same strand shares at least half of the letters of both.
- Intervals: 95 %, 10,000 bootstrap draws of 50 equal blocks of the genome.
"""

from __future__ import annotations

import argparse
import itertools
import re
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import genes as gene_benchmark
import numpy as np
import yaml

from exapt.bio.formats import fasta, genbank, gff3
from exapt.bio.formats.annotation import Annotation
from exapt.bio.genes.codes import digits
from exapt.bio.genes.found import Genes
from exapt.bio.genes.model import load as load_genes
from exapt.bio.genes.operons import TOGETHER, classes, together
from exapt.bio.genes.ribosomal import K, kmers
from exapt.bio.genes.windows import Strip
from exapt.bio.rna.finding import find_rnas
from exapt.bio.rna.model import SHIPPED, Model, load
from exapt.bio.rna.small import find_small
from exapt.bio.rna.training import Known, train
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.paths import read_json, write_json, write_text
from exapt.core.provenance import code_version, sha256, versions
from exapt.data.download import fetch

RESULT = Path(__file__).parent / "results" / "rna_genes.json"
PAGE = Path(__file__).parents[2] / "docs" / "howto" / "genes.md"
MARKS = ("<!-- numbers: made by benchmarks/science/rna_genes.py -->", "<!-- end of the numbers of RNA -->")
FOLDS = 4
BLOCKS, REPLICATES = 50, 10_000
SMALL = "exapt, candidates"
KINDS = ("tRNA", "rRNA", "tmRNA", "ncRNA", "RNase_P_RNA", "SRP_RNA")
FAMILIES = {  # name -> kind, product, a word of the annotated product, family of Rfam
    "5S": ("rRNA", "5S ribosomal RNA", "5S ribosomal RNA", "RF00001"),
    "16S": ("rRNA", "16S ribosomal RNA", "16S ribosomal RNA", ""),
    "23S": ("rRNA", "23S ribosomal RNA", "23S ribosomal RNA", ""),
    "RNase P": ("RNase_P_RNA", "RNA component of RNase P", "RNase P", "RF00010"),
    "tmRNA": ("tmRNA", "transfer-messenger RNA", "tmRNA", ""),
    "4.5S": ("SRP_RNA", "4.5S RNA of the signal recognition particle", "4.5S RNA", ""),
    "6S": ("ncRNA", "6S RNA", "6S RNA", ""),
}
CLASSES = {
    "tRNA": ("tRNA",),
    "rRNA": ("5S", "16S", "23S"),
    "tmRNA": ("tmRNA",),
    "conserved RNA": ("RNase P", "tmRNA", "4.5S", "6S"),
    "small RNA": ("other",),
}
NRC = ("IcarPA-TBlab/nrc", "fc89b13d1278d0e23e34b2e94cc89c3fe913bf9d")
NRC_FILE = (
    "data/ECCB2017/dataset_Rfam_6320_13classes.fasta",
    "ee6b760f4a31e79fa78a25528d0bae10b672ecdd640efaa3816a27a4e1b4f019",
    1335121,
)


def ecoli_annotation() -> Annotation:
    repo, commit, stem = gene_benchmark.ECOLI
    return gff3.read(fetch(repo, commit, stem + "gff.gz", *gene_benchmark.ECOLI_FILES["gff.gz"]))


def chlamydia_annotation(name: str) -> Annotation:
    repo, commit, folder = gene_benchmark.CHLAMYDIA
    file, digest, size = gene_benchmark.CHLAMYDIA_FILES[name]
    return genbank.read(fetch(repo, commit, folder + file, digest, size))


def rfam(genomes: Sequence[str]) -> tuple[dict[str, list[str]], int]:
    """Family of Rfam -> sequences of the training part of nrc13 that stand in none of the genomes; how many do."""
    both = [text for letters in genomes for text in (letters, reverse_complement(letters))]
    words = np.zeros(4**K + 1, dtype=bool)
    for text in both:
        words[np.minimum(kmers(digits(text)), 4**K)] = True
    found: dict[str, list[str]] = {}
    left_out = 0
    for record in fasta.read(fetch(*NRC, *NRC_FILE)):
        letters = record.sequence.upper()
        copied = words[np.minimum(kmers(digits(letters)), 4**K)].all() and any(letters in text for text in both)
        left_out += int(copied)
        if not copied:
            found.setdefault(record.id.split("_")[0], []).append(letters)
    return found, left_out


def places(annotation: Annotation, contig: str) -> list[tuple[str, tuple[int, int, bool], str]]:
    """Class, place and product of the annotated genes of RNA."""
    found = []
    for feature in annotation.features:
        if feature.seqid == contig and feature.type in (*KINDS, "misc_RNA"):
            place = (feature.start, feature.end, feature.strand == "-")
            found.append((classed(feature.type, feature.value("product")), place, feature.value("product")))
    return sorted(found, key=lambda row: row[1])


def classed(kind: str, product: str) -> str:
    """tRNA, one of FAMILIES, or other."""
    if kind == "tRNA":
        return kind
    named = [name for name, (_, mine, word, _) in FAMILIES.items() if word in product or mine == product]
    return named[0] if named else "other"


def known(
    letters: str,
    annotation: Annotation,
    contig: str,
    genes: Genes,
    others: dict[str, list[str]],
    left_out: int | None = None,
) -> Known:
    """What three quarters of a genome, or all of it, and Rfam say."""
    whole, rows = digits(letters), places(annotation, contig)
    strips, transfer, coding, small = [], [], [], []
    families: dict[str, tuple[str, str, list[list[tuple[int, int, bool]]]]] = {
        name: (kind, product, []) for name, (kind, product, _, _) in FAMILIES.items()
    }
    for quarter, (a, b) in enumerate(itertools.pairwise(edges(letters))):
        if quarter == left_out:
            continue
        here = {
            name: [(x - a, y - a, z) for c, (x, y, z), _ in rows if c == name and x >= a and y <= b]
            for name in ("tRNA", *FAMILIES)
        }
        inside = (genes.left >= a) & (genes.right <= b)
        coding.append(genes.take(inside).moved(-a))
        small.append([(x - a, y - a, z) for c, (x, y, z), _ in rows if c == "other" and x >= a and y <= b])
        strips.append(whole[a:b])
        transfer.append(here["tRNA"])
        for name in FAMILIES:
            families[name][2].append(here[name])
    sequences = {
        name: [digits(text) for text in others.get(rfam, [])] for name, (_, _, _, rfam) in FAMILIES.items() if rfam
    }
    sequences["tRNA"] = [digits(text) for text in others["RF00005"]]
    return Known(strips, transfer, families, coding, small, sequences)


def edges(letters: str) -> list[int]:
    return np.linspace(0, len(letters), FOLDS + 1).astype(int).tolist()


def write_card(left_out: int, others: dict[str, list[str]]) -> None:
    """What the shipped model was trained on, beside it."""
    repo, commit, stem = gene_benchmark.ECOLI
    card = {
        "title": "Profiles of transfer RNA and of families of RNA, and the linear models that read their scores",
        "corpus": "RNA genes of Escherichia coli K-12 MG1655, NC_000913.3 (GCF_000005845.2), and sequences of Rfam 12",
        "files": [
            *(f"{repo}@{commit}/{stem}{end}: sha256 {told[0]}" for end, told in gene_benchmark.ECOLI_FILES.items()),
            f"{NRC[0]}@{NRC[1]}/{NRC_FILE[0]}: sha256 {NRC_FILE[1]}",
        ],
        "rfam": {name: len(others[name]) for name in ("RF00005", *(f[3] for f in FAMILIES.values() if f[3]))},
        "rfam_left_out": f"{left_out} sequences that stand letter for letter in E. coli or in a test genome",
        "licence": "NCBI RefSeq/GenBank, no restriction by NCBI; Rfam CC0; the weights are under exapt's licence",
        "command": "python benchmarks/science/rna_genes.py --train",
        "benchmark_genomes_seen": "none",
        "sha256": sha256(SHIPPED),
    }
    write_text(SHIPPED.with_suffix(".yaml"), yaml.safe_dump(card, sort_keys=False, width=120))


Found = list[tuple[str, tuple[int, int, bool]]]  # class and place


def exapt_rna(letters: str, model: Model) -> Found:
    """What the command finds; the genome is given as a linear sequence."""
    found = find_rnas(Strip(digits(letters)), model)
    return [(classed(rna.kind, rna.product), (rna.left, rna.right, rna.reverse)) for rna in found]


def exapt_small(letters: str, model: Model, genes: Genes) -> Found:
    whole = digits(letters)
    rnas = find_rnas(Strip(whole), model)
    return [("other", (rna.left, rna.right, rna.reverse)) for rna in find_small(whole, genes, rnas, model.small)]


def aragorn(letters: str) -> Found:
    import pyaragorn

    found = pyaragorn.RNAFinder(11).find_rna(letters)
    return [("tmRNA" if rna.type == "tmRNA" else "tRNA", (rna.begin - 1, rna.end, rna.strand < 0)) for rna in found]


def barrnap(letters: str) -> Found:
    from Bio.Seq import Seq
    from Bio.SeqRecord import SeqRecord
    from pybarrnap import Barrnap

    found = Barrnap([SeqRecord(Seq(letters), id="genome")]).run().get_gff_text()
    rows = [line.split("\t") for line in found.splitlines() if not line.startswith("#")]
    named = {"5S_rRNA": "5S", "16S_rRNA": "16S", "23S_rRNA": "23S"}
    return [
        (named[row[8].split("Name=")[1].split(";")[0]], (int(row[3]) - 1, int(row[4]), row[6] == "-")) for row in rows
    ]


def crossed(letters: str, models: Sequence[Model], variant: Callable[[str, Model], Found]) -> Found:
    """Of each quarter, what the model found which was not trained on it."""
    cuts, kept = edges(letters), []
    for (a, b), model in zip(itertools.pairwise(cuts), models, strict=True):
        kept += [row for row in variant(letters, model) if a <= row[1][0] < b]
    return kept


def compared(found: Found, true: Found, length: int, classes: Sequence[str]) -> dict[str, Any]:
    """Recall, precision and exact ends of some classes, with intervals over blocks of the genome."""
    said = [place for name, place in found if name in classes]
    real = [place for name, place in true if name in classes]
    kind_of = {place: name for name, place in found}
    partner = [_partner(place, said) for place in real]
    right = [
        p is not None and kind_of[p] == name
        for p, (name, _) in zip(partner, [t for t in true if t[0] in classes], strict=True)
    ]
    sound = [_partner(place, real) is not None for place in said]
    exact = [p == place for p, place in zip(partner, real, strict=True)]
    rows = np.stack(
        [
            _blocks([place for place, good in zip(places, marks, strict=True) if good], length)
            for places, marks in (
                (real, right),
                (said, sound),
                (real, exact),
                (real, [True] * len(real)),
                (said, [True] * len(said)),
            )
        ],
        axis=1,
    )
    draws = np.random.default_rng(0).multinomial(BLOCKS, np.full(BLOCKS, 1 / BLOCKS), size=REPLICATES) @ rows
    scores = {}
    for name, top, bottom in (("recall", 0, 3), ("precision", 1, 4), ("exact", 2, 3)):
        total = rows.sum(0)
        with np.errstate(invalid="ignore", divide="ignore"):
            drawn = draws[:, top] / draws[:, bottom]
        value = total[top] / total[bottom] if total[bottom] else None
        low, high = np.nanquantile(drawn, [0.025, 0.975]) if total[bottom] else (None, None)
        scores[name] = [None if number is None else round(float(number), 4) for number in (value, low, high)]
    return {"annotated": len(real), "predicted": len(said), "found": int(sum(right)), **scores}


def _partner(place: tuple[int, int, bool], others: Sequence[tuple[int, int, bool]]) -> tuple[int, int, bool] | None:
    """The one that shares the most letters, at least half of the longer one, on the same strand."""
    left, right, reverse = place
    best = max(
        (other for other in others if other[2] == reverse),
        key=lambda other: min(right, other[1]) - max(left, other[0]),
        default=None,
    )
    if best is None or min(right, best[1]) - max(left, best[0]) < 0.5 * max(right - left, best[1] - best[0]):
        return None
    return best


def _blocks(found: Sequence[tuple[int, int, bool]], length: int) -> np.ndarray:
    return np.bincount([left * BLOCKS // length for left, _, _ in found], minlength=BLOCKS).astype(float)


def measured(letters: str, true: Found, ours: dict[str, Found]) -> dict[str, Any]:
    """Scores of all methods, class by class, beside those of ARAGORN and barrnap."""
    methods = {**ours, "ARAGORN": aragorn(letters), "barrnap": barrnap(letters)}
    kinds = {"ARAGORN": ("tRNA", "tmRNA"), "barrnap": ("rRNA",), "exapt": ("tRNA", "rRNA", "conserved RNA", "tmRNA")}
    return {
        method: {kind: compared(found, true, len(letters), CLASSES[kind]) for kind in kinds.get(method, ("small RNA",))}
        for method, found in methods.items()
    }


def operon_check(annotation: Annotation, genes: Genes) -> dict[str, Any]:
    """How neighbours on one transcript, by distance alone, share the first three letters of their names.

    Names tell pathways, as trpA and trpB do, and most such neighbours are known operons; they are read here only.
    """
    named = {
        (f.start, f.end, f.strand == "-"): f.value("gene")
        for f in annotation.of("CDS")
        if len(f.parts) == 1 and re.fullmatch(r"[a-z]{3}[A-Z]", f.value("gene")) and not f.value("gene").startswith("y")
    }
    probability, rows = together([genes]), []
    places_ = sorted(zip(genes.left.tolist(), genes.right.tolist(), genes.reverse.tolist(), strict=True))
    for one, other in itertools.pairwise(places_):
        if one[2] == other[2] and one in named and other in named:
            value = float(probability[classes(np.array([other[0] - one[1]]))[0]])
            rows.append((value, named[one][:3] == named[other][:3]))
    values, alike = (np.array(column) for column in zip(*rows, strict=True))
    higher = (values[alike][:, None] > values[~alike]).mean() + 0.5 * (values[alike][:, None] == values[~alike]).mean()
    return {
        "pairs": len(rows),
        "auroc_same_stem": round(float(higher), 4),
        "same_stem_where_together": round(float(alike[values >= TOGETHER].mean()), 4),
        "same_stem_where_apart": round(float(alike[values < TOGETHER].mean()), 4),
        "neighbours_together": round(float((values >= TOGETHER).mean()), 4),
    }


def table(results: dict[str, Any]) -> str:
    """The numbers as Markdown."""
    lines = ["| | annotated | found | precision | exact ends |", "|---|---|---|---|---|"]
    names = {"ecoli_k12": "*E. coli*, cross-validated", "ctrachomatis_l2c": "*C. trachomatis* L2c"}
    names["ctrachomatis_g9768"] = "*C. trachomatis* G/9768"
    for genome, found in results.items():
        for method, kinds in found["methods"].items():
            for kind, row in kinds.items():
                if row["annotated"] or row["predicted"]:
                    cells = [_cell(row["recall"]), _cell(row["precision"]), _cell(row["exact"])]
                    lines.append(f"| {names[genome]}: {kind}, {method} | {row['annotated']} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(values: list[float | None]) -> str:
    value, low, high = values
    return "-" if value is None else f"{value:.2f} [{low:.2f}, {high:.2f}]"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--train", action="store_true", help="train on E. coli and Rfam and write the shipped model")
    known_names = ("ecoli_k12", *gene_benchmark.CHLAMYDIA_FILES)
    parser.add_argument("--genome", choices=known_names, help="measure this one; keep what the results say of others")
    asked = parser.parse_args()
    source, annotation = gene_benchmark.ecoli(), ecoli_annotation()
    contig = next(iter(annotation.contigs))
    genomes = [source.letters, *(gene_benchmark.chlamydia(name).letters for name in gene_benchmark.CHLAMYDIA_FILES)]
    others, left_out = rfam(genomes)
    if asked.train:
        train(known(source.letters, annotation, contig, source.truth, others)).save(SHIPPED)
        write_card(left_out, others)
        print(SHIPPED, SHIPPED.stat().st_size, "bytes")
        return
    results = read_json(RESULT)["genomes"] if asked.genome else {}
    for name in [asked.genome] if asked.genome else known_names:
        if name == "ecoli_k12":
            results[name] = of_ecoli(source.letters, annotation, source.truth, others)
        else:
            results[name] = of_chlamydia(name, load())
    about = {"command": "python benchmarks/science/rna_genes.py", "code": code_version(), "versions": versions()}
    about["versions"] |= {name: version(name) for name in ("pyaragorn", "pybarrnap", "pyrodigal")}
    write_json(RESULT, {"about": about, "rfam_left_out": left_out, "genomes": results})
    before, rest = PAGE.read_text(encoding="utf-8").split(MARKS[0])
    write_text(PAGE, f"{before}{MARKS[0]}\n{table(results)}\n{MARKS[1]}{rest.split(MARKS[1])[1]}")


def of_chlamydia(name: str, model: Model) -> dict[str, Any]:
    found = chlamydia_annotation(name)
    chromosome = max(found.letters, key=lambda each: len(found.letters[each]))
    letters = found.letters[chromosome].upper()
    true = [(kind, place) for kind, place, _ in places(found, chromosome)]
    genes = gene_benchmark.exapt_genes(letters, load_genes())
    ours = {"exapt": exapt_rna(letters, model), SMALL: exapt_small(letters, model, genes)}
    return {"methods": measured(letters, true, ours)}


def of_ecoli(letters: str, annotation: Annotation, truth: Genes, others: dict[str, list[str]]) -> dict[str, Any]:
    contig = next(iter(annotation.contigs))
    true = [(kind, place) for kind, place, _ in places(annotation, contig)]
    models = [train(known(letters, annotation, contig, truth, others, quarter)) for quarter in range(FOLDS)]
    genes = gene_benchmark.exapt_genes(letters, load_genes())
    ours = {
        "exapt": crossed(letters, models, exapt_rna),
        SMALL: crossed(letters, models, lambda text, model: exapt_small(text, model, genes)),
    }
    return {"methods": measured(letters, true, ours), "operons": operon_check(annotation, genes)}


if __name__ == "__main__":
    main()
