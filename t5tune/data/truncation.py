"""Sequences that are too long; without numpy and torch."""

from __future__ import annotations


def shorten(ids: list[int], max_length: int | None) -> list[int]:
    """Cut to so many tokens, the last one (end of sequence, or a language) kept."""
    if max_length is None or len(ids) <= max_length:
        return ids
    return [*ids[: max_length - 1], ids[-1]]
