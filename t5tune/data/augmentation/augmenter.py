"""The augmentation of a recipe: what becomes of each example in each round."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from random import Random
from typing import NamedTuple

import xxhash

from t5tune.data.augmentation.augmentation_kind import Change, Stage, TextPair
from t5tune.data.pairs import NUM_FOLLOWING, NumberedPairs

_WHOLE = 1 << 64


class Step(NamedTuple):
    """A kind with its share and what it does."""

    name: str
    stage: Stage
    share: float
    change: Change


class Augmented(NamedTuple):
    """An example after augmentation.

    Attributes:
        pair: Its texts.
        kinds: Names of the kinds that have changed it, in their order.
    """

    pair: TextPair
    kinds: Sequence[str]


class Augmenter:
    """Varies examples.

    Each kind draws for each example by itself, from the seed, the round and the number of the
    example, so that neither processes nor the order of reading nor other kinds matter.

    Args:
        steps: Kinds in the order in which they are applied.
        seed: Seed of all draws.
    """

    def __init__(self, steps: Sequence[Step], seed: int) -> None:
        self.steps = steps
        self._seed = seed
        cases = [step for step in steps if step.stage is Stage.LETTER_CASE]
        ends = list(accumulate(step.share for step in cases))
        # An example has one draw for all letter cases: the part of [0, 1) that is a kind's own.
        self._parts = {
            step.name: (end - step.share, end) for step, end in zip(cases, ends, strict=True)
        }

    def change(
        self, pair: TextPair, round_: int, number: int, following: Sequence[TextPair] = ()
    ) -> Augmented:
        """Return what becomes of an example.

        Args:
            pair: The example.
            round_: Number of the round, from 0.
            number: Number of the example in the data, from 0.
            following: Examples behind it, to be joined with.
        """
        kinds = []
        for step in self.steps:
            low, high = self._parts.get(step.name, (0.0, step.share))
            topic = step.stage.name if step.name in self._parts else step.name
            bits = draw_bits(self._seed, round_, number, topic)
            if low <= bits / _WHOLE < high:
                changed = step.change(pair, Random(bits), following)
                if changed != pair and changed.source.strip() and changed.target.strip():
                    pair = changed
                    kinds.append(step.name)
        return Augmented(pair, kinds)

    def change_all(self, chunk: NumberedPairs, round_: int) -> list[Augmented]:
        """Return what becomes of each example of a chunk."""
        given = [TextPair(*pair) for pair in zip(*chunk.pairs, strict=True)]
        behind = given + [TextPair(*pair) for pair in zip(*chunk.following, strict=True)]
        return [
            self.change(pair, round_, chunk.first + i, behind[i + 1 : i + 1 + NUM_FOLLOWING])
            for i, pair in enumerate(given)
        ]


def draw_bits(seed: int, round_: int, number: int, topic: str) -> int:
    """Return 64 random bits for an example in a round and what they are for."""
    return xxhash.xxh3_64_intdigest(f"{seed} {round_} {number} {topic}".encode())
