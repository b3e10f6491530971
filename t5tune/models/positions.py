"""How many positions a model has, beyond which it fails."""

from __future__ import annotations

import torch
from transformers import PreTrainedModel


def count_positions(model: PreTrainedModel) -> int | None:
    """Return the number of tokens of the longest source; None if the model computes any.

    BART, mBART, Marian and Pegasus look positions up in a table. M2M100 and NLLB enlarge theirs.
    """
    positions = getattr(model.config, "max_position_embeddings", None)
    has_table = any(
        name.endswith("embed_positions") and isinstance(module, torch.nn.Embedding)
        for name, module in model.named_modules()
    )
    return positions if has_table and isinstance(positions, int) else None
