"""Similarity of sequences: best hits and clusters, by MMseqs2 or by our own k-mers and alignments."""
