"""Batches of sources and of pairs; without numpy, which takes long to import."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from t5tune.decoding.translator import DecodingOptions

MAX_BATCH_SIZE = 256  # hypotheses in a batch; beyond this memory grows and speed does not


def form_batches(lengths: Sequence[int], options: DecodingOptions) -> Iterator[list[int]]:
    """Yield the indices of each batch, longest first, so that memory runs out early or never."""
    order = sorted(range(len(lengths)), key=lengths.__getitem__)[::-1]
    start = 0
    while start < len(order):
        width = max(lengths[order[start]], 1) * options.num_beams
        size = min(max(options.tokens_per_batch // width, 1), MAX_BATCH_SIZE)
        yield order[start : start + size]
        start += size


def form_pair_batches(
    source_lengths: Sequence[int],
    target_lengths: Sequence[int],
    tokens_per_batch: int,
    max_target_tokens: int,
) -> Iterator[list[int]]:
    """Yield the indices of each batch, longest targets first.

    Args:
        source_lengths: Tokens of each source.
        target_lengths: Tokens of each target.
        tokens_per_batch: Most tokens of both sides, padding included.
        max_target_tokens: Most tokens of targets, padding included, where their probabilities
            over the vocabulary are in memory at once.
    """
    pairs = list(zip(target_lengths, source_lengths, strict=True))
    order = sorted(range(len(pairs)), key=pairs.__getitem__)[::-1]
    batch: list[int] = []
    longest = 0
    for index in order:
        target = pairs[batch[0] if batch else index][0]
        longest = max(longest, pairs[index][1])
        size = len(batch) + 1
        is_full = size * (target + longest) > tokens_per_batch or size * target > max_target_tokens
        if batch and (is_full or size > MAX_BATCH_SIZE):
            yield batch
            batch, longest = [], pairs[index][1]
        batch.append(index)
    if batch:
        yield batch
