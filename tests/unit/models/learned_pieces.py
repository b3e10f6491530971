"""Print a digest and the size of a vocabulary that is learned from a part of the phrasebook."""

from __future__ import annotations

import hashlib

from t5tune.models.new_tokenizers import build_tokenizer
from t5tune.recipe.sections.from_scratch_section import TokenizerSection
from tests.conftest import REPOSITORY


def learn_pieces() -> str:
    """Return a digest and the size of the vocabulary."""
    lines = (REPOSITORY / "recipes/phrasebook/train.tsv").read_text(encoding="utf-8").splitlines()
    sources, targets = zip(*(line.split("\t") for line in lines[1:1001]), strict=True)
    tokenizer = build_tokenizer(TokenizerSection(vocab_size=600), sources, targets)
    content = tokenizer.backend_tokenizer.to_str()
    return f"{hashlib.sha256(content.encode()).hexdigest()} {len(tokenizer)}"


if __name__ == "__main__":
    print(learn_pieces())
