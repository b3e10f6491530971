"""Test that the fast sublayers equal the library's layers, forward and backward."""

from __future__ import annotations

import functools
from typing import Any

import pytest
import torch
from transformers import (
    BartConfig,
    BartForConditionalGeneration,
    MT5Config,
    MT5ForConditionalGeneration,
    PreTrainedModel,
    T5Config,
    T5ForConditionalGeneration,
)

from t5tune.models.cpu.dropout import use_byte_dropout
from t5tune.models.cpu.fast_t5 import use_fast_sublayers
from t5tune.models.packed import accept_packed_rows

SIZES = {
    "vocab_size": 50, "d_model": 32, "d_kv": 8, "d_ff": 64, "num_layers": 2, "num_heads": 4,
    "decoder_start_token_id": 0,
}  # fmt: skip


def build(family: str, dropout: float = 0.0, **others: Any) -> PreTrainedModel:
    torch.manual_seed(0)
    if family == "mt5":
        config = MT5Config(**SIZES, dropout_rate=dropout, **others)
        return MT5ForConditionalGeneration(config).train()
    return T5ForConditionalGeneration(T5Config(**SIZES, dropout_rate=dropout, **others)).train()


def count_replaced(model: PreTrainedModel) -> int:
    return sum(isinstance(part.forward, functools.partial) for part in model.modules())


def batch(padded: bool) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    sources = torch.randint(3, 50, (3, 7), generator=generator)
    targets = torch.randint(3, 50, (3, 5), generator=generator)
    mask = torch.ones_like(sources)
    if padded:
        mask[0, 4:] = mask[2, 2:] = 0
    return {"input_ids": sources, "attention_mask": mask, "labels": targets}


def loss_and_gradients(
    model: PreTrainedModel, inputs: dict[str, torch.Tensor], bf16: bool = False
) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    model.zero_grad()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        loss = model(**inputs, use_cache=False).loss
    loss.backward()
    return loss.detach(), {n: p.grad.clone() for n, p in model.named_parameters()}


@pytest.mark.parametrize("padded", [False, True])
@pytest.mark.parametrize(
    ("family", "settings"),
    [
        ("t5", {}),
        ("t5", {"feed_forward_proj": "gated-gelu"}),
        ("mt5", {"tie_word_embeddings": False}),
        ("t5", {"_attn_implementation": "eager"}),
    ],
)
def test_loss_and_gradients_are_those_of_the_plain_layers(
    family: str, settings: dict[str, Any], padded: bool
) -> None:
    model, inputs = build(family, **settings), batch(padded)
    loss, gradients = loss_and_gradients(model, inputs)
    use_fast_sublayers(model)
    assert count_replaced(model) == 2 * 2 + 2 * 3
    fast_loss, fast_gradients = loss_and_gradients(model, inputs)
    torch.testing.assert_close(fast_loss, loss, rtol=1e-5, atol=1e-6)
    assert fast_gradients.keys() == gradients.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(fast_gradients[name], gradient, rtol=1e-4, atol=1e-5)


def test_the_layers_really_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    model = build("t5")
    use_fast_sublayers(model)
    attention = type(model.encoder.block[0].layer[0].SelfAttention)

    def refuse(*_: Any, **__: Any) -> None:
        raise AssertionError("the library's attention ran")

    monkeypatch.setattr(attention, "forward", refuse)
    loss_and_gradients(model, batch(True))
    model.eval()
    with pytest.raises(AssertionError, match="the library's attention ran"):
        model(**batch(True))


@pytest.mark.parametrize("settings", [{}, {"feed_forward_proj": "gated-gelu"}])
def test_bf16_is_as_near_to_fp32_as_the_plain_layers_bf16(settings: dict[str, Any]) -> None:
    model, inputs = build("t5", **settings), batch(True)
    _, exact = loss_and_gradients(model, inputs)
    _, plain = loss_and_gradients(model, inputs, bf16=True)
    use_fast_sublayers(model)
    _, fast = loss_and_gradients(model, inputs, bf16=True)

    def distance(gradients: dict[str, torch.Tensor]) -> float:
        squares = sum((gradients[n] - exact[n]).square().sum() for n in exact)
        return float(squares / sum(g.square().sum() for g in exact.values())) ** 0.5

    assert 0 < distance(fast) < 1.2 * distance(plain) < 0.1


