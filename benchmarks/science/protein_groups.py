"""A run of task genome_comparison on Swiss-Prot families, for remote_orthologs.py: families known, species new.

`EXAPT_MIRROR=<dir> python benchmarks/science/protein_groups.py` writes work/protein_groups.tsv and the run
work/protein_groups: about 10 minutes on a core. Its scores go to results/protein_groups.json.

Rows: the head of Swiss-Prot (card swissprot_a_prefix), each protein once, at most 1,024 residues. The group is the
protein part of the entry name (ACCD of ACCD_BACSU), which Swiss-Prot gives to orthologs. Left out: the species that
remote_orthologs.py judges and their nearest (Escherichia, Shigella, Chlamydia, Chlamydophila); families of one species;
all but 25 random proteins of a family. A sixth of the species tests, in families that training has.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from remote_orthologs import mirror

from exapt import api
from exapt.bio.formats import fasta
from exapt.core.config import parse
from exapt.core.provenance import code_version

HERE = Path(__file__).parent
TABLE, RUN = HERE / "work" / "protein_groups.tsv", HERE / "work" / "protein_groups"
JUDGED = ("Escherichia", "Shigella", "Chlamydia", "Chlamydophila")
LONGEST, MOST, TESTS = 1024, 25, 1 / 6
CONFIG = {
    "data": {"name": str(TABLE), "input": "sequence", "target": "family", "clean": []},
    "task": {"name": "genome_comparison", "primary": "accuracy"},
    "split": {"name": "predefined", "valid": 0.0},
    "backbone": "cnn.proteins",
    "strategy": "full",
    "training": {"epochs": 4, "batch_size": 64, "lr": 0.001, "keep": "last", "precision": "bf16"},
    "controls": "none",
    "baselines": ["best_hit"],
    "seeds": 1,
}


def families() -> pd.DataFrame:
    """Columns id, sequence, family, species and split."""
    rows = []
    for record in fasta.read(mirror("bebop/poly/*/io/fasta/data/uniprot_1mb_test.fasta.gz")):
        accession, entry = record.id.split("|")[1:]
        rows.append((accession, record.sequence, entry.partition("_")[0], record.fields["OS"]))
    frame = pd.DataFrame(rows, columns=["id", "sequence", "family", "species"])
    judged = frame["species"].str.contains("|".join(JUDGED))
    frame = frame[~judged & frame["sequence"].str.len().le(LONGEST)].drop_duplicates("sequence")
    frame = frame.sample(frac=1, random_state=0)
    frame = frame[frame.groupby("family").cumcount() < MOST]
    frame = frame[frame.groupby("family")["species"].transform("nunique") > 1]
    species = np.sort(frame["species"].unique())
    tests = np.random.default_rng(0).choice(species, round(len(species) * TESTS), replace=False)
    test = frame["species"].isin(tests)
    known = frame["family"].isin(frame["family"][~test])
    return frame.assign(split=np.where(test & known, "test", "train")).reset_index(drop=True)


def main() -> None:
    frame = families()
    TABLE.parent.mkdir(exist_ok=True)
    frame.to_csv(TABLE, sep="\t", index=False)
    scores = api.finetune(parse(CONFIG, "protein_groups.py"), RUN, force=True)
    result = {
        "rows": frame["split"].value_counts().to_dict(),
        "families": int(frame["family"].nunique()),
        "accuracy": {name: arm["accuracy"] for name, arm in scores["arms"].items()},
        "seconds": scores["arms"]["transfer"]["fit_seconds"],
        "code": code_version(),
    }
    print(json.dumps(result, indent=1))
    (HERE / "results" / "protein_groups.json").write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
