from __future__ import annotations

import pytest
import torch

from t5tune.training.preparation import precision


@pytest.mark.parametrize(
    ("short", "long", "gains"),
    [
        ((1.0, 1.0), (0.3, 1.0), True),  # another program has disturbed the short products
        ((0.3, 1.0), (0.9, 1.0), False),
        ((100.0, 1.0), None, False),  # no processor for bfloat16: the long ones would take minutes
    ],
)
def test_long_products_decide_unless_short_ones_already_do(
    monkeypatch: pytest.MonkeyPatch,
    short: tuple[float, float],
    long: tuple[float, float] | None,
    gains: bool,
) -> None:
    def time_product(dtype: torch.dtype, size: int) -> float:
        times = {256: short, 512: long}[size]
        assert times is not None, "the long products ran"
        return times[dtype == torch.float32]

    monkeypatch.setattr(precision, "_time_product", time_product)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert precision.measure_bf16() is gains


def test_it_takes_no_time() -> None:
    assert precision._time_product(torch.float32, 64) < 1.0
    assert isinstance(precision.measure_bf16(), bool)
