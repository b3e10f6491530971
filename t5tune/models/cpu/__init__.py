"""Faster dropout and sublayers of T5 for training on CPUs."""
