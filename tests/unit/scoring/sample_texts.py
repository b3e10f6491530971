"""Generate random texts with punctuation, empty lines and several references, reproducibly."""

from __future__ import annotations

import random

from t5tune.scoring.registry import METRICS, is_computed_here

OWN_METRICS = tuple(filter(is_computed_here, METRICS))

_WORDS = ["a", "b", "c", "dog", "Dog", "(man)", "unexpected.", "bites,", ".", "x"]


class SampleTexts:
    """Hold references, and systems that garble them.

    Args:
        seed: Of everything.
        num_examples: How many.
        num_references: For each example.
    """

    def __init__(self, seed: int, num_examples: int, num_references: int = 1) -> None:
        self._random = random.Random(seed)
        self.references = [
            [self._text() for _ in range(num_references)] for _ in range(num_examples)
        ]

    @property
    def streams(self) -> list[list[str]]:
        """Return the references in sacreBLEU's order."""
        return [list(stream) for stream in zip(*self.references, strict=True)]

    def system(self, error_rate: float = 0.2) -> list[str]:
        """Return hypotheses with a given share of wrong words."""
        return [self._garble(of_one[0], error_rate) for of_one in self.references]

    def _text(self) -> str:
        return " ".join(self._random.choices(_WORDS, k=self._random.choice([0, 1, 2, 3, 7, 12])))

    def _garble(self, text: str, error_rate: float) -> str:
        words = text.split()
        if self._random.random() < error_rate:
            self._random.shuffle(words)
        return " ".join(
            self._random.choice(_WORDS) if self._random.random() < error_rate else word
            for word in words
        )
