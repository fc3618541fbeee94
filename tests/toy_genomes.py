"""Small genomes with genes whose places are known: biased codons, start codons, ribosome-binding sites."""

import numpy as np

from exapt.bio.genes.codes import CODES
from exapt.bio.sequence.alphabets import reverse_complement

CODONS = [a + b + c for a in "ACGT" for b in "ACGT" for c in "ACGT"]


def toy_genome(genes=60, seed=0, *, table=11, spacing=(20, 90), lengths=(80, 400)):
    """Letters, and the places (left, right, reverse) of the genes; every third gene is on the reverse strand."""
    rng = np.random.default_rng(seed)
    usage = np.random.default_rng(7).dirichlet(np.full(64, 0.7))
    usage[[CODES[table].amino_acids[i] == "*" for i in range(64)]] = 0
    usage /= usage.sum()
    parts, places, length = [], [], 0
    for number in range(genes):
        gap = "".join(rng.choice(list("ACGT"), int(rng.integers(*spacing)), p=[0.3, 0.2, 0.2, 0.3]))
        body = "".join(CODONS[i] for i in rng.choice(64, int(rng.integers(*lengths)), p=usage))
        gene = "ATG" + body + "TAA"
        piece = gap + "AGGAGG" + "TTTATTA" + gene
        begin, end = len(piece) - len(gene), len(piece)
        reverse = number % 3 == 2
        if reverse:
            piece = reverse_complement(piece)
            begin, end = 0, len(gene)
        places.append((length + begin, length + end, reverse))
        parts.append(piece)
        length += len(piece)
    return "".join(parts), places
