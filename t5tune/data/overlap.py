"""Overlap of a test set with the training data: known words, and leaked examples."""

from __future__ import annotations

import hashlib
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import accumulate
from typing import Literal, cast, get_args

import numpy as np

from t5tune.data.examples import Examples
from t5tune.data.overlap_index import METHOD, ChunkMatches, Match, OverlapIndex
from t5tune.data.pairs import Pairs
from t5tune.scoring.diagnosis.leaks import LEAK_RATE

Agreement = Literal["exact", "same_source", "near", "clean"]
_AGREEMENTS: tuple[Agreement, ...] = ("clean", "near", "same_source", "exact")  # by level


@dataclass(frozen=True)
class LeakedExample:
    """A test example, and the training pair that agrees with it.

    Attributes:
        number: Number of the example in its set, from 0.
        training_number: Number of the pair among those without a blank side, from 0.
        training_source: Its source.
        training_target: Its target.
        place: File and line of the pair, for people; empty where nobody has looked for it.
        place_key: Digest of the files that the place belongs to.
    """

    number: int
    training_number: int
    training_source: str
    training_target: str
    place: str = ""
    place_key: str = ""

    @classmethod
    def from_json(cls, values: object) -> LeakedExample | None:
        """Read the values of `asdict`; None if they are damaged."""
        names, types = list(cls.__annotations__), (int, int, str, str, str, str)
        # Those of earlier versions have no place.
        if not isinstance(values, Mapping) or list(values) not in (names, names[:4]):
            return None
        if not all(
            type(value) is kind for value, kind in zip(values.values(), types, strict=False)
        ):
            return None
        return cls(**values)


@dataclass(frozen=True)
class TrainingOverlap:
    """Overlap with the training data, with one entry per test example, in order.

    Attributes:
        rarest_word_counts: Number of training sources that have the rarest word of the test
            source; None for a source without words.
        agreement: `exact`: a training pair has this source and one of the references as its
            target; `same_source`: a training pair has this source; `near`: a training source has
            the same words, 70 % of the 5-grams, or hardly any other words; `clean`: none of these.
        worst: An example that is not clean: the closest match, the longest of such; None if all
            are clean.
    """

    rarest_word_counts: tuple[int | None, ...]
    agreement: tuple[Agreement, ...]
    worst: LeakedExample | None = None

    def count(self, agreement: Agreement) -> int:
        """Return the number of examples."""
        return self.agreement.count(agreement)

    @property
    def num_leaked(self) -> int:
        """Number of examples that are not clean."""
        return len(self.agreement) - self.count("clean")

    @property
    def is_notable(self) -> bool:
        """Whether so many examples have leaked that it has to be said."""
        return self.worst is not None and self.num_leaked >= LEAK_RATE * len(self.agreement)

    def to_json(self) -> dict[str, object]:
        """Return the JSON values that `from_json` reads."""
        return {
            "method": METHOD,
            "rarest_word_counts": list(self.rarest_word_counts),
            "agreement": list(self.agreement),
            "worst": self.worst and asdict(self.worst),
        }

    @classmethod
    def from_json(cls, values: Mapping[str, object]) -> TrainingOverlap | None:
        """Read the values of `to_json`; None if they are damaged or of another version."""
        counts, agreement = values.get("rarest_word_counts"), values.get("agreement")
        worst = LeakedExample.from_json(values.get("worst"))
        is_known = (
            values.get("method") == METHOD
            and isinstance(counts, list)
            and isinstance(agreement, list)
            and len(counts) == len(agreement)
            and all(count is None or isinstance(count, int) for count in counts)
            and all(one in get_args(Agreement) for one in agreement)
            and (worst is not None) == any(one != "clean" for one in agreement)
            and (worst is None or 0 <= worst.number < len(agreement))
        )
        if not is_known:
            return None
        return cls(
            tuple(cast("list[int | None]", counts)),
            tuple(cast("list[Agreement]", agreement)),
            worst,
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


class OverlapCounter:
    """Compares test sets with training pairs, in one pass over the latter.

    Memory grows with the test sets alone, so that there may be any number of pairs. "The same"
    ignores white space and Unicode composition, and nothing else.

    Args:
        sets: Test sets.
    """

    def __init__(self, sets: Sequence[Examples]) -> None:
        self._sets = tuple(sets)
        self._index = OverlapIndex(self._sets)
        self._word_counts = np.zeros(self._index.num_words, np.int64)
        self._levels = np.zeros(len(self._index.words), np.int8)
        self._worst: list[tuple[tuple[int, int], LeakedExample] | None] = [None] * len(self._sets)
        self._set_ends = list(accumulate(len(examples.sources) for examples in self._sets))
        self._num_pairs = 0

    def search(self, pairs: Pairs) -> ChunkMatches:
        """Look up training pairs, which changes nothing and may be done in another process."""
        return self._index.search(pairs)

    def add(self, pairs: Pairs, found: ChunkMatches) -> None:
        """Count training pairs, in order, with what `search` has found for them."""
        self._word_counts += found.word_counts
        for number, match in sorted(found.matches.items()):
            self._levels[number] = max(self._levels[number], match.level)
            self._keep_worst(number, match, pairs)
        self._num_pairs += len(pairs.sources)

    def _keep_worst(self, number: int, match: Match, pairs: Pairs) -> None:
        """Keep the closest match of a set; of equally close ones the longest, then the first."""
        of_set = bisect_right(self._set_ends, number)
        rank = (match.level, len(self._index.words[number]))
        known = self._worst[of_set]
        if known is None or rank > known[0]:
            place = match.place
            start = self._set_ends[of_set] - len(self._sets[of_set].sources)
            leaked = LeakedExample(
                number - start, self._num_pairs + place, pairs.sources[place], pairs.targets[place]
            )
            self._worst[of_set] = rank, leaked

    def results(self) -> list[TrainingOverlap]:
        """Return the overlap of each set with the pairs so far."""
        counts = self._word_counts.tolist()
        rarest = [
            min((counts[word] for word in words), default=None) for words in self._index.words
        ]
        agreement = [_AGREEMENTS[level] for level in self._levels.tolist()]
        starts = [0, *self._set_ends]
        return [
            TrainingOverlap(
                tuple(rarest[start:end]), tuple(agreement[start:end]), worst and worst[1]
            )
            for start, end, worst in zip(starts, self._set_ends, self._worst, strict=False)
        ]
