"""Backbone `cnn2d`."""
