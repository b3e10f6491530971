"""The precision in which this machine computes faster."""

from __future__ import annotations

import time

import torch

from t5tune.console import track


@track("measuring whether bf16 is faster")
def measure_bf16() -> bool:
    """Return whether this machine gains by computing in bfloat16.

    The capability of a GPU decides, or the time of a product of two matrices on a CPU, because
    some processors run bfloat16 a hundred times slower than float32.
    """
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    bf16, fp32 = _fastest(6, size=256)
    if bf16 < 4 * fp32:  # near enough for other programs to have decided such a short race
        bf16, fp32 = _fastest(20, size=512)
    return bool(bf16 < 0.7 * fp32)


def _fastest(num_rounds: int, size: int) -> tuple[float, float]:
    """Return the least seconds of a product in bfloat16 and in fp32; the first round warms up."""
    dtypes = (torch.bfloat16, torch.float32)
    rounds = [tuple(_time_product(dtype, size) for dtype in dtypes) for _ in range(num_rounds)]
    bf16, fp32 = (min(seconds) for seconds in zip(*rounds[1:], strict=True))
    return bf16, fp32


def _time_product(dtype: torch.dtype, size: int) -> float:
    """Return the seconds that one product of two matrices of shape (size, size) takes."""
    matrix = torch.ones(size, size, dtype=dtype)
    start = time.perf_counter()
    torch.mm(matrix, matrix)
    return time.perf_counter() - start
