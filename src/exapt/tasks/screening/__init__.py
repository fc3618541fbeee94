"""Screening: rank a library by similarity to known actives, by a trained model, or by affinity to a protein."""
