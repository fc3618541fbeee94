"""Native 5' UTRs of yeast with measured growth (Cuperus 2017): fragments of genes, without those read too seldom."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pandas as pd

from exapt.core.errors import ConfigError, DataError
from exapt.data.cards.parsers import Parser
from exapt.data.formats import Raw
from exapt.data.formats.delimited import Delimited

PLACE = re.compile(r"([^:_]+):\d+:\d+")  # gene, and two distances to its start codon


@dataclass(frozen=True)
class YeastUtr5(Parser):
    """Columns id, sequence, growth_rate, gene, reads (before growth, on which the noise depends) and reads_after.

    A fragment that several genes have in common is named after all of them; these genes are one value of `gene`.

    Parameters
    ----------
    more_reads_than
        Fragments with more reads than this before growth are kept; the authors evaluate on more than 100; -1 = all.
    """

    more_reads_than: int = 100

    def __post_init__(self) -> None:
        if not isinstance(self.more_reads_than, int) or self.more_reads_than < -1:
            raise ConfigError(f"more_reads_than is a whole number of at least -1; found {self.more_reads_than!r}.")

    def __call__(self, files: Mapping[str, Path]) -> Raw:
        """Read the one file."""
        (path,) = files.values()
        read = Delimited().read(path, text=["UTR_name"]).frame
        genes = [_genes(name, path) for name in read["UTR_name"]]
        home = _families(genes)
        columns = {
            "id": read["UTR_name"],
            "sequence": read["UTR"],
            "growth_rate": read["growth_rate"],
            "gene": [home[names[0]] for names in genes],
            "reads": read["t0"],
            "reads_after": read["t1"],
        }
        frame = pd.DataFrame(columns)
        return Raw(frame[frame["reads"] > self.more_reads_than].reset_index(drop=True))


def _genes(name: str, path: Path) -> list[str]:
    found = [PLACE.fullmatch(place) for place in name.split("_")]
    if not all(found):
        raise DataError(f"{path}: UTR_name is gene:first:last, several joined by _; found {name!r}.")
    return [match[1] for match in found if match]


def _families(genes: Sequence[Sequence[str]]) -> dict[str, str]:
    """Gene -> the alphabetically first of all genes that fragments in common connect it with."""
    home: dict[str, str] = {name: name for names in genes for name in names}

    def of(name: str) -> str:
        while home[name] != name:
            name = home[name]
        return name

    for names in genes:
        for one, other in pairwise(names):
            first, second = sorted((of(one), of(other)))
            home[second] = first
    return {name: of(name) for name in home}


EXPORT = YeastUtr5
