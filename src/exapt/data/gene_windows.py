"""An annotated genome as a table: overlapping windows of its letters, each with the labels of its genes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from typing import Any

import pandas as pd

from exapt.bio.formats.annotation import Annotation
from exapt.bio.formats.genome import Genome
from exapt.bio.transcripts.annotated import Labelling, coding_transcripts, label_contig
from exapt.bio.transcripts.labels import as_text
from exapt.bio.transcripts.windows import blocks, windows
from exapt.core.errors import DataError
from exapt.data.formats import Hint, Raw

HINTS = {
    "id": Hint("id", "label"),
    "sequence": Hint("input", "dna"),
    "labels": Hint("target", "structure"),
    "block": Hint("group", "label"),
}


@dataclass(frozen=True)
class Cutting:
    """How a genome is cut.

    Attributes
    ----------
    window, overlap
        Letters of a window, and letters that two neighbours share at least.
    block
        Letters of a block, about: no window crosses its ends and no gene is cut by them, so that blocks can be trained
        and tested apart.
    """

    window: int = 4096
    overlap: int = 512
    block: int = 50_000


def labellings(annotation: Annotation, genome: Genome, sources: Collection[str] = ()) -> dict[str, Labelling]:
    """The labels of each contig.

    Parameters
    ----------
    annotation
        Genes, by the names of the genome's contigs.
    genome
        Letters in capitals.
    sources
        Features of these sources only (column 2 of GFF3), where some are evidence and others genes; empty = all.

    Raises
    ------
    DataError
        Where no coding gene lies on a contig of the genome.
    """
    if sources:
        annotation = replace(annotation, features=tuple(f for f in annotation.features if f.source in sources))
    found = coding_transcripts(annotation)
    if not found.keys() & genome.contigs.keys():
        called = ", ".join(list(found)[:5]) or "none"
        raise DataError(
            f"{annotation.where}: no coding gene lies on a sequence of {genome.where or 'the genome'}. Genes are on: "
            f"{called}; its sequences are: {', '.join(list(genome.contigs)[:5])}."
        )
    return {name: label_contig(found.get(name, []), genome.fetch(name)) for name in genome.contigs}


def window_table(genome: Genome, labels: Mapping[str, Labelling], cutting: Cutting) -> Raw:
    """Columns id, sequence, labels, chrom, start, end (0-based, half-open) and block.

    Parameters
    ----------
    genome
        Letters in capitals.
    labels
        Of each contig, as `labellings` makes them.
    cutting
        Sizes.
    """
    rows: list[dict[str, Any]] = []
    for name, found in labels.items():
        letters = genome.fetch(name)
        for left, right in blocks(found.labels, cutting.block):
            for start, end in windows(left, right, cutting.window, cutting.overlap):
                rows.append(
                    {
                        "id": f"{name}:{start}-{end}",
                        "sequence": letters[start:end],
                        "labels": as_text(found.labels[start:end]),
                        "chrom": name,
                        "start": start,
                        "end": end,
                        "block": f"{name}:{left}",
                    }
                )
    return Raw(pd.DataFrame(rows), hints=HINTS)
