"""Scores by what of an example is new to the model: its length, its combinations, its words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from t5tune.scoring.diagnosis.findings import Breakdown, Bucket
from t5tune.scoring.score import Score

# Names of the breakdowns.
LENGTH = "length_in_training"
REFERENCE_LENGTH = "reference_length_in_training"
COMBINATIONS = "new_combinations"
SOURCE_WORDS = "new_source_words"
REFERENCE_WORDS = "new_reference_words"
GENERALIZATION = (LENGTH, REFERENCE_LENGTH, COMBINATIONS, SOURCE_WORDS, REFERENCE_WORDS)

ScoreSome = Callable[[Sequence[int]], tuple[Score, ...]]


class Lengths(Protocol):
    """Lengths of the texts of a test set, and those of training, in tokens.

    Attributes:
        num_tokens: Length of each text.
        tail: Length of the longest training text that is not in the tail of the distribution.
        longest: Length of the longest training text.
    """

    @property
    def num_tokens(self) -> Sequence[int]: ...

    @property
    def tail(self) -> int: ...

    @property
    def longest(self) -> int: ...


class Novelty(Protocol):
    """What training had not of each example of a test set.

    Attributes:
        num_pairs: Number of pairs of neighbouring words in the source that training has both of.
        num_new_pairs: Number of those pairs that no training source has.
        source_words: `known`, `compound` (new words, all made of known ones) or `new`.
        reference_words: The same for the reference and training targets.
        source_lengths: Lengths of the sources.
        reference_lengths: Lengths of the references, against training targets.
    """

    @property
    def num_pairs(self) -> Sequence[int]: ...

    @property
    def num_new_pairs(self) -> Sequence[int]: ...

    @property
    def source_words(self) -> Sequence[str]: ...

    @property
    def reference_words(self) -> Sequence[str]: ...

    @property
    def source_lengths(self) -> Lengths: ...

    @property
    def reference_lengths(self) -> Lengths: ...


def break_down_by_novelty(novelty: Novelty, score: ScoreSome) -> Iterator[Breakdown]:
    """Yield five breakdowns, whose buckets all have examples.

    Args:
        novelty: What training had not of each example.
        score: Function that scores the examples with some indices.
    """
    for name, side, lengths in (
        (LENGTH, "source", novelty.source_lengths),
        (REFERENCE_LENGTH, "reference", novelty.reference_lengths),
    ):
        title = f"length of the {side}, compared with training"
        yield _build(name, title, score, _length_groups(lengths))
    yield _build(
        COMBINATIONS,
        "share of new pairs of neighbouring words, of those whose words are both known",
        score,
        _pair_groups(novelty),
    )
    for name, side, words in (
        (SOURCE_WORDS, "source", novelty.source_words),
        (REFERENCE_WORDS, "reference", novelty.reference_words),
    ):
        yield _build(
            name, f"words of the {side} that are new to training", score, _word_groups(words)
        )


def _build(
    name: str, title: str, score: ScoreSome, groups: Iterator[tuple[str, list[int]]]
) -> Breakdown:
    buckets = [Bucket(label, len(indices), score(indices)) for label, indices in groups if indices]
    return Breakdown(name, title, tuple(buckets))


def _length_groups(lengths: Lengths) -> Iterator[tuple[str, list[int]]]:
    tail, longest = lengths.tail, lengths.longest
    between = f"{tail + 1} to {longest}" if longest > tail + 1 else str(longest)
    labels = (
        (f"up to {tail} tokens, like 95 % of training", 0, tail),
        (f"{between} tokens, like its longest 5 %", tail + 1, longest),
        (f"{longest + 1} tokens or more, beyond training", longest + 1, None),
    )
    for label, low, high in labels:
        yield (
            label,
            [
                index
                for index, length in enumerate(lengths.num_tokens)
                if low <= length and (high is None or length <= high)
            ],
        )


# Upper ends of the shares of new pairs, in percent, with their labels.
_SHARES = (
    (0, "none is new"),
    (10, "up to 10 % are new"),
    (25, "more than 10 %, up to 25 %"),
    (50, "more than 25 %, up to 50 %"),
    (100, "more than half"),
)


def _pair_groups(novelty: Novelty) -> Iterator[tuple[str, list[int]]]:
    shares = [
        100 * new / of_all if of_all else None
        for new, of_all in zip(novelty.num_new_pairs, novelty.num_pairs, strict=True)
    ]
    low = -1.0
    for high, label in _SHARES:
        yield (
            label,
            [i for i, share in enumerate(shares) if share is not None and low < share <= high],
        )
        low = high
    yield "no such pair", [i for i, share in enumerate(shares) if share is None]


_WORDS = {
    "known": "all words are known",
    "compound": "new words, each made of two known ones",
    "new": "other new words",
}


def _word_groups(words: Sequence[str]) -> Iterator[tuple[str, list[int]]]:
    for kind, label in _WORDS.items():
        yield label, [index for index, one in enumerate(words) if one == kind]
