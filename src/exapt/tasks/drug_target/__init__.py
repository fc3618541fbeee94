"""Affinity of drugs to their targets."""
