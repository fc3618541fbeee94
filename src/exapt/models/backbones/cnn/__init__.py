"""Backbone `cnn`."""
