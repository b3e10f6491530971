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
        T5TuneError: The CPU has no C++ compiler.
    """
    compilers = (os.environ.get("CXX", ""), "g++", "clang++")
    if not torch.cuda.is_available() and not any(map(shutil.which, compilers)):
        raise T5TuneError(
            "training.torch_compile needs a C++ compiler on a CPU, and neither g++ nor clang++ is "
            "installed.",
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
