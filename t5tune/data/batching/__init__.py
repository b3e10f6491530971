"""Batch plans: which examples form a batch, and which batches form a step."""
