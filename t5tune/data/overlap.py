"""Overlap of a test set with the training data: known words, and leaked examples."""

from __future__ import annotations

import hashlib
import json
import math
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast, get_args

from t5tune.data.normalization import normalize_text
from t5tune.scoring.metrics.rouge import UnicodeWordTokenizer

Agreement = Literal["exact", "same_source", "near", "clean"]

# Part of a cache key; it must change with the method.
METHOD = "rarest-word-examples|near:5-grams,0.7,4|v1"

_SHINGLE_LENGTH = 5
# "Near" is 70 % of a test source's 5-grams in one training source, and no fewer than four, which
# is eight words in a row: captions of different pictures share half of that by chance (measured on
# Multi30k, 1000 test captions against 29000 training captions).
_MIN_CONTAINMENT = 0.7
_MIN_SHARED = 4
# What more test sources share is a common phrase, not a leak.
_MAX_SOURCES_OF_A_SHINGLE = 100

Shingle = tuple[str, ...]


@dataclass(frozen=True)
class TrainingOverlap:
    """Overlap with the training data, with one entry per test example, in order.

    Attributes:
        rarest_word_counts: Number of training sources that have the rarest word of the test
            source; None for a source without words.
        agreement: `exact`: a training pair has this source and one of the references as its
            target; `same_source`: a training pair has this source; `near`: a training source has
            the same words, or 70 % of the 5-grams; `clean`: none of these.
    """

    rarest_word_counts: tuple[int | None, ...]
    agreement: tuple[Agreement, ...]

    def to_json(self) -> dict[str, object]:
        """Return the JSON values that `from_json` reads."""
        return {
            "method": METHOD,
            "rarest_word_counts": list(self.rarest_word_counts),
            "agreement": list(self.agreement),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> TrainingOverlap | None:
        """Read the values of `to_json`; None if they are damaged or of another version."""
        counts, agreement = values.get("rarest_word_counts"), values.get("agreement")
        is_known = (
            values.get("method") == METHOD
            and isinstance(counts, list)
            and isinstance(agreement, list)
            and len(counts) == len(agreement)
            and all(count is None or isinstance(count, int) for count in counts)
            and all(one in get_args(Agreement) for one in agreement)
        )
        if not is_known:
            return None
        return cls(
            tuple(cast("list[int | None]", counts)), tuple(cast("list[Agreement]", agreement))
        )


def overlap_key(
    training_fingerprint: str, sources: Sequence[str], references: Sequence[Sequence[str]]
) -> str:
    """Return the SHA-256 of method, training and test data, which decide a `TrainingOverlap`.

    Args:
        training_fingerprint: Fingerprint of the training pairs in a run's environment.json.
        sources: Sources of the test set.
        references: References of the test set.
    """
    texts = [METHOD, training_fingerprint, list(sources), [list(of_one) for of_one in references]]
    return hashlib.sha256(json.dumps(texts, ensure_ascii=False).encode()).hexdigest()


@dataclass
class OverlapCounter:
    """Compares a test set with training pairs, in one pass over the latter.

    Memory grows with the test set alone, so that there may be any number of pairs. "The same"
    ignores white space and Unicode composition, and nothing else.

    Args:
        sources: Sources of the test set.
        references: One or more references for each source.

    Raises:
        ValueError: The numbers of sources and references differ.
    """

    sources: Sequence[str]
    references: Sequence[Sequence[str]]
    word_counts: dict[str, int] = field(default_factory=dict)
    by_source: dict[str, list[int]] = field(default_factory=dict)
    by_words: dict[str, list[int]] = field(default_factory=dict)
    by_shingle: dict[Shingle, list[int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if len(self.sources) != len(self.references):
            raise ValueError(
                f"{len(self.sources)} sources, but references for {len(self.references)} examples"
            )
        self._tokenize = UnicodeWordTokenizer().tokenize
        self._words = [self._tokenize(source) for source in self.sources]
        self._targets = [{normalize_text(text) for text in of_one} for of_one in self.references]
        self._is_exact = [False] * len(self.sources)
        self._is_same = [False] * len(self.sources)
        self._is_near = [False] * len(self.sources)
        for number, (source, words) in enumerate(zip(self.sources, self._words, strict=True)):
            self.word_counts.update(dict.fromkeys(words, 0))
            self.by_source.setdefault(normalize_text(source), []).append(number)
            if words:
                self.by_words.setdefault(" ".join(words), []).append(number)
            for shingle in _shingles(words):
                self.by_shingle.setdefault(shingle, []).append(number)
        self._drop_forms_of_words()
        self._vocabulary = frozenset(self.word_counts)
        self._known_shingles = frozenset(self.by_shingle)

    def _drop_forms_of_words(self) -> None:
        """Drop common shingles, and count how many shared ones make each source near."""
        self.by_shingle = {
            shingle: numbers
            for shingle, numbers in self.by_shingle.items()
            if len(numbers) <= _MAX_SOURCES_OF_A_SHINGLE
        }
        sizes = Counter(number for numbers in self.by_shingle.values() for number in numbers)
        self._needed = {
            number: max(_MIN_SHARED, math.ceil(size * _MIN_CONTAINMENT))
            for number, size in sizes.items()
        }

    def add(self, source: str, target: str) -> None:
        """Add one training pair."""
        words = self._tokenize(source)
        for word in self._vocabulary.intersection(words):
            self.word_counts[word] += 1
        same = self.by_source.get(normalize_text(source))
        if same:
            plain_target = normalize_text(target)
            for number in same:
                self._is_same[number] = True
                if plain_target in self._targets[number]:
                    self._is_exact[number] = True
        for number in self.by_words.get(" ".join(words), ()):
            self._is_near[number] = True
        shared = self._known_shingles.intersection(_shingles(words))
        if len(shared) >= _MIN_SHARED:
            hits = Counter(number for shingle in shared for number in self.by_shingle[shingle])
            for number, num_shared in hits.items():
                if num_shared >= self._needed[number]:
                    self._is_near[number] = True

    def result(self) -> TrainingOverlap:
        """Return the overlap with the pairs added so far."""
        counts = (
            min((self.word_counts[word] for word in words), default=None) for words in self._words
        )
        return TrainingOverlap(
            tuple(counts), tuple(self._agreement(number) for number in range(len(self.sources)))
        )

    def _agreement(self, number: int) -> Agreement:
        if self._is_exact[number]:
            return "exact"
        if self._is_same[number]:
            return "same_source"
        return "near" if self._is_near[number] else "clean"


def measure_overlap(
    training_pairs: Iterable[tuple[str, str]],
    sources: Sequence[str],
    references: Sequence[Sequence[str]],
) -> TrainingOverlap:
    """Compare a test set with training pairs, as `OverlapCounter` does."""
    counter = OverlapCounter(sources, references)
    for source, target in training_pairs:
        counter.add(source, target)
    return counter.result()


def _shingles(words: Sequence[str]) -> Iterator[Shingle]:
    return zip(*(words[start:] for start in range(_SHINGLE_LENGTH)), strict=False)
