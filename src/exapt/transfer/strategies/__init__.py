"""Strategies, one file each; `_combine.combine` turns the list of a configuration into one strategy."""
