"""Embeddings of new tokens, which start as means of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from transformers import PreTrainedModel

BIAS = "final_logits_bias"  # of BART, Marian, mBART and Pegasus


def start_embeddings(
    model: PreTrainedModel, donors: Mapping[int, Sequence[int]], num_known: int
) -> None:
    """Give new tokens the mean embedding of their donors, on both sides of the model.

    Where a token has none, it is the mean of all known tokens, from which a new one takes the
    least probability away from others (Hewitt 2021).

    Args:
        model: Model, whose embeddings get more rows if they need them.
        donors: Ids that each new token starts from, by its id.
        num_known: Number of tokens before the new ones.
    """
    num_rows = max(donors) + 1
    if num_rows > model.get_input_embeddings().weight.shape[0]:
        model.resize_token_embeddings(num_rows, mean_resizing=False)
    with torch.no_grad():
        for table in _tables(model):
            of_all = table[:num_known].mean(dim=0)
            for number, ids in donors.items():
                table[number] = table[list(ids)].mean(dim=0) if ids else of_all


def _tables(model: PreTrainedModel) -> Iterator[torch.Tensor]:
    """Yield every table with a row for each token, tied ones once."""
    layers = [
        stack.get_input_embeddings() for stack in (model, model.get_encoder(), model.get_decoder())
    ]
    layers.append(model.get_output_embeddings())
    tables = [layer.weight for layer in layers if layer is not None]
    tables += [layer.bias[:, None] for layer in layers if getattr(layer, "bias", None) is not None]
    if getattr(model, BIAS, None) is not None:
        tables.append(getattr(model, BIAS).T)
    yield from {table.data_ptr(): table for table in tables}.values()
