"""Tokenization of training pairs in rounds, each of which varies every example anew."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import chain
from random import Random
from typing import Any, NamedTuple

from t5tune.data.augmentation.augmenter import Augmenter, draw_bits
from t5tune.data.denoising.denoiser import Denoiser
from t5tune.data.pair_encoding import EncodedSide, PairEncoder
from t5tune.data.pairs import NumberedPairs, Pairs
from t5tune.data.subwords.sampler import SubwordSampler

SUBWORD = "subword"
_WHOLE = 1 << 64


class Encoded(NamedTuple):
    """Pairs as tokens.

    Attributes:
        sides: Tokens of sources and of targets.
        changed: Number of examples that each kind has changed, by its name.
        num_too_long: Number of examples that stay as they are, because changed they are too long.
    """

    sides: tuple[EncodedSide, EncodedSide]
    changed: Counter[str]
    num_too_long: int


class SubwordDraw(NamedTuple):
    """Subword sampling of the two sides, one or both.

    Attributes:
        samplers: Samplers of sources and targets; None for a side that stays as it is.
        share: Share of the examples.
        seed: Seed of all draws.
    """

    samplers: tuple[SubwordSampler, SubwordSampler | None]
    share: float
    seed: int


@dataclass(frozen=True)
class Rounds:
    """Variants of the training data.

    Attributes:
        num: Number of variants.
        identity: What decides them beside the data and its tokens, as JSON values; None without
            augmentation.
        augmenter: What becomes of each example.
        subwords: Sampling of subwords, if any.
        denoiser: What makes examples of plain text, if the data is that.
    """

    num: int = 1
    identity: dict[str, Any] | None = None
    augmenter: Augmenter = field(default_factory=lambda: Augmenter((), 0))
    subwords: SubwordDraw | None = None
    denoiser: Denoiser | None = None

    def encode(self, encode: PairEncoder, chunk: NumberedPairs, round_: int) -> Encoded:
        """Return the tokens of pairs in a round; of the pairs as they are without augmentation.

        An example that a change makes longer than a limit stays as it is.
        """
        if self.identity is None:
            return Encoded(encode.encode_pairs(chunk.pairs), Counter(), 0)
        if self.denoiser is not None:
            denoised = self.denoiser.encode(encode, chunk, round_)
            counts = Counter({self.denoiser.objective: len(denoised[0].lengths)})
            return Encoded(denoised, counts, 0)
        pairs, kinds = self._change(chunk, round_)
        sides = encode.tokenize(pairs)
        sampled = self._resample(sides, encode.limits, chunk.first, round_)
        limits = encode.limits
        too_long = [
            i
            for i, names in enumerate(kinds)
            if names
            and any(len(side[i]) > limit for side, limit in zip(sides, limits, strict=True))
        ]
        if too_long:
            unchanged = Pairs(*([side[i] for i in too_long] for side in chunk.pairs))
            for side, clean in zip(sides, encode.tokenize(unchanged), strict=True):
                for i, ids in zip(too_long, clean, strict=True):
                    side[i] = ids
            for i in too_long:
                kinds[i] = ()
        changed = Counter(chain.from_iterable(kinds))
        changed[SUBWORD] = len(sampled - set(too_long))
        return Encoded(encode.shorten(sides), +changed, len(too_long))

    def _change(self, chunk: NumberedPairs, round_: int) -> tuple[Pairs, list[Sequence[str]]]:
        """Return the pairs after augmentation, and the kinds that have changed each."""
        changed = self.augmenter.change_all(chunk, round_)
        pairs = Pairs([one.pair.source for one in changed], [one.pair.target for one in changed])
        return pairs, [one.kinds for one in changed]

    def _resample(
        self,
        sides: tuple[list[list[int]], list[list[int]]],
        limits: tuple[int, int],
        first: int,
        round_: int,
    ) -> set[int]:
        """Draw other pieces where they are not too many; return which examples have them."""
        sampled: set[int] = set()
        if self.subwords is None:
            return sampled
        samplers, share, seed = self.subwords
        for i in range(len(sides[0])):
            bits = draw_bits(seed, round_, first + i, SUBWORD)
            if bits / _WHOLE >= share:
                continue
            draw = Random(bits)
            for side, sampler, limit in zip(sides, samplers, limits, strict=True):
                ids = side[i] if sampler is None else sampler.resample(side[i], draw)
                if ids != side[i] and len(ids) <= limit:
                    side[i] = ids
                    sampled.add(i)
        return sampled


NO_AUGMENTATION = Rounds()


@dataclass
class RoundCounts:
    """Counts over all rounds.

    Attributes:
        changed: Number of examples that each kind has changed.
        num_too_long: Number of examples that stay as they are, because changed they are too long.
        num_examples: Number of examples.
    """

    changed: Counter[str] = field(default_factory=Counter)
    num_too_long: int = 0
    num_examples: int = 0

    def add(self, encoded: Encoded) -> None:
        """Count some pairs of a round."""
        self.changed += encoded.changed
        self.num_too_long += encoded.num_too_long
        self.num_examples += len(encoded.sides[0].lengths)

    def to_json(self, num_rounds: int, num_kept: int) -> dict[str, Any]:
        """Return the counts as a store's manifest has them.

        Args:
            num_rounds: Number of rounds.
            num_kept: Number of pairs in the data; texts that are divided give more examples.
        """
        changed = dict(sorted(self.changed.items()))
        counts = {"rounds": num_rounds, "changed": changed, "too_long": self.num_too_long}
        num_examples = self.num_examples // num_rounds
        return counts if num_examples == num_kept else {**counts, "num_examples": num_examples}
