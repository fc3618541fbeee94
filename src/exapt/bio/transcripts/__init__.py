"""Genes of eukaryotes as one label a position: from annotations, back to annotations, legal by a grammar, compared."""
