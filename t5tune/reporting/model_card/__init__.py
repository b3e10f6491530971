"""The model card, and what a run's own files tell about its model."""
