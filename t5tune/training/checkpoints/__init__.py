"""Checkpoints: writing, resuming, and choosing the one that becomes the model."""
