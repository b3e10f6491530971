"""What of a test set is new to a model: lengths, combinations and words that training had not."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise, repeat
from typing import Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

from t5tune.data.examples import Examples
from t5tune.data.pairs import Pairs
from t5tune.scoring.metrics.rouge import UnicodeWordTokenizer

# Part of the name of stored files; it must change with the method.
METHOD = "novelty|word-pairs|parts:3,2-split,linking|lengths:0.95,1|v2"

WordNovelty = Literal["known", "compound", "new"]  # by level
_LEVELS: tuple[WordNovelty, ...] = get_args(WordNovelty)

# A new word is a compound if training has both parts of it, each with so many letters at least.
# Letters that German and its neighbours put between them belong to neither.
_MIN_PART = 3
_LINKING = ("", "s", "es", "n", "en", "er", "e")

_TAIL = 0.95  # share of the training texts that are not in the tail of long ones

_UNKNOWN, _END = 0, 1  # ids of other words, and of the end of a text


@dataclass(frozen=True)
class ComparedLengths:
    """Lengths of the texts of a set, and those of training on the same side, in tokens.

    Attributes:
        num_tokens: Length of each text of the set.
        tail: Length of the longest training text that is not in the tail.
        longest: Length of the longest training text.
    """

    num_tokens: tuple[int, ...]
    tail: int
    longest: int

    @classmethod
    def compare(cls, num_tokens: Iterable[int], histogram: NDArray[np.int64]) -> ComparedLengths:
        """Return the lengths of a set beside those of training.

        Args:
            num_tokens: Length of each text of the set.
            histogram: Number of training texts by their length.
        """
        cumulated = np.cumsum(histogram)
        tail = int(np.searchsorted(cumulated, _TAIL * cumulated[-1]))
        return cls(tuple(num_tokens), tail, len(histogram) - 1)

    @classmethod
    def from_json(cls, values: object) -> ComparedLengths | None:
        """Read the values of `asdict`; None if they are damaged."""
        if not isinstance(values, Mapping):
            return None
        tokens, tail, longest = (values.get(name) for name in ("num_tokens", "tail", "longest"))
        if not isinstance(tokens, list) or type(tail) is not int or type(longest) is not int:
            return None
        if not all(type(one) is int for one in tokens):
            return None
        return cls(tuple(cast("list[int]", tokens)), tail, longest)


@dataclass(frozen=True)
class TrainingNovelty:
    """What training had not of each example of a set, in order.

    Attributes:
        num_pairs: Number of pairs of neighbouring words in the source that training has both of.
        num_new_pairs: Number of those pairs that no training source has.
        source_words: Whether training sources have all words of the source, all but compounds of
            words that they have, or not.
        reference_words: The same for the first reference and training targets.
        source_lengths: Lengths of the sources, prefix included.
        reference_lengths: Lengths of the first references, against training targets.
    """

    num_pairs: tuple[int, ...]
    num_new_pairs: tuple[int, ...]
    source_words: tuple[WordNovelty, ...]
    reference_words: tuple[WordNovelty, ...]
    source_lengths: ComparedLengths
    reference_lengths: ComparedLengths

    def to_json(self) -> dict[str, object]:
        """Return the JSON values that `from_json` reads."""
        return {"method": METHOD, **asdict(self)}

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> TrainingNovelty | None:
        """Read the values of `to_json`; None if they are damaged or of another version."""
        columns = [values.get(name) for name in _COLUMNS]
        lengths = [
            ComparedLengths.from_json(values.get(name))
            for name in ("source_lengths", "reference_lengths")
        ]
        of_sources, of_references = lengths
        if values.get("method") != METHOD or of_sources is None or of_references is None:
            return None
        if not all(isinstance(column, list) for column in columns):
            return None
        pairs, new, sources, references = cast("list[list[object]]", columns)
        sizes = {*map(len, (pairs, new, sources, references))}
        is_whole = (
            sizes == {len(of_sources.num_tokens)} == {len(of_references.num_tokens)}
            and all(type(one) is int for column in (pairs, new) for one in column)
            and all(one in _LEVELS for column in (sources, references) for one in column)
        )
        if not is_whole:
            return None
        numbers = [tuple(cast("list[int]", column)) for column in (pairs, new)]
        words = [tuple(cast("list[WordNovelty]", column)) for column in (sources, references)]
        return cls(numbers[0], numbers[1], words[0], words[1], of_sources, of_references)


_COLUMNS = ("num_pairs", "num_new_pairs", "source_words", "reference_words")


def novelty_key(training_fingerprint: str, examples: Examples) -> str:
    """Return the SHA-256 of what decides a `TrainingNovelty` in a run.

    Args:
        training_fingerprint: Fingerprint of the training pairs in a run's environment.json.
        examples: Set that is compared with them.
    """
    firsts = [of_one[0] for of_one in examples.references]
    texts = [METHOD, training_fingerprint, examples.sources, firsts]
    return hashlib.sha256(json.dumps(texts, ensure_ascii=False).encode()).hexdigest()


class NoveltyCounter:
    """Compares a set with training pairs, in one pass over the latter.

    Memory grows with the set, not with the number of pairs.

    Args:
        examples: Set to compare.
    """

    def __init__(self, examples: Examples) -> None:
        self._sources = _Side(examples.sources)
        self._targets = _Side([of_one[0] for of_one in examples.references])

    def add(self, pairs: Pairs) -> None:
        """Look up training pairs; the more at once, the less each costs."""
        self._sources.add(pairs.sources)
        self._targets.add(pairs.targets)

    def result(self, sources: ComparedLengths, references: ComparedLengths) -> TrainingNovelty:
        """Return what the pairs so far had not.

        Args:
            sources: Lengths of the sources.
            references: Lengths of the first references.
        """
        num_pairs, num_new_pairs = self._sources.count_pairs()
        words = self._sources.judge_words(), self._targets.judge_words()
        return TrainingNovelty(num_pairs, num_new_pairs, *words, sources, references)


class _Side:
    """The texts of a set on one side, and which of their words and pairs training has."""

    def __init__(self, texts: Sequence[str]) -> None:
        self._separate = UnicodeWordTokenizer().separate
        self._ids: dict[str, int] = {}
        self._words = [
            tuple(self._find_id(word) for word in self._separate(text).split()) for text in texts
        ]
        self._parts = {
            self._ids[word]: [(self._find_id(a), self._find_id(b)) for a, b in _divide(word)]
            for word in list(self._ids)
        }
        self._size = len(self._ids) + 2
        keys = {key for words in self._words for key in self._keys_of(words)}
        self._keys = np.array(sorted(keys) or [-1], np.int64)
        self._has_word = np.zeros(self._size, np.bool_)
        self._has_pair = np.zeros(len(self._keys), np.bool_)

    def _find_id(self, word: str) -> int:
        return self._ids.setdefault(word, len(self._ids) + 2)

    def _keys_of(self, words: Iterable[int]) -> list[int]:
        return [first * self._size + second for first, second in pairwise(words)]

    def add(self, texts: Sequence[str]) -> None:
        """Note the words and pairs of training texts."""
        ids: list[int] = []
        for text in texts:
            ids += map(self._ids.get, self._separate(text).split(), repeat(_UNKNOWN))
            ids.append(_END)
        flat = np.array(ids, np.int64)
        self._has_word[flat] = True
        first, second = flat[:-1], flat[1:]
        is_known = (first > _END) & (second > _END)
        found = np.unique(first[is_known] * self._size + second[is_known])
        places = np.searchsorted(self._keys, found)
        places[places == len(self._keys)] = 0
        self._has_pair[places[self._keys[places] == found]] = True

    def count_pairs(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Return by text the pairs whose words training has, and those among them that are new."""
        has_pair = dict(zip(self._keys.tolist(), self._has_pair.tolist(), strict=True))
        of_known, of_new = [], []
        for words in self._words:
            known = [
                has_pair[key]
                for key, both in zip(self._keys_of(words), pairwise(words), strict=True)
                if all(self._has_word[list(both)])
            ]
            of_known.append(len(known))
            of_new.append(known.count(False))
        return tuple(of_known), tuple(of_new)

    def judge_words(self) -> tuple[WordNovelty, ...]:
        """Return by text the highest level of its words."""
        levels = {word: self._judge(word) for words in self._words for word in words}
        return tuple(
            _LEVELS[max((levels[word] for word in words), default=0)] for words in self._words
        )

    def _judge(self, word: int) -> int:
        if self._has_word[word]:
            return _LEVELS.index("known")
        is_compound = any(self._has_word[a] and self._has_word[b] for a, b in self._parts[word])
        return _LEVELS.index("compound" if is_compound else "new")


def _divide(word: str) -> list[tuple[str, str]]:
    """Return the divisions of a word in two parts, without a linking element between them."""
    found = []
    for place in range(_MIN_PART, len(word) - _MIN_PART + 1):
        first, second = word[:place], word[place:]
        for link in _LINKING:
            part = first.removesuffix(link) if link else first
            if (not link or part != first) and len(part) >= _MIN_PART:
                found.append((part, second))
    return found
