"""Networks that label the bases of worm and fly: a dilated CNN, an RNN on top of it, a wider CNN.

`python benchmarks/science/gene_networks.py --work DIR` writes results/gene_networks.json; weights are kept in DIR.
Each is trained as a source is in gene_transfer.py, five passes instead of eleven, and judged on the blocks that
choose its epoch and its grammar: numbers to compare networks by, not what to expect of new genomes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import torch
from gene_transfer import EUK, NETWORKS, NETWORKS_RESULT, VALIDATION, chosen_grammar, source_model
from gene_transfer import species as read_species

from exapt.bio.transcripts.tuning import GRAMMARS
from exapt.core.paths import read_json, write_json
from exapt.core.provenance import code_version, versions

PASSES = (3, 2)  # over both strands, before and after rare classes are weighed up


def main() -> None:
    """Train and judge what is not there yet."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True)
    asked = parser.parse_args()
    torch.set_num_threads(1)
    asked.work.mkdir(parents=True, exist_ok=True)
    found = read_json(NETWORKS_RESULT)["networks"] if NETWORKS_RESULT.is_file() else {}
    sources = [read_species(name) for name in EUK[1:]]
    valid = [block for one in sources for block in one.part(*VALIDATION)]
    for name, options in NETWORKS.items():
        if name in found:
            continue
        model, task = source_model(sources, asked.work / name, 0, name, PASSES)
        best, scores = chosen_grammar(model, task, valid)
        found[name] = {
            "options": options,
            "parameters": sum(value.numel() for value in model.parameters()),
            "grammar": {key: getattr(GRAMMARS[best], key) for key in ("gene", "intron", "content")},
            "validation_f1": scores[best],
        }
        about = {"code": code_version(), "versions": versions(), "data": ["dna.euk_1pct"]}
        write_json(NETWORKS_RESULT, about | {"networks": found})
        print(name, found[name], flush=True)


if __name__ == "__main__":
    main()
