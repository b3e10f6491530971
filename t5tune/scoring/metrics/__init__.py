"""The metrics, and what they need to know of each example."""
