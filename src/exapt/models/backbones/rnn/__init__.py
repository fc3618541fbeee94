"""Backbone `rnn`."""
