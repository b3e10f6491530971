"""Which tensors of a model are one: its own checkpoint decides, not its configuration alone.

Since Transformers 5 the configurations of T5, mT5 and UMT5 say that the output layer is tied to the
embeddings, whatever their file says. T5 1.1, Flan-T5 and mT5 have an output layer of their own,
which loading keeps, and building from the configuration does not.
"""

from __future__ import annotations

from collections.abc import Collection

import torch
from transformers import PreTrainedModel


def list_ties(model: torch.nn.Module) -> set[str]:
    """Return the names of parameters that have another name too, except one of each."""
    own = dict(model.named_parameters())
    return {name for name, _ in model.named_parameters(remove_duplicate=False)} - own.keys()


def untie(model: PreTrainedModel, ties: Collection[str]) -> None:
    """Give every parameter that is tied and not among these names a tensor of its own."""
    for name in list_ties(model) - set(ties):
        module_name, _, own_name = name.rpartition(".")
        module = model.get_submodule(module_name)
        tied = module.get_parameter(own_name)
        own = torch.nn.Parameter(tied.detach().clone(), requires_grad=tied.requires_grad)
        module.register_parameter(own_name, own)


def has_own_output_layer(model: PreTrainedModel) -> bool:
    """Return whether the output layer is not tied to the embeddings of targets."""
    outputs, inputs = model.get_output_embeddings(), model.get_decoder().get_input_embeddings()
    return outputs is not None and outputs.weight is not inputs.weight
