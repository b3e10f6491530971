"""Truncation of long sequences; imports neither numpy nor torch."""

from __future__ import annotations

from collections.abc import Callable, Sequence

Encode = Callable[[list[str]], Sequence[Sequence[int]]]


def shorten_all(
    sequences: Sequence[list[int]], max_length: int | None, encode: Encode
) -> list[list[int]]:
    """Cut sequences that are too long; tokens that the tokenizer adds at the end stay.

    Args:
        sequences: Token ids of texts.
        max_length: Number of tokens to keep; None keeps all.
        encode: Tokenizer that made the sequences.
    """
    if max_length is None or all(len(ids) <= max_length for ids in sequences):
        return list(sequences)
    num_last = count_added_at_end(encode)
    return [shorten(ids, max_length, num_last) for ids in sequences]


def shorten(ids: list[int], max_length: int, num_last: int) -> list[int]:
    """Cut a sequence to `max_length` tokens, keeping the last `num_last`."""
    if len(ids) <= max_length:
        return ids
    num_last = min(num_last, max_length)
    return [*ids[: max_length - num_last], *ids[len(ids) - num_last :]]


def count_added_at_end(encode: Encode) -> int:
    """Count the tokens that a tokenizer adds after every text.

    Most add one, the end of the sequence; mBART adds two: its sources end in `</s> en_XX`.
    An empty text consists of the added tokens; any other text is between their two parts.
    """
    nothing, something = map(list, encode(["", "a"]))
    if (
        nothing == something
    ):  # the tokenizer has no token for the letter, not even the unknown token
        return len(nothing)
    num_before = 0
    for ours, theirs in zip(nothing, something, strict=False):
        if ours != theirs:
            break
        num_before += 1
    return len(nothing) - num_before
