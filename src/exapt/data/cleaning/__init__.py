"""Cleaning rules, one file each."""
