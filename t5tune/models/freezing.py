"""Freezing: parts of a model whose weights are not trained."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import torch
from transformers import PreTrainedModel

from t5tune.errors import T5TuneError

_POSITIONS = "embed_positions"  # learned positions, as BART names them
_LAYER_LISTS = ("block", "layers")  # names of a stack's layers, T5's and everyone else's


def freeze_parts(model: PreTrainedModel, parts: Sequence[str]) -> None:
    """Freeze parts of a model, named as in the recipe.

    Raises:
        T5TuneError: The model has no such layers, or nothing is left to train.
    """
    frozen = {id(p) for part in parts for p in _parameters_of(model, part)}
    freeze(p for p in model.parameters() if id(p) in frozen)
    if not any(p.requires_grad for p in model.parameters()):
        raise T5TuneError(
            "model.freeze leaves nothing to train.", next_command="name fewer parts in model.freeze"
        )


def freeze(parameters: Iterable[torch.nn.Parameter]) -> None:
    """Freeze parameters."""
    for parameter in parameters:
        parameter.requires_grad_(False)


def _parameters_of(model: PreTrainedModel, part: str) -> Iterator[torch.nn.Parameter]:
    """Yield the parameters of a part.

    The embeddings are those of tokens and positions, with the output layer where it has the same
    weights; a stack is everything else in it.
    """
    embeddings = {
        id(p)
        for stack in (model.get_encoder(), model.get_decoder())
        for module in (stack.get_input_embeddings(), getattr(stack, _POSITIONS, None))
        if module is not None
        for p in module.parameters()
    }
    if part == "embeddings":
        yield from (p for p in model.parameters() if id(p) in embeddings)
        return
    side, _, layers = part.partition(".layers.")
    stack = model.get_encoder() if side == "encoder" else model.get_decoder()
    modules = [stack] if not layers else _find_layers(stack, layers, part)
    for module in modules:
        yield from (p for p in module.parameters() if id(p) not in embeddings)


def _find_layers(stack: torch.nn.Module, numbers: str, part: str) -> Sequence[torch.nn.Module]:
    lists = [
        module
        for name, module in stack.named_modules()
        if isinstance(module, torch.nn.ModuleList)
        and name.rpartition(".")[2] in _LAYER_LISTS
        and "vision_tower" not in name  # T5Gemma 2 reads images too
    ]
    all_layers = list(lists[0]) if lists else []
    first, _, last = numbers.partition("-")
    start, end = int(first), int(last or first)
    if not start <= end < len(all_layers):
        raise T5TuneError(
            f"model.freeze: {part}: the layers of this model's {part.partition('.')[0]} are 0 to "
            f"{len(all_layers) - 1}.",
            next_command="correct model.freeze in the recipe",
        )
    return all_layers[start : end + 1]
