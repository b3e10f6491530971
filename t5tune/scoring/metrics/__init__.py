"""The metrics, and the statistics that they collect of each example."""
