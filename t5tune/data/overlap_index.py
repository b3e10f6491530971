"""An index of test sets, in which chunks of training pairs are looked up."""

from __future__ import annotations

import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Indel

from t5tune.data.examples import Examples
from t5tune.data.normalization import normalize_text
from t5tune.data.pairs import Pairs
from t5tune.data.shared_grams import END as _END
from t5tune.data.shared_grams import FlatWords, GramIndex
from t5tune.scoring.metrics.rouge import UnicodeWordTokenizer

NEAR, SAME_SOURCE, EXACT = 1, 2, 3

# Part of a cache key; it must change with the method.
METHOD = "rarest-word-examples|near:words|5-grams,0.7,4|3-grams,0.25,2;indel,1/5,10,20|v2"

# "Near" is one of three: the same words; 70 % of a test source's 5-grams in one training source,
# and no fewer than four, which is eight words in a row; and for sources of ten words and twenty
# letters, a training source of the same words in the same order up to a fifth. docs/adr/0017
# measures what the limits find and what they take for a leak.
_MIN_CONTAINMENT, _MIN_SHARED = 0.7, 4
_MOST_CHANGED, _MIN_WORDS, _MIN_LETTERS = 5, 10, 20  # one in five, insertions and deletions
# So many of its 3-grams are left, if a fifth of the words of a source are replaced.
_MIN_3_GRAMS, _MIN_SHARED_3_GRAMS = 0.25, 2
# What more test sources share is a common phrase, not a leak.
_MOST_SOURCES_OF_5_GRAM, _MOST_SOURCES_OF_3_GRAM = 100, 10

_UNKNOWN = 0  # id of other words
_END_TEXT = " \0 "  # no word has a NUL


class Match(NamedTuple):
    """The agreement of a test source with a training source.

    Attributes:
        level: `EXACT`, `SAME_SOURCE` or `NEAR`.
        place: Place of the training pair in its chunk.
    """

    level: int
    place: int


@dataclass(frozen=True)
class ChunkMatches:
    """What a chunk of training pairs has in common with test sets.

    Attributes:
        word_counts: Number of sources with each word of the index, shape (num_words,).
        matches: Closest agreement of each test source that has one, by its number.
    """

    word_counts: NDArray[np.int32]
    matches: dict[int, Match]


class OverlapIndex:
    """An index of test sets, whose examples are numbered through all of them.

    What is found for a set does not depend on the other ones. "The same" ignores white space and
    Unicode composition, and nothing else.

    Args:
        sets: Test sets, at least one.

    Attributes:
        words: Ids of the words of each source.
    """

    def __init__(self, sets: Sequence[Examples]) -> None:
        self._tokenizer = UnicodeWordTokenizer()
        self._ids = {_END_TEXT.strip(): _END}
        sources = [source for examples in sets for source in examples.sources]
        self.words = [self._index_words(source) for source in sources]
        self._targets = [
            {normalize_text(text) for text in of_one}
            for examples in sets
            for of_one in examples.references
        ]
        self._by_source: dict[str, list[int]] = defaultdict(list)
        self._by_words: dict[tuple[int, ...], list[int]] = defaultdict(list)
        for number, (source, words) in enumerate(zip(sources, self.words, strict=True)):
            self._by_source[normalize_text(source)].append(number)
            if words:
                self._by_words[words].append(number)
        self.num_words = len(self._ids) + 1
        generator = np.random.default_rng(0)
        self._marks = generator.integers(0, 2**64, self.num_words, np.uint64)
        self._marks[_END] = 0
        flat = _flatten(self.words)
        self._signatures = np.unique(self._sign(flat))
        set_ends = np.cumsum([len(examples.sources) for examples in sets]).tolist()
        self._grams5 = GramIndex(
            flat,
            set_ends,
            length=5,
            most_sources=_MOST_SOURCES_OF_5_GRAM,
            min_share=_MIN_CONTAINMENT,
            min_shared=_MIN_SHARED,
        )
        # Sources that are too short have no words here.
        long = [
            words if _is_long(source, words) else ()
            for source, words in zip(sources, self.words, strict=True)
        ]
        self._grams3 = GramIndex(
            _flatten(long),
            set_ends,
            length=3,
            most_sources=_MOST_SOURCES_OF_3_GRAM,
            min_share=_MIN_3_GRAMS,
            min_shared=_MIN_SHARED_3_GRAMS,
        )

    def _index_words(self, source: str) -> tuple[int, ...]:
        words = self._tokenizer.tokenize(_compose(source))
        return tuple(self._ids.setdefault(word, len(self._ids) + 1) for word in words)

    def search(self, pairs: Pairs) -> ChunkMatches:
        """Look up training pairs; the more at once, the less each costs."""
        separate = self._tokenizer.separate
        text = _END_TEXT.join(separate(_compose(source)) for source in pairs.sources)
        words = (text + _END_TEXT).split()
        ids = np.fromiter(map(self._ids.get, words, repeat(_UNKNOWN)), np.int64, len(words))
        flat = FlatWords(ids)
        matches: dict[int, Match] = {}
        self._compare_texts(pairs, flat, matches)
        for place, number in self._grams5.search(flat):
            matches.setdefault(number, Match(NEAR, place))
        for place, number in self._grams3.search(flat):
            if number not in matches and _are_alike(self.words[number], flat.words_of(place)):
                matches[number] = Match(NEAR, place)
        return ChunkMatches(self._count_words(flat), matches)

    def _compare_texts(self, pairs: Pairs, flat: FlatWords, matches: dict[int, Match]) -> None:
        """Look up the sources whose words may be those of a test source; equal ones once."""
        seen: set[object] = set()
        for place in np.flatnonzero(np.isin(self._sign(flat), self._signatures)).tolist():
            words = tuple(flat.words_of(place))
            for number in self._by_words.get(words, ()) if words not in seen else ():
                matches.setdefault(number, Match(NEAR, place))
            source, target = map(normalize_text, (pairs.sources[place], pairs.targets[place]))
            for number in self._by_source.get(source, ()) if (source, target) not in seen else ():
                level = EXACT if target in self._targets[number] else SAME_SOURCE
                if number not in matches or level > matches[number].level:
                    matches[number] = Match(level, place)
            seen.update((words, (source, target)))

    def _sign(self, flat: FlatWords) -> NDArray[np.uint64]:
        """Return a number for each source, which sources of the same words have in common."""
        return np.add.reduceat(self._marks[flat.ids], flat.starts)

    def _count_words(self, flat: FlatWords) -> NDArray[np.int32]:
        """Return the number of sources that have each word of the index."""
        is_known = flat.ids > _END
        keys = flat.places[is_known] * self.num_words + flat.ids[is_known]
        keys.sort()
        is_new = np.ones(len(keys), np.bool_)
        is_new[1:] = keys[1:] != keys[:-1]
        counts = np.bincount(keys[is_new] % self.num_words, minlength=self.num_words)
        return counts.astype(np.int32)


def _flatten(words: Iterable[Sequence[int]]) -> FlatWords:
    ids = chain.from_iterable((*of_one, _END) for of_one in words)
    return FlatWords(np.fromiter(ids, np.int64))


def _are_alike(words: Sequence[int], others: Sequence[int]) -> bool:
    """Return whether few words, of both together, are inserted or deleted between two sources."""
    most = (len(words) + len(others)) // _MOST_CHANGED
    return Indel.distance(words, others, score_cutoff=most) <= most


def _is_long(source: str, words: Sequence[int]) -> bool:
    return len(words) >= _MIN_WORDS and sum(map(str.isalnum, source)) >= _MIN_LETTERS


def _compose(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)
