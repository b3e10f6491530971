"""Tokens that stand for what is left out: T5's sentinels and BART's mask."""

from __future__ import annotations

from itertools import count, takewhile
from typing import TYPE_CHECKING

from t5tune.errors import T5TuneError

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

MASK = "<mask>"
NUM_SENTINELS = 100  # of T5
_NEXT_COMMAND = "data.denoise.objective={}   # or another model"


def name_sentinel(number: int) -> str:
    """Return the name of a sentinel, counted from 0."""
    return f"<extra_id_{number}>"


def find_sentinels(tokenizer: PreTrainedTokenizerBase) -> list[int]:
    """Return the ids of a tokenizer's sentinels in the order in which texts use them.

    Raises:
        T5TuneError: It has fewer than two.
    """
    known = tokenizer.get_vocab()
    # mT5 has them as pieces of its SentencePiece model.
    found = (known.get(name_sentinel(i), known.get(f"▁{name_sentinel(i)}")) for i in count())
    sentinels = [number for number in takewhile(lambda one: one is not None, found) if number]
    if len(sentinels) < 2:
        raise T5TuneError(
            "data.denoise.objective: span_corruption needs the sentinels <extra_id_0>, "
            f"<extra_id_1>, …, which {type(tokenizer).__name__} does not have.",
            next_command=_NEXT_COMMAND.format("text_infilling"),
        )
    return sentinels


def find_mask(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the id of a tokenizer's mask.

    Raises:
        T5TuneError: It has none, or one of another name.
    """
    if tokenizer.mask_token != MASK:
        raise T5TuneError(
            f"data.denoise.objective: text_infilling needs the token {MASK}, which "
            f"{type(tokenizer).__name__} does not have.",
            next_command=_NEXT_COMMAND.format("span_corruption"),
        )
    return int(tokenizer.mask_token_id)


def add_noise_tokens(tokenizer: PreTrainedTokenizerBase, objective: str) -> None:
    """Give the tokenizer of a model from scratch the tokens that an objective needs.

    The last one added is the first sentinel, as in T5.
    """
    from tokenizers import AddedToken

    if objective == "text_infilling":
        if tokenizer.mask_token is None:
            tokenizer.add_special_tokens({"mask_token": AddedToken(MASK, special=True)})
        return
    if name_sentinel(0) not in tokenizer.get_vocab():
        names = [name_sentinel(i) for i in reversed(range(NUM_SENTINELS))]
        tokenizer.add_tokens([AddedToken(name, special=True) for name in names], True)
