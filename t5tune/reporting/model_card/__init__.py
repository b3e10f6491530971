"""The model card, and what a run's files state about its model."""
