"""Which examples form a batch, and which batches a step."""
