"""Compare genomes: alignment, variants, rearrangements, shared genes. Trains nothing: `exapt genomes` runs it."""

from __future__ import annotations

from typing import ClassVar

from exapt.core.errors import ConfigError


class GenomeComparison:
    """An application without a head: the answer comes from alignment, so there is no loss and no run to train.

    `exapt genomes` runs it (`exapt.api.compare_genomes`); models only join in: the backbone of ``--embeddings`` gives a
    second opinion on shared genes, and the run of ``--score``, trained for another task, scores alleles.

    Raises
    ------
    ConfigError
        Always: training asked for it.
    """

    supervised: ClassVar[bool] = (
        True  # so that finetune goes on to build it and says why it cannot, and so does pretrain
    )

    def __init__(self) -> None:
        raise ConfigError(
            "task 'genome_comparison' trains nothing: genomes are compared by alignment. Run "
            "`exapt genomes A.fa B.fa -o DIR`. To score alleles there with a model, train one for sequence_property "
            "and give it with --score."
        )


EXPORT = GenomeComparison
