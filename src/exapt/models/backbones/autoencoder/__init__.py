"""Backbone `autoencoder`."""
