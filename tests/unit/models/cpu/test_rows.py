"""Test that products in bfloat16 have shapes that repeat, and rows of zeros change nothing."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from transformers import T5Config, T5ForConditionalGeneration

from t5tune.models.cpu.fast_t5 import use_fast_sublayers
from t5tune.models.cpu.rows import fill_rows, round_rows
from t5tune.models.output_layer import without_output_layer
from t5tune.training.step.loss import sum_token_losses_chunked


def test_few_rows_are_added_and_their_numbers_are_few() -> None:
    numbers = range(1, 5000)
    rounded = [round_rows(num, torch.bfloat16) for num in numbers]
    assert all(num <= more < num * 9 / 8 + 16 for num, more in zip(numbers, rounded, strict=True))
    assert rounded == sorted(rounded)
    assert len(set(rounded)) < 60
    assert [round_rows(more, torch.bfloat16) for more in rounded] == rounded
    assert [round_rows(num, torch.float32) for num in numbers] == list(numbers)


@pytest.mark.parametrize("num", [0, 1, 16, 17])
def test_added_rows_are_zero(num: int) -> None:
    values = torch.randn(num, 3)
    filled = fill_rows(values, torch.bfloat16)
    assert filled.shape == (round_rows(num, torch.bfloat16), 3)
    assert filled[:num].equal(values.bfloat16())
    assert not filled[num:].any()


class ShapesOfProducts(TorchDispatchMode):
    """Collects the shapes of the operands of matrix products in bfloat16."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[tuple[torch.Size, ...]] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = str(func)
        if "aten.mm" in name or "aten.addmm" in name:
            tensors = [one for one in args if isinstance(one, torch.Tensor)]
            if tensors[0].dtype == torch.bfloat16:
                self.found.add(tuple(one.shape for one in tensors))
        return func(*args, **(kwargs or {}))


def train_on(model: Any, num_examples: int, length: int) -> set[tuple[torch.Size, ...]]:
    ids = torch.randint(3, 50, (num_examples, length))
    with ShapesOfProducts() as shapes:
        with torch.autocast("cpu", torch.bfloat16), without_output_layer(model) as weight:
            hidden = model(input_ids=ids, decoder_input_ids=ids, use_cache=False).logits
        sum_token_losses_chunked(hidden.bfloat16(), weight, ids).backward()
    return shapes.found


def test_batches_of_other_sizes_have_products_of_the_same_shapes() -> None:
    config = T5Config(
        vocab_size=50, d_model=32, d_kv=8, d_ff=64, num_layers=1, num_heads=4, dropout_rate=0.1,
        decoder_start_token_id=0,
    )  # fmt: skip
    model = T5ForConditionalGeneration(config).train()
    use_fast_sublayers(model)
    shapes = train_on(model, 13, 20)
    assert len(shapes) == 12
    assert train_on(model, 11, 25) == train_on(model, 17, 16) == shapes
