"""A corpus for pre-training: drug-like molecules of ZINC, and molecules of ChEMBL with their sparse potencies."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from exapt.core.errors import ConfigError
from exapt.data.cards.parsers import Parser
from exapt.data.cards.parsers.tar_lines import TarLines
from exapt.data.formats import Raw
from exapt.data.formats.delimited import Delimited


@dataclass(frozen=True)
class ZincChembl(Parser):
    """One row a molecule; of a potency column, a molecule of ZINC has no value.

    Parameters
    ----------
    zinc
        How many molecules of ZINC, drawn by a fixed seed; None = all.
    least
        Potency columns with fewer values are left out.
    without
        Potency columns that are left out, because a benchmark asks for just them.
    """

    zinc: int | None = None
    least: int = 50
    without: Sequence[str] = ()

    def __post_init__(self) -> None:
        if self.zinc is not None and not (isinstance(self.zinc, int) and self.zinc >= 0):
            raise ConfigError(f"card parser 'zinc_chembl': zinc is a whole number, or null; found {self.zinc!r}.")
        if not (isinstance(self.least, int) and self.least >= 1):
            raise ConfigError(f"card parser 'zinc_chembl': least is a whole number, at least 1; found {self.least!r}.")

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read both files."""
        paths = {name.rpartition("/")[2]: path for name, path in files.items()}
        zinc = TarLines()({"zinc.txt.gz": paths["zinc.txt.gz"]}).frame["smiles"]
        if self.zinc is not None:
            drawn = np.random.default_rng(0).permutation(len(zinc))[: self.zinc]
            zinc = zinc.iloc[np.sort(drawn)]
        chembl = Delimited().read(paths["chembl_5thresh.csv.gz"]).frame
        assays = [name for name in chembl.columns if name != "smiles" and name not in self.without]
        assays = [name for name in assays if chembl[name].notna().sum() >= self.least]
        frame = pd.concat([zinc.to_frame(), chembl[["smiles"]]], ignore_index=True)
        names = [f"zinc{row}" for row in zinc.index] + [f"chembl{row}" for row in chembl.index]
        known = np.full((len(frame), len(assays)), np.nan, dtype=np.float32)
        known[len(zinc) :] = chembl[assays].to_numpy(dtype=np.float32)
        frame.insert(0, "id", names)
        return Raw(pd.concat([frame, pd.DataFrame(known, columns=assays)], axis=1))


EXPORT = ZincChembl
