"""The files of a comparison of genomes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from exapt.bio.compare import structure
from exapt.bio.compare.several import Against, Result
from exapt.bio.compare.variants import Difference, as_vcf, covered
from exapt.bio.formats import bed, paf, vcf
from exapt.bio.formats.annotation import Annotation
from exapt.core.paths import write_text

if TYPE_CHECKING:
    from exapt.api._genome_alleles import Scores
    from exapt.api._genome_opinion import Told

HEADER = (
    '##INFO=<ID=GENE,Number=.,Type=String,Description="Genes of the reference that the variant changes">',
    '##INFO=<ID=EFFECT,Number=.,Type=String,Description="What it does to each gene, in the order of GENE">',
    '##INFO=<ID=CHANGE,Number=.,Type=String,Description="Amino acid, codon, amino acid, in the order of GENE">',
    *structure.HEADER,
)
_RESERVED = str.maketrans(" ;,=", "____")
EFFECTS = ("genome", "contig", "position", "ref", "alt", "gene", "effect", "codon", "change")


def write_files(folder: Path, result: Result, told: Told | None = None, scores: Scores | None = None) -> None:
    """Write alignment.paf, variants.vcf.gz and its index, structure.bed, and the tables.

    Parameters
    ----------
    folder
        That is there.
    result
        The comparison.
    told
        What vectors of proteins say of the genes; None where they were not asked.
    scores
        A run's scores of the small differences; None where none was asked.
    """
    _write_paf(folder / "alignment.paf", result)
    _write_vcf(folder / "variants.vcf.gz", result, scores)
    reference = result.sides[0]
    features = (one.as_feature(other.side.name) for other in result.against for one in other.large)
    bed.write(folder / "structure.bed", Annotation(tuple(features), reference.contigs).sorted())
    _table(folder / "identity.tsv", identity_table(result))
    if any(other.effects for other in result.against):
        _table(folder / "effects.tsv", pd.DataFrame(_effects(result), columns=list(EFFECTS)))
    if result.shared is not None:
        _table(folder / "orthologs.tsv", ortholog_table(result).assign(**told.columns() if told else {}))
        _table(folder / "presence.tsv", presence_table(result))
    if told is not None:
        _table(folder / "remote.tsv", told.remote(result.genes, products(result)))
    if scores is not None:
        _table(folder / "allele_scores.tsv", scores.frame())


def _table(path: Path, frame: pd.DataFrame) -> None:
    write_text(path, frame.to_csv(sep="\t", index=False, float_format="%.6g"))


def contig_names(result: Result) -> list[dict[str, str]]:
    """Of each genome: contig -> its name where all genomes stand together; ``GENOME#CONTIG`` where names repeat."""
    repeated = Counter(name for side in result.sides for name in side.contigs)
    plain = max(repeated.values(), default=1) == 1
    return [{name: name if plain else f"{side.name}#{name}" for name in side.contigs} for side in result.sides]


def _write_paf(path: Path, result: Result) -> None:
    names = contig_names(result)

    def rows() -> Iterator[paf.Alignment]:
        for (one, other), found in result.pairs.items():
            for kind, blocks in (("P", found.blocks), ("S", (*found.query_copies, *found.target_copies))):
                for block in blocks:
                    lengths = (len(found.query[block.query]), len(found.target[block.target]))
                    row = block.as_paf(lengths, {"tp": ("A", kind)})
                    yield paf.Alignment(
                        names[other][row.query],
                        *(row.query_length, row.query_start, row.query_end, row.strand),
                        names[one][row.target],
                        *(row.target_length, row.target_start, row.target_end, row.matches, row.length, row.quality),
                        tags=row.tags,
                    )

    paf.write(path, rows())


def _write_vcf(path: Path, result: Result, scores: Scores | None) -> None:
    import pysam

    reference = result.sides[0]
    small = {other.side.name: other.small for other in result.against}
    known = {other.side.name: covered(other.found.blocks, reference.letters) for other in result.against}
    info = _info(result)
    for one, values in (scores.info() if scores else {}).items():
        info[one] = {**info.get(one, {}), **values}
    rows = as_vcf(small, known, reference.contigs, info)
    large = [
        one.as_vcf(reference.letters[one.target], other.side.name)
        for other in result.against
        for one in other.large
        if one.kind != "unaligned"
    ]
    order = {name: rank for rank, name in enumerate(reference.contigs)}
    rows = sorted([*rows, *large], key=lambda row: (order[row.seqid], row.start))
    header = (*HEADER, *(scores.header() if scores else ()))
    vcf.write(path, vcf.Variants(tuple(rows), reference.contigs, header, tuple(small)))
    pysam.tabix_index(str(path), preset="vcf", force=True)


