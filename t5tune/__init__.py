"""t5tune: fine-tune encoder-decoder models from one recipe."""

__version__ = "0.1.0"
