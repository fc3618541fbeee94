"""Genomes against each other: alignment, variants, structure, identity, shared genes, consequences of variants."""
