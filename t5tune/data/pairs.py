"""Training pairs in chunks, and what leaves some of them out."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from t5tune.errors import T5TuneError

if TYPE_CHECKING:
    from t5tune.data.cleaning.cleaner import Cleaner
    from t5tune.data.cleaning.cleaning_report import CleaningReport
    from t5tune.data.cleaning.kept_rows import KeptRows

BLANK = "blank"  # rule by which pairs are left out in any case
NUM_FOLLOWING = 8  # pairs behind an example that it may be joined with


class Pairs(NamedTuple):
    """Some training pairs.

    Attributes:
        sources: Texts without the prefix.
        targets: Their targets.
    """

    sources: list[str]
    targets: list[str]


class NumberedPairs(NamedTuple):
    """Pairs with their place in the data.

    Attributes:
        first: Number of the first one, from 0.
        pairs: The pairs.
        following: The next ones in the data, NUM_FOLLOWING unless it ends before.
    """

    first: int
    pairs: Pairs
    following: Pairs = Pairs([], [])


def number_pairs(chunks: Iterable[Pairs]) -> Iterator[NumberedPairs]:
    """Yield each chunk with the number of its first pair and the pairs behind it."""
    first = 0
    waiting: deque[Pairs] = deque()
    for chunk in chunks:
        waiting.append(chunk)
        while sum(len(one.sources) for one in islice(waiting, 1, None)) >= NUM_FOLLOWING:
            yield _take_first(waiting, first)
            first += len(waiting.popleft().sources)
    while waiting:
        yield _take_first(waiting, first)
        first += len(waiting.popleft().sources)


def _take_first(waiting: Iterable[Pairs], first: int) -> NumberedPairs:
    pairs, *others = waiting
    sides = ([text for one in others for text in one[side]] for side in (0, 1))
    return NumberedPairs(first, pairs, Pairs(*(side[:NUM_FOLLOWING] for side in sides)))


def is_usable(source: str, target: str) -> bool:
    """Return whether neither side of a pair is blank, which teaches the model to be silent."""
    return bool(source.strip() and target.strip())


def refuse_blank() -> T5TuneError:
    """Return the error for training data of which no pair has two texts."""
    return T5TuneError(
        "data.train: every example has a blank source or target.",
        next_command="check `source:` and `target:` under data.train in the recipe",
    )


@dataclass
class Cleaning:
    """Leaves out pairs in one pass over all of them, and counts them.

    Validation and test data are never cleaned: a score counts every example.

    Attributes:
        kept: What the rules of the recipe keep; None without rules, when blank pairs are left out.
        cleaner: Rules that judge each pair as it comes, for data that is streamed.
        report: What rules leave out; None without them.
        num_read: Number of pairs so far.
        num_dropped: Number of those that were left out.
    """

    kept: KeptRows | None = None
    cleaner: Cleaner | None = None
    report: CleaningReport | None = None
    num_read: int = 0
    num_dropped: int = 0

    @property
    def num_blank(self) -> int:
        """Number of pairs that were left out because a side is blank."""
        return self.num_dropped if self.report is None else self.report.counts[BLANK]

    def keeps(self, source: str, target: str) -> bool:
        """Count the next pair, and return whether it is used."""
        if self.cleaner is not None and self.report is not None:
            pair = Pairs([source], [target])
            verdicts = self.cleaner.judge(pair).verdicts
            self.report.add(pair, verdicts)
            is_kept = not verdicts[0]
        elif self.kept is None:
            is_kept = is_usable(source, target)
        else:  # rows that were not there when they were judged fail a later check
            rows = self.kept.is_kept
            is_kept = self.num_read < len(rows) and bool(rows[self.num_read])
        self.num_read += 1
        self.num_dropped += not is_kept
        return is_kept

    def clean(self, chunks: Iterable[Pairs]) -> Iterator[Pairs]:
        """Yield the other pairs of each chunk."""
        for sources, targets in chunks:
            kept = [pair for pair in zip(sources, targets, strict=True) if self.keeps(*pair)]
            if len(kept) == len(sources):
                yield Pairs(sources, targets)
            elif kept:
                yield Pairs([source for source, _ in kept], [target for _, target in kept])
