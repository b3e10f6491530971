from __future__ import annotations

import pytest
import torch

from t5tune.models.cpu.dropout import ByteDropout, use_byte_dropout


def test_every_element_is_dropped_equally_often() -> None:
    # Eight elements share one draw; a biased bit would show in one of the eight positions.
    torch.manual_seed(0)
    layer = ByteDropout(0.2).train()
    dropped = layer(torch.ones(400_003)) == 0
    for position in range(8):
        share = dropped[position::8].float().mean().item()
        assert abs(share - 51 / 256) < 0.006


def test_the_expectation_is_kept_and_the_gradient_uses_the_same_mask() -> None:
    torch.manual_seed(0)
    x = torch.ones(300_000, requires_grad=True)
    y = ByteDropout(0.1).train()(x)
    assert abs(y.mean().item() - 1.0) < 0.005
    y.sum().backward()
    assert x.grad is not None
    assert torch.equal(x.grad, y.detach())


def test_evaluation_and_zero_change_nothing() -> None:
    x = torch.randn(10)
    assert torch.equal(ByteDropout(0.5).eval()(x), x)
    assert torch.equal(ByteDropout(0.0).train()(x), x)


@pytest.mark.parametrize("p", [0.999, 1.0])
def test_where_everything_is_dropped_nothing_is_left(p: float) -> None:
    assert torch.equal(ByteDropout(p).train()(torch.ones(1000)), torch.zeros(1000))


def test_a_seed_gives_the_same_mask_twice() -> None:
    layer = ByteDropout(0.3).train()
    torch.manual_seed(5)
    first = layer(torch.ones(1000))
    torch.manual_seed(5)
    assert torch.equal(layer(torch.ones(1000)), first)


def test_all_layers_of_a_t5_are_replaced_and_its_weights_are_not_renamed() -> None:
    from transformers import T5Config, T5ForConditionalGeneration

    config = T5Config(vocab_size=20, d_model=8, d_kv=4, d_ff=16, num_layers=1, num_heads=2)
    model = T5ForConditionalGeneration(config)
    names = set(model.state_dict())
    use_byte_dropout(model)
    assert sum(isinstance(m, ByteDropout) for m in model.modules()) > 5
    assert not [m for m in model.modules() if type(m) is torch.nn.Dropout]
    assert set(model.state_dict()) == names
