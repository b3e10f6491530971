"""Intervals, paired tests and comparisons."""
