"""The sizes of a T5, and what follows from them: weights, operations, memory for activations."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class ModelShape:
    """Sizes of a T5, mT5 or UMT5, with the names of its configuration.

    Attributes:
        num_layers: Blocks of the encoder.
        num_decoder_layers: Blocks of the decoder.
        is_gated: Whether the feed-forward layer has a gate, a third matrix (T5 1.1, mT5).
        is_tied: Whether the output layer is the embedding.
        num_buckets: Relative positions that have a bias for each head, once per stack.
    """

    d_model: int
    d_kv: int
    d_ff: int
    num_heads: int
    num_layers: int
    num_decoder_layers: int
    vocab_size: int = 32128
    is_gated: bool = False
    is_tied: bool = True
    num_buckets: int = 32

    @classmethod
    def of(cls, config: Any) -> ModelShape:
        """Return the shape that a `transformers.T5Config` or `MT5Config` describes."""
        return cls(
            config.d_model, config.d_kv, config.d_ff, config.num_heads, config.num_layers,
            config.num_decoder_layers, config.vocab_size, bool(config.is_gated_act),
            bool(config.tie_word_embeddings), config.relative_attention_num_buckets,
        )  # fmt: skip

    @property
    def _projection(self) -> int:
        """Weights of one of the four matrices of an attention layer."""
        return self.d_model * self.num_heads * self.d_kv

    @property
    def _feed_forward(self) -> int:
        return (3 if self.is_gated else 2) * self.d_model * self.d_ff

    @property
    def blocks(self) -> list[int]:
        """Weights of each block, encoder first; the first of a stack has its position biases."""
        biases = self.num_buckets * self.num_heads
        encoder = 4 * self._projection + self._feed_forward + 2 * self.d_model
        decoder = 8 * self._projection + self._feed_forward + 3 * self.d_model
        stacks = ((encoder, self.num_layers), (decoder, self.num_decoder_layers))
        return [size + (i == 0) * biases for size, number in stacks for i in range(number)]

    @property
    def outside_blocks(self) -> int:
        """Weights of embedding, output layer and the last norms."""
        matrices = 1 if self.is_tied else 2
        return matrices * self.vocab_size * self.d_model + 2 * self.d_model

    @property
    def num_weights(self) -> int:
        return sum(self.blocks) + self.outside_blocks

    def count_flops(self, sources: Iterable[int], targets: Iterable[int]) -> float:
        """Return the floating-point operations that a step needs, forward and backward.

        They are two per weight and token forward and four backward; attention's two products go by
        the squares of lengths (Chowdhery et al. 2022, appendix B, for encoder and decoder).
        Padding, masks of packed rows, recomputation and the optimizer are not useful work and are
        not counted.

        Args:
            sources: Number of source tokens of each example.
            targets: Number of target tokens of each example.
        """
        pairs = [(float(s), float(t)) for s, t in zip(sources, targets, strict=True)]
        inner, projection = self.num_heads * self.d_kv, self._projection
        s, t = sum(a for a, _ in pairs), sum(b for _, b in pairs)
        squares = sum(a * a for a, _ in pairs)
        encoder = (4 * projection + self._feed_forward) * s + 2 * inner * squares
        decoder = (
            (6 * projection + self._feed_forward) * t
            + 2 * projection * s
            + 2 * inner * sum(b * b + a * b for a, b in pairs)
        )
        output = self.d_model * self.vocab_size * t
        return 6 * (self.num_layers * encoder + self.num_decoder_layers * decoder + output)

    def count_activation_bytes(self, num_source_tokens: int, num_target_tokens: int) -> float:
        """Return the bytes that a forward pass in bf16 keeps on a GPU for the backward pass.

        A norm keeps its input and its result in fp32 (8 bytes per feature), each product the bf16
        copy of its input (2, and autocast makes one for each of query, key and value), dropout a
        byte; fused attention keeps query, key, value and result, the feed-forward layer two
        vectors in bf16 and a byte, and with a gate five more. Masks and position biases, which go
        by squares of lengths, and the loss, which is computed in pieces, are left out.
        """
        gate = 1 if self.is_gated else 0
        inner, feed_forward = self.num_heads * self.d_kv, (5 + 10 * gate) * self.d_ff
        encoder = (26 + 2 * gate) * self.d_model + 8 * inner + feed_forward
        decoder = (37 + 2 * gate) * self.d_model + 12 * inner + feed_forward
        across = 4 * self.d_model + 4 * inner  # keys and values of the encoder's output
        return (
            self.num_layers * encoder + self.num_decoder_layers * across
        ) * num_source_tokens + self.num_decoder_layers * decoder * num_target_tokens


# The configurations of google-t5/t5-* (Raffel et al. 2020, section 3.7).
T5_SHAPES = {
    "t5-small": ModelShape(512, 64, 2048, 8, 6, 6),
    "t5-base": ModelShape(768, 64, 3072, 12, 12, 12),
    "t5-large": ModelShape(1024, 64, 4096, 16, 24, 24),
    "t5-3b": ModelShape(1024, 128, 16384, 32, 24, 24),
    "t5-11b": ModelShape(1024, 128, 65536, 128, 24, 24),
}
