"""Which sources are translated together."""

from __future__ import annotations

from collections.abc import Iterator

from t5tune.data.token_sequences import TokenSequences
from t5tune.decoding.translator import DecodingOptions

MAX_BATCH_SIZE = 256  # hypotheses in flight: past this the cache grows and nothing gets faster


def form_batches(sequences: TokenSequences, options: DecodingOptions) -> Iterator[list[int]]:
    """Indices of each batch, longest first, so that memory runs out at once or never."""
    order = sequences.lengths.argsort(kind="stable")[::-1].tolist()
    start = 0
    while start < len(order):
        width = max(int(sequences.lengths[order[start]]), 1) * options.num_beams
        size = min(max(options.tokens_per_batch // width, 1), MAX_BATCH_SIZE)
        yield order[start : start + size]
        start += size
