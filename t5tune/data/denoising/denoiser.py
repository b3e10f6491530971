"""Examples from the tokens of plain text, each by its own draw."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from t5tune.data.augmentation.augmenter import draw_bits
from t5tune.data.denoising.corruption import corrupt_spans, count_spans, fill_masks
from t5tune.data.denoising.noise_tokens import find_mask, find_sentinels
from t5tune.data.pair_encoding import EncodedSide, PairEncoder
from t5tune.data.pairs import NumberedPairs, Pairs
from t5tune.data.token_sequences import flatten
from t5tune.data.truncation import count_added_at_end

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from t5tune.recipe.sections.denoise_section import DenoiseSection

TOPIC = "denoise"  # of the draws
Tokens = list[int]


class Denoiser:
    """Leaves spans out of texts.

    Args:
        tokenizer: Tokenizer of the model.
        section: Section of a recipe whose values are all chosen.
        divides: Whether a text that is too long becomes several examples; it is cut otherwise.

    Attributes:
        objective: Name of the objective.

    Raises:
        T5TuneError: The tokenizer lacks the tokens that stand for spans.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, section: DenoiseSection, *, divides: bool = False
    ) -> None:
        assert section.objective is not None  # chosen
        assert section.rate is not None
        self.objective: str = section.objective
        self._rate, self._mean_length = section.rate, section.mean_length
        self._seed = section.seed or 0
        self._divides = divides
        self._has_sentinels = section.objective == "span_corruption"
        self._sentinels = find_sentinels(tokenizer) if self._has_sentinels else []
        self._mask = 0 if self._has_sentinels else find_mask(tokenizer)

    def encode(
        self, encode: PairEncoder, chunk: NumberedPairs, round_: int
    ) -> tuple[EncodedSide, EncodedSide]:
        """Return the tokens of sources and targets; texts that are too long are cut or divided."""
        texts = chunk.pairs.sources
        # The spans are tokens of the source; of the targets, only what surrounds them is needed.
        given = [""] * len(texts) if self._has_sentinels else texts
        sources, targets = encode.tokenize(Pairs(texts, given))
        frames = _Frame(encode, side=0), _Frame(encode, side=1)
        most = self.longest_text(encode.limits, frames[0].length, frames[1].length)
        num_cut = 0
        sides: tuple[list[Tokens], list[Tokens]] = ([], [])
        for i, (source, target) in enumerate(zip(sources, targets, strict=True)):
            text, whole = frames[0].strip(source), frames[1].strip(target)
            num_cut += len(text) > most and not self._divides
            for start in range(0, max(len(text), 1) if self._divides else 1, most):
                part = slice(start, start + most)
                topic = f"{TOPIC} {start}" if start else TOPIC
                draw = Random(draw_bits(self._seed, round_, chunk.first + i, topic))
                left, missing = self._leave_out(text[part], draw)
                sides[0].append(frames[0].put_around(left, source))
                expected = missing if self._has_sentinels else whole[part]
                sides[1].append(frames[1].put_around(expected, target))
        return (
            EncodedSide(*flatten(sides[0]), num_cut),
            EncodedSide(*flatten(sides[1]), 0 if self._has_sentinels else num_cut),
        )

    def longest_text(self, limits: tuple[int, int], *around: int) -> int:
        """Return how many tokens a text may have so that both its sides are within the limits.

        Args:
            limits: Greatest number of tokens of a source and of a target.
            around: Number of tokens that surround a source and a target.
        """
        most_source, most_target = (
            max(limit - num, 1) for limit, num in zip(limits, around, strict=True)
        )
        if not self._has_sentinels:
            return min(most_source, most_target)
        length = int(most_source / (1 - self._rate)) + 1
        while length > 1:
            counts = count_spans(length, self._rate, self._mean_length, len(self._sentinels) - 1)
            in_source = length - counts.num_items + counts.num_spans
            in_target = counts.num_items + counts.num_spans + 1
            if in_source <= most_source and in_target <= most_target:
                break
            length -= 1
        return length

    def _leave_out(self, text: Sequence[int], draw: Random) -> tuple[Tokens, Tokens]:
        """Return what is left of a text, and the spans if they are the target."""
        if self._has_sentinels:
            return corrupt_spans(text, self._sentinels, self._rate, self._mean_length, draw)
        return fill_masks(text, self._mask, self._rate, self._mean_length, draw), []


class _Frame:
    """What surrounds the tokens of a text: special tokens, the prefix, a language."""

    def __init__(self, encode: PairEncoder, side: int) -> None:
        def encode_texts(texts: list[str]) -> list[Tokens]:
            return encode.tokenize(Pairs(texts, texts))[side]

        (nothing,) = encode_texts([""])
        self.length = len(nothing)
        self._num_last = count_added_at_end(encode_texts)
        self._num_first = self.length - self._num_last

    def strip(self, ids: Tokens) -> Tokens:
        return ids[self._num_first : len(ids) - self._num_last]

    def put_around(self, inner: Tokens, ids: Tokens) -> Tokens:
        """Return other tokens with what surrounds these."""
        return [*ids[: self._num_first], *inner, *ids[len(ids) - self._num_last :]]