def test_packed_rows_see_their_own_segment_only() -> None:
    model = build("t5")
    accept_packed_rows(model)
    generator = torch.Generator().manual_seed(2)
    ids = torch.randint(3, 50, (2, 8), generator=generator)
    segments = torch.tensor([[1, 1, 1, 2, 2, 2, 3, 0], [1, 1, 2, 2, 2, 2, 0, 0]])
    inputs = {
        "input_ids": ids, "decoder_input_ids": ids, "source_segments": segments,
        "target_segments": segments,
    }  # fmt: skip

    def gradients() -> dict[str, torch.Tensor]:
        model.zero_grad()
        model(**inputs).logits[segments > 0].square().mean().backward()
        return {n: p.grad.clone() for n, p in model.named_parameters()}

    plain = gradients()
    use_fast_sublayers(model)
    for name, gradient in gradients().items():
        torch.testing.assert_close(gradient, plain[name], rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("activation", ["relu", "gated-gelu"])
def test_dropout_gradients_agree_with_differences(activation: str) -> None:
    """With fixed random numbers the loss is a function, and differences give its slope."""
    model = build("t5", dropout=0.2, feed_forward_proj=activation)
    use_byte_dropout(model)
    use_fast_sublayers(model)
    inputs = batch(True)

    def loss_at(distance: float) -> torch.Tensor:
        torch.manual_seed(3)
        with torch.no_grad():
            for name, weight in weights.items():
                directions = 0 if distance == 0 else steepest[name] * distance
                model.get_parameter(name).copy_(weight + directions)
        result: torch.Tensor = model(**inputs, use_cache=False).loss
        return result

    weights = {n: p.detach().clone() for n, p in model.named_parameters()}
    loss_at(0.0).backward()
    norm = sum(p.grad.square().sum() for p in model.parameters()) ** 0.5
    steepest = {n: p.grad / norm for n, p in model.named_parameters()}
    slope = float((loss_at(2e-3) - loss_at(-2e-3)).detach()) / 4e-3
    assert slope == pytest.approx(float(norm), rel=0.01)


def test_checkpointing_changes_nothing() -> None:
    model = build("t5", dropout=0.2)
    use_byte_dropout(model)
    use_fast_sublayers(model)

    def gradients() -> dict[str, torch.Tensor]:
        torch.manual_seed(4)
        return loss_and_gradients(model, batch(True))[1]

    whole = gradients()
    model.gradient_checkpointing_enable({"use_reentrant": False})
    for name, gradient in gradients().items():
        assert torch.equal(gradient, whole[name])


def test_no_tensor_is_kept_where_checkpointing_does_not_see_it() -> None:
    """A tensor that a function keeps as an attribute stays in memory despite checkpointing."""
    model = build("t5", dropout=0.2)
    use_fast_sublayers(model)
    waiting, own = [model(**batch(True), use_cache=False).loss.grad_fn], {}
    while waiting:
        node = waiting.pop()
        if node is not None and id(node) not in own:
            own[id(node)] = node
            waiting += [following for following, _ in node.next_functions]
    kept = [
        vars(n) for n in own.values() if n.name() in ("AttentionBackward", "FeedForwardBackward")
    ]
    assert len(kept) == 10
    for attributes in kept:
        parts = [
            part
            for value in attributes.values()
            for part in (value if isinstance(value, tuple) else [value])
        ]
        assert not [part for part in parts if isinstance(part, torch.Tensor)]


def test_generation_and_a_cache_are_left_to_the_library() -> None:
    model = build("t5").eval()
    ids = batch(False)["input_ids"]
    before = model.generate(ids, max_new_tokens=5)
    use_fast_sublayers(model)
    assert torch.equal(model.generate(ids, max_new_tokens=5), before)
    assert torch.equal(model.train().generate(ids, max_new_tokens=5), before)


def test_other_families_are_left_alone() -> None:
    config = BartConfig(
        vocab_size=50, d_model=16, encoder_layers=1, decoder_layers=1, encoder_ffn_dim=16,
        decoder_ffn_dim=16, encoder_attention_heads=2, decoder_attention_heads=2,
    )  # fmt: skip
    for model in (
        BartForConditionalGeneration(config),
        build("t5", feed_forward_proj="gated-silu"),
    ):
        use_fast_sublayers(model)
        assert count_replaced(model) == 0
