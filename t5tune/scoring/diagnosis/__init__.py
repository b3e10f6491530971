"""Faults of an output, their frequency, and their remedies."""
