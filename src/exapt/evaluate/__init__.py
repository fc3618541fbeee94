"""Metrics, intervals, baselines, and the comparison of arms."""
