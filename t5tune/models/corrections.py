"""Corrects what Transformers 5.23 makes of published models, which then compute as they should.

Each correction leaves a model that the library loads as it is: one that was saved is not corrected
again.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, T5Tokenizer

from t5tune.models.families import find_family

_T5_UNKNOWN = 2


def correct_model(model: PreTrainedModel, written: Mapping[str, Any]) -> None:
    """Correct a model that was loaded.

    Args:
        model: Model as the library loads it.
        written: Its configuration as it is written.
    """
    _compute_positions(model)
    if (
        find_family(model.config.model_type).scales_outputs_always
        and written.get("tie_word_embeddings") is False
    ):
        _undo_scaling(model)


def _compute_positions(model: PreTrainedModel) -> None:
    """Compute the positions of Marian and Pegasus, as loading a saved model does.

    Some models on the hub store them, rounded to half precision. Saving leaves them out: a resumed
    run, and whoever loads the trained model, would have others than those that were trained with.
    """
    computed: dict[torch.Size, torch.Tensor] = {}
    for module in model.modules():
        create = getattr(module, "create_weight", None)
        if create is None or not isinstance(module, torch.nn.Embedding):
            continue
        shape = module.weight.shape
        if shape not in computed:
            computed[shape] = create()
        module.weight.data.copy_(computed[shape])


def _undo_scaling(model: PreTrainedModel) -> None:
    """Multiply the decoder's outputs by what the library divides them by although it should not.

    The weights of the last layer norm do, so that the saved model computes the same wherever it is
    loaded.
    """
    with torch.no_grad():
        model.get_decoder().final_layer_norm.weight.mul_(model.config.d_model**0.5)


def has_wrong_unknown(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Return whether the tokenizer gives another token than its own for what it does not know.

    The class of T5 has the number of T5's token whatever the file says: the end of the sequence for
    MADLAD-400.
    """
    return isinstance(tokenizer, T5Tokenizer) and tokenizer.unk_token_id != _T5_UNKNOWN
