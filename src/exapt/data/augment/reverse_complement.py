"""Both strands: every training row of DNA once more as its reverse complement, labels of positions turned with it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from exapt.bio.sequence.alphabets import reverse_complement
from exapt.bio.transcripts.labels import as_text, of_text, on_other_strand
from exapt.core.contracts import Table
from exapt.core.errors import DataError


@dataclass(frozen=True)
class ReverseComplement:
    """Twice the rows: as they are, then as the other strand reads them.

    Gene structures (target columns of modality `structure`) are turned and change their strand; any other target is
    taken to be the same on both strands.
    """

    def __call__(self, train: Table, seed: int) -> Table:
        """The given rows and their reverse complements.

        Raises
        ------
        DataError
            Where no input column is DNA.
        """
        names = [name for name in train.names("input") if train.columns[name].modality == "dna"]
        if not names:
            raise DataError(f"{train.source}: augmentation 'reverse_complement' needs an input column of DNA.")
        other = train.frame.copy()
        for name in names:
            other[name] = [reverse_complement(text) for text in train.frame[name]]
        for name in train.names("target"):
            if train.columns[name].modality == "structure":
                other[name] = [as_text(on_other_strand(of_text(text))) for text in train.frame[name]]
        for name in train.names("id"):
            other[name] = [f"{known}, reverse" for known in train.frame[name]]
        twice = np.tile(np.arange(len(train)), 2)
        matrices = {name: matrix.take(twice) for name, matrix in train.matrices.items()}
        return replace(train, frame=pd.concat([train.frame, other], ignore_index=True), matrices=matrices)


EXPORT = ReverseComplement
