"""Augmentations of training rows, one file each."""
