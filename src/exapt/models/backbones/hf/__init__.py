"""Backbone `hf`."""
