"""Splits, one file each."""
