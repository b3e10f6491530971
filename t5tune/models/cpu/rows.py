"""Matrices with few different numbers of rows, for products in bfloat16 on a CPU.

oneDNN generates code for every shape of a product: 1 to 2 ms for each where it uses AMX, and a
batch of another number of tokens needs two dozen of them. Batches that are filled by tokens have a
number of their own nearly every time, so that this took a sixth of a step of a small T5
(docs/benchmarks.md). Rows of zeros at the end make the numbers repeat.
"""

from __future__ import annotations

import torch

_LEAST_STEP = 16
_STEPS_PER_OCTAVE = 8  # at most an eighth of the rows is added, a sixteenth on average


def round_rows(num: int, dtype: torch.dtype) -> int:
    """Return the number of rows that a matrix of `num` rows gets for its products."""
    if dtype != torch.bfloat16:  # other products need no code of their own
        return num
    step = max(_LEAST_STEP, (1 << num.bit_length()) // (2 * _STEPS_PER_OCTAVE))
    return -(-num // step) * step


def fill_rows(values: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Return a matrix in a dtype, with rows of zeros after its own; see `round_rows`.

    Args:
        values: Shape (num_rows, num_columns).
        dtype: Dtype of the result.
    """
    num = len(values)
    if num == round_rows(num, dtype):
        return values.to(dtype)
    filled = values.new_empty(round_rows(num, dtype), values.shape[1], dtype=dtype)
    filled[:num].copy_(values)
    filled[num:].zero_()
    return filled
