"""Readers of local files and hub data sets, as exact text."""
