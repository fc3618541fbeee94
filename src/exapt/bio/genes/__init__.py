"""Protein-coding genes of prokaryotes, found by scores that adapt themselves to a genome without labels."""
