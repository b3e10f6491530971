"""Batches of sources; without numpy, which takes long to import."""

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
