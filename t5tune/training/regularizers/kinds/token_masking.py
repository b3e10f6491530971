"""Token masking: sources some of whose tokens are the family's mask (Devlin et al. 2019).

BART and its relatives have a mask, T5 its first sentinel; others get the unknown token.
"""

from __future__ import annotations

import torch
from transformers import PreTrainedTokenizerBase

from t5tune.data.batching.steps import Batch
from t5tune.errors import T5TuneError
from t5tune.training.regularizers.regularizer import Noise, Regularizer, RunParts
from t5tune.training.regularizers.source_text import SourceText, put

SENTINEL = "<extra_id_0>"


def find_mask(tokenizer: PreTrainedTokenizerBase) -> int | None:
    """Return the id of the token that stands for hidden ones; None if there is none."""
    if tokenizer.mask_token_id is not None:
        return int(tokenizer.mask_token_id)
    known = tokenizer.get_vocab()
    found: int | None = known.get(SENTINEL, tokenizer.unk_token_id)
    return found


def _build(share: float, parts: RunParts) -> Noise:
    text, mask = SourceText(parts), find_mask(parts.tokenizer)
    if mask is None:
        raise T5TuneError(
            "training.regularization.token_masking: the tokenizer has neither a mask nor an "
            "unknown token.",
            next_command="the same command with training.regularization.token_masking=null",
        )

    def mask_tokens(batch: Batch, step: int) -> Batch:
        is_masked = text.draw_tokens(batch, "token_masking", step) < share
        places = torch.from_numpy(is_masked & text.find(batch))
        return put(batch, {"input_ids": batch["input_ids"].masked_fill(places, mask)})

    return mask_tokens


REGULARIZER = Regularizer(build_noise=_build)
