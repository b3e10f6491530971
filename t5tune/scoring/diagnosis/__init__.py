"""What went wrong in an output, how often, and what mends it."""
