"""Word dropout (Iyyer et al. 2015): sources of which the model does not see some words.

A dropped word keeps its place but is hidden from attention, so that shapes stay as they are.
"""

from __future__ import annotations

import torch

from t5tune.data.batching.steps import Batch
from t5tune.training.regularizers.regularizer import Noise, Regularizer, RunParts
from t5tune.training.regularizers.source_text import SourceText, put

MASKS = ("attention_mask", "source_segments")  # 0 hides a position


def _build(share: float, parts: RunParts) -> Noise:
    text = SourceText(parts)

    def drop_words(batch: Batch, step: int) -> Batch:
        is_dropped = text.draw_words(batch, "word_dropout", step) < share
        kept = torch.from_numpy(~(is_dropped & text.find(batch)))
        return put(batch, {name: batch[name] * kept for name in MASKS if name in batch})

    return drop_words


REGULARIZER = Regularizer(build_noise=_build)
