"""Segmentations of a word drawn by their probability under a unigram model (Kudo 2018)."""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Mapping
from functools import lru_cache
from itertools import accumulate
from random import Random

_CACHED_WORDS = 1 << 15
# For each end within a word: where the last piece may begin, and the cumulated weights of these.
_Lattice = list[tuple[list[int], list[float]]]


class UnigramSampling:
    """Draws segmentations.

    Args:
        scores: Logarithm of the probability of each piece.
        alpha: Exponent of the probabilities of segmentations; near 0 all are alike.
    """

    def __init__(self, scores: Mapping[str, float], alpha: float) -> None:
        self._scores = scores
        self._alpha = alpha
        self._longest = max(map(len, scores))
        self._lattice = lru_cache(_CACHED_WORDS)(self._build_lattice)

    def sample(self, word: str, draw: Random) -> list[str] | None:
        """Return the pieces of a word; None if the vocabulary cannot spell it."""
        lattice = self._lattice(word)
        if lattice is None:
            return None
        pieces = []
        end = len(word)
        while end:
            begins, weights = lattice[end]
            chosen = bisect(weights, draw.random() * weights[-1], hi=len(weights) - 1)
            begin = begins[chosen]
            pieces.append(word[begin:end])
            end = begin
        return pieces[::-1]

    def _build_lattice(self, word: str) -> _Lattice | None:
        """Sum forward over the segmentations of each beginning of the word."""
        total = [0.0]  # logarithm of the weight of all segmentations up to each position
        lattice: _Lattice = [([], [])]
        for end in range(1, len(word) + 1):
            begins, logs = [], []
            for begin in range(max(0, end - self._longest), end):
                score = self._scores.get(word[begin:end])
                if score is not None and total[begin] > -math.inf:
                    begins.append(begin)
                    logs.append(total[begin] + self._alpha * score)
            most = max(logs, default=-math.inf)
            weights = [math.exp(one - most) for one in logs]
            total.append(most + math.log(sum(weights)) if logs else -math.inf)
            lattice.append((begins, list(accumulate(weights))))
        return lattice if total[-1] > -math.inf else None
