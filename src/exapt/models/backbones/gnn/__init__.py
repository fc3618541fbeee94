"""Backbone `gnn`."""
