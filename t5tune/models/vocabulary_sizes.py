"""How small a vocabulary of subwords can be. Imports no model library."""

from __future__ import annotations

from collections.abc import Iterable

from t5tune.errors import T5TuneError

SPECIAL_TOKENS = ("<pad>", "</s>", "<unk>")  # at T5's ids 0, 1, 2


def check_vocabulary_size(texts: Iterable[str], vocab_size: int) -> int:
    """Check that every character of the texts can be a piece; return the number of texts.

    Raises:
        T5TuneError: There are too many different characters.
    """
    characters: set[str] = set()
    num_texts = 0
    for text in texts:
        characters.update(text)
        num_texts += 1
    num_characters = len(characters)
    if num_characters + len(SPECIAL_TOKENS) > vocab_size:
        raise T5TuneError(
            f"model.from_scratch.tokenizer.vocab_size: {vocab_size} is too small for training "
            f"text with {num_characters} different characters.",
            next_command="model.from_scratch.tokenizer.vocab_size="
            f"{2 * num_characters}   # or tokenizer.type=bytes",
        )
    return num_texts
