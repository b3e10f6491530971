"""torch.compile for training, where shapes are fixed; not for generation, where they grow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from t5tune.errors import T5TuneError


def compile_stacks(model: PreTrainedModel, *, by_block: bool = False) -> None:
    """Compile encoder and decoder in place, without changing weight names or the model's class.

    Args:
        model: A model of the T5 family, the only one whose rows can be packed.
        by_block: Whether each block is compiled by itself. Blocks share what the compiler makes,
            so that its time does not grow with their number, but a step has a call for each.

    Raises:
        T5TuneError: This machine lacks the compiler that torch calls.
    """
    # For a GPU, Triton compiles what launches its kernels.
    on_gpu = torch.cuda.is_available()
    variable, names = ("CC", ("gcc", "clang")) if on_gpu else ("CXX", ("g++", "clang++"))
    if not any(map(shutil.which, (os.environ.get(variable, ""), *names))):
        what, where = ("C", "GPU") if on_gpu else ("C++", "CPU")
        raise T5TuneError(
            f"training.torch_compile needs a {what} compiler on a {where}, and neither {names[0]} "
            f"nor {names[1]} is installed.",
            next_command="the same command with training.torch_compile=false",
        )
    stacks, blocks = _list_parts(model)
    for part in blocks if by_block else stacks:
        part.compile()


@contextmanager
def uncompiled(model: PreTrainedModel) -> Iterator[None]:
    """Run the model uncompiled inside the `with`: generation would compile for every length."""
    stacks, blocks = _list_parts(model)
    parts = [*stacks, *blocks]
    compiled = [part._compiled_call_impl for part in parts]
    for part in parts:
        part._compiled_call_impl = None
    try:
        yield
    finally:
        for part, call in zip(parts, compiled, strict=True):
            part._compiled_call_impl = call


def _list_parts(model: PreTrainedModel) -> tuple[list[torch.nn.Module], list[torch.nn.Module]]:
    """Return encoder and decoder, and the blocks of both; none for families without packed rows."""
    stacks = [model.get_encoder(), model.get_decoder()]
    return stacks, [block for stack in stacks for block in getattr(stack, "block", ())]
