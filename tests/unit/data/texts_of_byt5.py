"""Encode a text that ends by itself, with the tokenizer in the directory that is the argument."""

from __future__ import annotations

import sys
from pathlib import Path

from t5tune.decoding.export.stored_tokenizer import write_tokenization
from t5tune.models.loading import load_tokenizer

if __name__ == "__main__":
    write_tokenization(load_tokenizer(sys.argv[1]), Path(sys.argv[1]), ["one</s>"])
