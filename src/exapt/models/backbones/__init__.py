"""Backbones, one folder each."""
