"""Embeddings of new tokens, which start as means of others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import torch
from transformers import PreTrainedConfig, PreTrainedModel

BIAS = "final_logits_bias"  # of BART, Marian, mBART and Pegasus
_SIZES = ("num_embeddings", "out_features")  # attributes of layers with a row for each token
_CONFIGURED = ("vocab_size", "decoder_vocab_size")


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
    _grow(model, max(donors) + 1)
    with torch.no_grad():
        for table in _tables(model):
            of_all = table[:num_known].mean(dim=0)
            for number, ids in donors.items():
                table[number] = table[list(ids)].mean(dim=0) if ids else of_all


def _grow(model: PreTrainedModel, num_rows: int) -> None:
    """Add rows to all tables that have fewer.

    The library's `resize_token_embeddings` would tie an output layer to the embeddings where the
    configuration says so, whatever the checkpoint has.
    """
    before = model.get_input_embeddings().weight.shape[0]
    if num_rows <= before:
        return
    grown: dict[int, torch.nn.Parameter] = {}
    for layer in _layers(model):
        for name, table in list(layer.named_parameters(recurse=False)):
            if len(table) != before:
                continue
            if id(table) not in grown:
                more = table.detach().new_zeros(num_rows - before, *table.shape[1:])
                grown[id(table)] = torch.nn.Parameter(torch.cat([table.detach(), more]))
            layer.register_parameter(name, grown[id(table)])
        for size in _SIZES:
            if hasattr(layer, size):
                setattr(layer, size, num_rows)
    if (bias := getattr(model, BIAS, None)) is not None:
        more = bias.new_zeros(1, num_rows - before)
        model.register_buffer(BIAS, torch.cat([bias, more], dim=1))
    for config in _list_configs(model.config):
        for name in _CONFIGURED:
            if getattr(config, name, None) == before:
                setattr(config, name, num_rows)


def _list_configs(config: PreTrainedConfig) -> Iterator[PreTrainedConfig]:
    """Yield a configuration and those of its parts, as T5Gemma has them."""
    yield config
    for part in vars(config).values():
        if isinstance(part, PreTrainedConfig):
            yield from _list_configs(part)


def _layers(model: PreTrainedModel) -> list[torch.nn.Module]:
    """Return the layers with a row for each token, each once."""
    stacks = (model, model.get_encoder(), model.get_decoder())
    found = [*(stack.get_input_embeddings() for stack in stacks), model.get_output_embeddings()]
    num_rows = len(model.get_input_embeddings().weight)
    parameters = [p for layer in found if layer is not None for p in layer.parameters()]
    tables = {id(p) for p in parameters if len(p) == num_rows}
    # Also those that no method of the model gives, as Marian's encoder has one.
    return [
        module
        for module in model.modules()
        if any(id(p) in tables for p in module.parameters(recurse=False))
    ]


def _tables(model: PreTrainedModel) -> Iterator[torch.Tensor]:
    """Yield every table with a row for each token, tied ones once; biases have one column."""
    num_rows = len(model.get_input_embeddings().weight)
    parameters = [p for layer in _layers(model) for p in layer.parameters(recurse=False)]
    tables = [p for p in parameters if len(p) == num_rows]
    columns = [table if table.dim() > 1 else table[:, None] for table in tables]
    if (bias := getattr(model, BIAS, None)) is not None:
        columns.append(bias.T)
    yield from {table.data_ptr(): table for table in columns}.values()
