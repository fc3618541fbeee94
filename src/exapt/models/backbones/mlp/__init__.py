"""Backbone `mlp`."""
