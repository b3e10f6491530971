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
    # The fastest of several rounds: other programs may disturb any one of them.
    rounds = [(_time_product(torch.bfloat16), _time_product(torch.float32)) for _ in range(6)]
    bf16, fp32 = (min(seconds) for seconds in zip(*rounds[1:], strict=True))
    return bool(bf16 < 0.7 * fp32)


def _time_product(dtype: torch.dtype, size: int = 256) -> float:
    """Return the seconds that one product of two matrices of shape (size, size) takes."""
    matrix = torch.ones(size, size, dtype=dtype)
    start = time.perf_counter()
    torch.mm(matrix, matrix)
    return time.perf_counter() - start
