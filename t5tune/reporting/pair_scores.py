"""Scores of given pairs as people and programs read them."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

from t5tune import __version__
from t5tune.console import say
from t5tune.decoding.scored_pairs import ScoredPair

if TYPE_CHECKING:
    from t5tune.decoding.opened_model import OpenedModel

SCHEMA_VERSION = 1
# Everything that changes the numbers besides the model and its engine.
SIGNATURE = f"log:e|eos:counted|told:not_counted|version:t5tune-{__version__}"


class PairTotals:
    """Sums over all pairs."""

    def __init__(self) -> None:
        self.num_pairs = 0
        self.num_tokens = 0
        self._log_probabilities: list[float] = []

    def add(self, pair: ScoredPair) -> None:
        """Count a pair."""
        self.num_pairs += 1
        self.num_tokens += pair.num_tokens
        self._log_probabilities.append(pair.log_probability)

    @property
    def log_probability(self) -> float:
        """Sum over all tokens."""
        return math.fsum(self._log_probabilities)

    @property
    def per_token(self) -> float:
        """Mean over all tokens."""
        return self.log_probability / self.num_tokens

    def say(self) -> None:
        """Say them on stderr."""
        say(
            f"scored: {self.num_pairs:,} pairs, {self.num_tokens:,} tokens, "
            f"{self.per_token:.4f} per token (perplexity {math.exp(-self.per_token):.2f})"
        )


def format_line(pair: ScoredPair) -> str:
    """Return the sum, the mean per token and the number of tokens, between tabs."""
    return f"{pair.log_probability:.6f}\t{pair.per_token:.6f}\t{pair.num_tokens}"


def format_pair(source: str, target: str, pair: ScoredPair) -> str:
    """Return a pair as one line of JSON."""
    return json.dumps(_pair_to_json(source, target, pair), ensure_ascii=True)


def format_pairs(
    model: OpenedModel, sources: Sequence[str], targets: Sequence[str], pairs: Sequence[ScoredPair]
) -> str:
    """Return all pairs and their totals as one JSON object."""
    totals = PairTotals()
    for pair in pairs:
        totals.add(pair)
    value = {
        "schema_version": SCHEMA_VERSION,
        "model": model.name,
        "engine": model.engine,
        "signature": SIGNATURE,
        "num_pairs": totals.num_pairs,
        "num_tokens": totals.num_tokens,
        "log_probability": totals.log_probability,
        "per_token": totals.per_token,
        "num_sources_cut": sum(pair.source_is_cut for pair in pairs),
        "num_targets_cut": sum(pair.target_is_cut for pair in pairs),
        "pairs": [
            _pair_to_json(source, target, pair)
            for source, target, pair in zip(sources, targets, pairs, strict=True)
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False)


def _pair_to_json(source: str, target: str, pair: ScoredPair) -> dict[str, object]:
    return {
        "source": source,
        "target": target,
        "log_probability": pair.log_probability,
        "per_token": pair.per_token,
        "num_tokens": pair.num_tokens,
        "source_is_cut": pair.source_is_cut,
        "target_is_cut": pair.target_is_cut,
        "tokens": [
            {"token": token, "log_probability": value}
            for token, value in zip(pair.tokens, pair.log_probabilities, strict=True)
        ],
    }
