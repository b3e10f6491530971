"""The same numbers each time on a GPU, where the fastest kernels add up in any order.

On a CPU torch's kernels always add up in the same order.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch

from t5tune.console import say
from t5tune.distributed.torch_import import CUBLAS_WORKSPACE


@contextmanager
def deterministic_kernels(*, enabled: bool = True) -> Iterator[None]:
    """Let a GPU use only kernels that give the same bits each time, while the block runs.

    Without it, the backward of fused attention adds up with atomic operations: a seed would not
    give the same run twice, and a resumed run would differ from an uninterrupted one.
    """
    if not enabled or not torch.cuda.is_available():
        yield
        return
    os.environ.setdefault(*CUBLAS_WORKSPACE)
    mode = torch.get_deterministic_debug_mode()
    settings: Any = torch.utils.deterministic  # torch sets its attribute where mypy does not look
    fills = settings.fill_uninitialized_memory
    torch.use_deterministic_algorithms(True)
    settings.fill_uninitialized_memory = False  # it looks for bugs, and costs time
    try:
        if not _can_multiply():
            torch.set_deterministic_debug_mode(mode)
            say(
                "warning: cuBLAS began in this process without room for reproducible products; "
                "the run may differ in the last digits from one with "
                f"{'='.join(CUBLAS_WORKSPACE)} in the environment"
            )
        yield
    finally:
        torch.set_deterministic_debug_mode(mode)
        settings.fill_uninitialized_memory = fills


def _can_multiply() -> bool:
    """Return whether torch agrees to multiply; it looks at the environment only once."""
    matrix = torch.ones(2, 2, device="cuda")
    try:
        torch.mm(matrix, matrix)
    except RuntimeError as error:
        if CUBLAS_WORKSPACE[0] not in str(error):
            raise
        return False
    return True
