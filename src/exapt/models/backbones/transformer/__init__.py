"""Backbone `transformer`."""
