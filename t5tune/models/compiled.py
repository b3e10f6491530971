"""torch.compile for training, where shapes are fixed; not for generation, where they grow."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import torch
from transformers import PreTrainedModel

from t5tune.errors import T5TuneError


def compile_stacks(model: PreTrainedModel) -> None:
    """Compile encoder and decoder in place, without changing weight names or the model's class.

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
    for stack in (model.get_encoder(), model.get_decoder()):
        stack.compile()


@contextmanager
def uncompiled(model: PreTrainedModel) -> Iterator[None]:
    """Run the stacks uncompiled inside the block: generation would compile for every length."""
    stacks = (model.get_encoder(), model.get_decoder())
    compiled = [stack._compiled_call_impl for stack in stacks]
    for stack in stacks:
        stack._compiled_call_impl = None
    try:
        yield
    finally:
        for stack, call in zip(stacks, compiled, strict=True):
            stack._compiled_call_impl = call
