"""Backbones, heads, layers, and weights."""
