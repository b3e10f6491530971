"""One pass over the pairs of a training entry, or of a set: tokens, leaks, pairs worth a look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from t5tune.data.overview.data_overview import SideOverview
from t5tune.data.overview.length_counts import LengthCounts
from t5tune.data.overview.lost_characters import find_changed
from t5tune.data.overview.token_counter import CountedSide, SideCounts, TokenCounter
from t5tune.data.pairs import NumberedPairs, Pairs, number_pairs
from t5tune.data.parallel_map import map_on_all_cores

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from t5tune.data.overlap import OverlapCounter
    from t5tune.data.overlap_index import ChunkMatches
    from t5tune.data.token_sequences import Lengths

NUM_FIRST = 3  # pairs that are noted in any case
FIRST, NEXT = "the first pair", "one of the first pairs"
UNKNOWN, OVER = "the first with an unknown token", "the first over the limit"


class NotedPair(NamedTuple):
    """A pair that is worth a look.

    Attributes:
        number: Number of the pair among those that are used, from 0.
        reason: What is worth it.
        pair: The pair.
    """

    number: int
    reason: str
    pair: Pairs


@dataclass
class Look:
    """What one pass has found.

    Attributes:
        sides: Counts of sources and targets.
        num_pairs: Number of pairs.
        num_counted: Number of those whose tokens were counted.
        noted: Pairs that are worth a look, the first of each reason.
    """

    sides: tuple[SideCounts, SideCounts] = field(
        default_factory=lambda: (SideCounts(), SideCounts())
    )
    num_pairs: int = 0
    num_counted: int = 0
    noted: list[NotedPair] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether the tokens of all pairs were counted."""
        return self.num_counted == self.num_pairs

    @property
    def num_examples(self) -> int:
        """Number of examples, of which a plain text may give several, if need be estimated."""
        num_counted = sum(map(len, self.sides[0].lengths))
        return round(num_counted * self.num_pairs / max(1, self.num_counted))

    def add(
        self,
        chunk: NumberedPairs,
        counted: tuple[CountedSide, CountedSide],
        limits: tuple[int, int],
    ) -> None:
        """Take the next pairs and their counts."""
        self.num_counted += len(chunk.pairs.sources)
        for side, one in zip(self.sides, counted, strict=True):
            side.add(one)
        if chunk.first == 0:
            for place in range(min(NUM_FIRST, len(chunk.pairs.sources))):
                self._note(chunk, place, NEXT if place else FIRST)
        if len(counted[0].lengths) != len(chunk.pairs.sources):
            return  # examples are parts of texts
        unknown = counted[0].unknown + counted[1].unknown
        over = [one.lengths > limit for one, limit in zip(counted, limits, strict=True)]
        for reason, marks in ((UNKNOWN, unknown), (OVER, over[0] | over[1])):
            places = np.flatnonzero(marks)
            if len(places) and all(one.reason != reason for one in self.noted):
                self._note(chunk, int(places[0]), reason)

    def _note(self, chunk: NumberedPairs, place: int, reason: str) -> None:
        pair = Pairs(*([side[place]] for side in chunk.pairs))
        self.noted.append(NotedPair(chunk.first + place, reason, pair))


def look_at_pairs(
    chunks: Iterable[Pairs],
    counter: TokenCounter,
    rows: int | None,
    overlap: OverlapCounter | None = None,
    *,
    stops: bool = False,
) -> Look:
    """Count the tokens of pairs with all cores, and compare sets with them.

    Args:
        chunks: Pairs that are used, some at a time.
        counter: Counts tokens.
        rows: Number of pairs whose tokens are counted; None for all.
        overlap: Comparison of the sets; None if they are not compared with these pairs.
        stops: Whether no other pairs are read.
    """

    def cut(chunk: NumberedPairs) -> NumberedPairs:
        left = None if rows is None else max(0, rows - chunk.first)
        return chunk._replace(pairs=Pairs(*(side[:left] for side in chunk.pairs)))

    def work(chunk: NumberedPairs) -> tuple[ChunkMatches | None, tuple[CountedSide, CountedSide]]:
        found = None if overlap is None else overlap.search(chunk.pairs)
        return found, counter.count(cut(chunk))

    look = Look()
    read = _take(chunks, rows) if stops and rows is not None else chunks
    for chunk, (found, counted) in map_on_all_cores(work, number_pairs(read)):
        look.num_pairs += len(chunk.pairs.sources)
        look.add(cut(chunk), counted, counter.limits)
        if overlap is not None and found is not None:
            overlap.add(chunk.pairs, found)
    return look


def _take(chunks: Iterable[Pairs], num: int) -> Iterator[Pairs]:
    """Yield the first pairs."""
    for chunk in chunks:
        yield Pairs(*(side[:num] for side in chunk))
        num -= len(chunk.sources)
        if num <= 0:
            return


def summarize_side(
    counts: SideCounts,
    limit: int,
    tokenizer: PreTrainedTokenizerBase,
    *,
    as_target: bool,
    num_examples: int | None,
    stored: Lengths | None = None,
) -> SideOverview:
    """Return what the counts of one side say.

    Args:
        counts: Counts of the texts that were looked at.
        limit: Number of tokens to which they are cut.
        tokenizer: Tokenizer.
        as_target: Whether the texts are targets.
        num_examples: Number of all texts; None for a stream.
        stored: Lengths of all texts in a token store, after they were cut, if there is one.
    """
    lengths = LengthCounts.of(counts.lengths)
    num_tokens = lengths.num_tokens - lengths.count_cut_off(limit)
    is_sample = num_examples is not None and lengths.num_texts < num_examples
    if stored is not None:
        num_tokens = int(stored.sum())
    elif is_sample and num_examples is not None:
        num_tokens = round(num_tokens / max(1, lengths.num_texts) * num_examples)
    return SideOverview(
        limit,
        lengths,
        None if num_examples is None else num_tokens,
        is_sample and stored is None,
        counts.num_cut,
        counts.num_unknown,
        counts.num_with_unknown,
        dict(counts.unknown_parts.most_common()),
        find_changed(counts.characters, tokenizer, as_target=as_target),
    )


def find_row_lengths(look: Look, limits: tuple[int, int]) -> Lengths:
    """Return the number of tokens of all examples, both sides together, after they are cut.

    The lengths of those that were looked at are repeated for the others.
    """
    sources, targets = (
        np.minimum(np.concatenate(side.lengths), limit, dtype=np.int64)
        for side, limit in zip(look.sides, limits, strict=True)
    )
    return np.resize(sources + targets, look.num_examples)
