"""Genes in eukaryotes."""
