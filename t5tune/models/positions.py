"""How many positions a model has, beyond which it fails."""

from __future__ import annotations

from typing import Literal

import torch
from transformers import PreTrainedConfig, PreTrainedModel

Side = Literal["encoder", "decoder"]


def find_positions(config: PreTrainedConfig, side: Side) -> int | None:
    """Return the number of positions that a configuration gives the encoder or the decoder.

    LED has one for each, most families have one for both, and those with relative positions none.
    """
    for name in (f"max_{side}_position_embeddings", "max_position_embeddings"):
        if isinstance(positions := getattr(config, name, None), int):
            return positions
    return None


def count_positions(model: PreTrainedModel) -> int | None:
    """Return the number of tokens of the longest source; None if the model computes any.

    BART, mBART, LED, Blenderbot, Marian and Pegasus look positions up in a table. M2M100 and NLLB
    enlarge theirs, Pegasus-X has none.
    """
    has_table = any(
        name.endswith("embed_positions") and isinstance(module, torch.nn.Embedding)
        for name, module in model.named_modules()
    )
    return find_positions(model.config, "encoder") if has_table else None
