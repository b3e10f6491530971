"""Probabilities of given targets: what an engine returns for a pair, and what it is asked for.

Imports no model library, because exports use it too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

LONGEST_TARGET = 1024  # tokens; a line of a megabyte must not take all memory
TOKENS_PER_BATCH = 4096  # of sources and targets, padding included


@dataclass(frozen=True)
class ScoredPair:
    """What a model thinks of one target as the output for one source.

    The end of sequence is one of the tokens. A token that the model is told and does not choose,
    such as the target language's, is not.

    Attributes:
        tokens: Tokens of the target.
        log_probabilities: Natural logarithm of the probability of each token, given the source
            and the tokens before it.
        source_is_cut: Whether the source was longer than the model reads.
        target_is_cut: Whether the target was longer than the model can generate; it has the
            end of sequence all the same.
    """

    tokens: tuple[str, ...]
    log_probabilities: tuple[float, ...]
    source_is_cut: bool = False
    target_is_cut: bool = False

    @property
    def num_tokens(self) -> int:
        """Number of tokens, end of sequence included."""
        return len(self.tokens)

    @property
    def log_probability(self) -> float:
        """Logarithm of the probability of the whole target."""
        return math.fsum(self.log_probabilities)

    @property
    def per_token(self) -> float:
        """Mean of the logarithms."""
        return self.log_probability / self.num_tokens


@dataclass(frozen=True)
class TargetFrame:
    """What surrounds the tokens of a target in what a model generates.

    Attributes:
        head: Tokens before the first one of the text.
        num_told: Number of these that the model is told, such as the target language.
        end: End of sequence.
        max_length: Most tokens, those of the frame included.
    """

    head: tuple[int, ...]
    num_told: int
    end: int
    max_length: int = LONGEST_TARGET

    def surround(self, ids: Sequence[int]) -> tuple[list[int], bool]:
        """Return a whole sequence, cut if it is too long, and whether it was."""
        room = max(0, self.max_length - len(self.head) - 1)
        return [*self.head, *ids[:room], self.end], len(ids) > room


def frame_targets(
    nothing: Sequence[int],
    num_last: int,
    forced_bos_token_id: int | None,
    end: int,
    max_positions: int | None,
) -> TargetFrame:
    """Return the frame of a model.

    A forced first token comes first, as in what the model generates, even if its tokenizer puts it
    behind the text, as that of the first mBART does.

    Args:
        nothing: Tokens of an empty target, as the tokenizer returns them.
        num_last: How many of these come after a text.
        forced_bos_token_id: First generated token, if the model does not choose it.
        end: End of sequence.
        max_positions: Number of positions of the model; None if any will do.
    """
    head = tuple(nothing[: len(nothing) - num_last])
    if forced_bos_token_id is not None and forced_bos_token_id not in head:
        head = (forced_bos_token_id, *head)
    num_told = 0 if forced_bos_token_id is None else head.index(forced_bos_token_id) + 1
    return TargetFrame(head, num_told, end, min(LONGEST_TARGET, max_positions or LONGEST_TARGET))


def check_pairs(sources: Sequence[str], targets: Sequence[str]) -> None:
    """Refuse sources and targets that are not pairs.

    Raises:
        ValueError: Their numbers differ.
    """
    if len(sources) != len(targets):
        raise ValueError(f"{len(sources)} sources and {len(targets)} targets are not pairs")
