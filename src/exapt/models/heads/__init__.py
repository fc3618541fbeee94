"""Heads: features to outputs."""
