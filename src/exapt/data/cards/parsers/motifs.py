"""Collections of binding motifs: one row a matrix, its commonest letters as the sequence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from exapt.bio.motifs import files as motif_files
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw


@dataclass(frozen=True)
class Motifs(Parser):
    """Columns id, name, consensus (IUPAC codes), and tax_group, tf_family, tf_class where the file has them."""

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """All matrices of all files."""
        found = [motif for path in files.values() for motif in motif_files.read(path)]
        rows = [
            {"id": motif.id, "name": motif.name, "consensus": motif.consensus()}
            | {key: motif.about.get(key, "") for key in ("tax_group", "tf_family", "tf_class")}
            for motif in found
        ]
        return Raw(pd.DataFrame(rows))


EXPORT = Motifs
