"""A synthetic genome of 100 Mb through `exapt genes` and, beside a relative, through `exapt genomes`: time and memory.

    python benchmarks/speed/long_genomes.py [MEGABASES]

Four contigs of genes (codons of one usage, a binding site before each, both strands) with random letters between them;
the relative differs by 0.5 % substitutions, 0.05 % indels and ten events of each kind of structural variant a contig
(`bio.compare.simulate`). Both commands run as a user runs them; the peak is the largest resident memory of the command
and of any program it starts. Writes results/long_genomes.json.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from exapt.bio.compare.simulate import KINDS, evolve
from exapt.bio.formats import fasta
from exapt.bio.sequence.alphabets import reverse_complement
from exapt.core.paths import write_json
from exapt.core.provenance import code_version, versions

RESULT = Path(__file__).parent / "results" / "long_genomes.json"
CONTIGS = 4
LIMIT = 4.0  # GiB
CODONS = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT" if a + b + c not in ("TAA", "TAG", "TGA")]


def contig(length: int, seed: int) -> str:
    """Genes of 100 to 500 codons, 20 to 300 letters apart."""
    random = np.random.default_rng(seed)
    usage = np.random.default_rng(0).dirichlet(np.full(len(CODONS), 0.7))
    pieces, done = [], 0
    while done < length:
        between = "".join(random.choice(list("ACGT"), random.integers(20, 300)))
        inner = "".join(np.array(CODONS)[random.choice(len(CODONS), random.integers(100, 500), p=usage)])
        gene = f"AGGAGGTTATTAATG{inner}TAA"
        pieces += [between, gene if random.random() < 0.5 else reverse_complement(gene)]
        done += len(between) + len(gene)
    return "".join(pieces)[:length]


def measured(words: list[str]) -> dict[str, Any]:
    """Seconds, processor seconds and peak memory of a command."""
    begun = time.perf_counter()
    process = subprocess.Popen([sys.executable, "-m", "exapt.app.cli", *words], stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"exapt {words[0]} ended with {os.waitstatus_to_exitcode(status)}")
    return {
        "seconds": round(time.perf_counter() - begun, 1),
        "processor_seconds": round(used.ru_utime + used.ru_stime, 1),
        "peak_gib": round(used.ru_maxrss / 2**20, 2),
    }


def main() -> None:
    """Make the genomes, run both commands, write the result."""
    size = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        child = os.fork()
        if not child:  # so that what making them takes is not taken for what the commands take
            one, two = [], []
            for number in range(CONTIGS):
                letters = contig(size * 1_000_000 // CONTIGS, number)
                events = dict.fromkeys(KINDS, 10)
                other = evolve(letters, divergence=0.005, indels=0.0005, events=events, seed=number)
                one.append(fasta.Record(f"a{number}", letters))
                two.append(fasta.Record(f"b{number}", other.letters))
            fasta.write(folder / "a.fa", one)
            fasta.write(folder / "b.fa", two)
            os._exit(0)
        os.waitpid(child, 0)
        runs = {
            "genes": measured(["genes", str(folder / "a.fa"), "-o", str(folder / "a.gff3"), "--quiet"]),
            "genomes": measured(
                ["genomes", str(folder / "a.fa"), str(folder / "b.fa"), "-o", str(folder / "out"), "--quiet"]
            ),
        }
    for name, run in runs.items():
        print(f"exapt {name}: {size} Mb, {run['seconds']:.0f} s, peak {run['peak_gib']:.2f} GiB")
    about = {"megabases": size, "limit_gib": LIMIT, "code": code_version(), "versions": versions()}
    write_json(RESULT, about | runs)
    if any(run["peak_gib"] > LIMIT for run in runs.values()):
        sys.exit(f"more than {LIMIT} GiB")


if __name__ == "__main__":
    main()
