"""What makes T5 fast on CPUs."""
