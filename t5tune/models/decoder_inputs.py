"""Inputs of the decoder in training."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel

from t5tune.data.encoding import IGNORED


def shift_labels(model: PreTrainedModel, labels: torch.Tensor) -> torch.Tensor:
    """Return labels, shape (batch_size, target_length) with -100 as padding, shifted by one.

    Most families have a method for this (mBART's moves the language token to the front); M2M100
    and NLLB have none and begin with `decoder_start_token_id`.
    """
    own = getattr(model, "prepare_decoder_input_ids_from_labels", None)
    if own is not None:
        shifted: torch.Tensor = own(labels)
        return shifted
    shifted = labels.roll(1, dims=1)
    shifted[:, 0] = model.config.decoder_start_token_id
    return shifted.masked_fill(shifted == IGNORED, model.config.pad_token_id)
