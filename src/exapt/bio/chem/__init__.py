"""Molecules without learning: one spelling for each, fingerprints and descriptors, similarity, scaffolds."""
