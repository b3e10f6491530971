"""What a report says beside the scores of its test set: one module in `kinds/` for each kind."""