def _info(result: Result) -> dict[Difference, dict[str, Any]]:
    told: dict[Difference, dict[tuple[str, str, str], None]] = {}
    for other in result.against:
        for one in other.effects:
            told.setdefault(one.difference, {})[one.gene, one.kind, one.change or "."] = None
    found = {}
    for difference, kinds in told.items():
        genes, effects, changes = (tuple(map(_plain, column)) for column in zip(*kinds, strict=True))
        found[difference] = {"GENE": genes, "EFFECT": effects, "CHANGE": changes}
    return found


def _plain(text: str) -> str:
    """Without the letters that part values in the column INFO."""
    return text.translate(_RESERVED)


def _effects(result: Result) -> Iterator[tuple[Any, ...]]:
    for other in result.against:
        for (contig, start, ref, alt), gene, kind, codon, change in other.effects:
            yield other.side.name, contig, start + 1, ref, alt, gene, kind, codon, change


def identity_table(result: Result) -> pd.DataFrame:
    """One row a pair of genomes; shares are 0 to 1, the rest are letters."""
    rows = []
    for (one, other), found in result.identities.items():
        rows.append(
            {
                "genome_a": result.sides[one].name,
                "genome_b": result.sides[other].name,
                "ani": found.ani,
                "gap_compressed_identity": found.gap_compressed,
                "aligned_a": found.target_aligned,
                "aligned_b": found.query_aligned,
                "same": found.same,
                "substituted": found.other,
                "indels": found.gaps,
                "indel_letters": found.gap_letters,
                "blocks": len(result.pairs[one, other].blocks),
            }
        )
    return pd.DataFrame(rows)


def ortholog_table(result: Result) -> pd.DataFrame:
    """One row a pair of genes, each the best hit of the other."""
    assert result.shared is not None
    genes = result.genes
    columns = ("genome_a", "gene_a", "genome_b", "gene_b", "identity", "coverage", "score", "neighbours", "decided_by")
    rows = [
        (genes[one].genome, genes[one].name, genes[other].genome, genes[other].name, *rest)
        for one, other, *rest in result.shared.pairs
    ]
    return pd.DataFrame(rows, columns=list(columns))


def presence_table(result: Result) -> pd.DataFrame:
    """One row a group of genes: its class, what it makes, and its genes in each genome."""
    assert result.shared is not None
    made = products(result)
    rows = []
    for number, group in enumerate(result.shared.groups, start=1):
        members = (*group.genes, *group.copies)
        told = Counter(made[row] for row in members if made[row])
        own: Mapping[str, list[str]] = {side.name: [] for side in result.sides}
        for row in members:
            own[result.genes[row].genome].append(result.genes[row].name)
        present = sum(map(bool, own.values()))
        head = {"group": f"g{number}", "class": group.kind, "genomes": present, "genes": len(members)}
        product = told.most_common(1)[0][0] if told else ""
        rows.append({**head, "product": product, **{name: ",".join(genes) for name, genes in own.items()}})
    columns = ["group", "class", "genomes", "genes", "product", *(side.name for side in result.sides)]
    return pd.DataFrame(rows, columns=columns)


def products(result: Result) -> list[str]:
    """What each gene of `Result.genes` makes."""
    return [gene.product for side in result.sides for gene in side.genes or ()]


def variant_counts(other: Against) -> dict[str, int]:
    """Of one genome: substitutions with their kinds, insertions, deletions, and effects on genes."""
    pairs = Counter((one.ref, one.alt) for one in other.small if one.is_substitution)
    transitions = sum(n for (ref, alt), n in pairs.items() if {ref, alt} in ({"A", "G"}, {"C", "T"}))
    gained = sum(len(one.alt) > len(one.ref) for one in other.small)
    lost = sum(len(one.alt) < len(one.ref) for one in other.small)
    whole = sum(pairs.values())
    counts = {"substitutions": whole, "transitions": transitions, "transversions": whole - transitions}
    return {**counts, "insertions": gained, "deletions": lost}
