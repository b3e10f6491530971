"""Splits cut from the training data, with examples of the same source all on one side.

The choice is by a hash of each source, so that it depends on neither the order of the rows nor the
machine, and one reading finds all splits. Only the examples that are cut are in memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from xxhash import xxh3_64_intdigest

from t5tune.console import track
from t5tune.data.normalization import normalize_text
from t5tune.data.pairs import is_usable
from t5tune.data.readers.open_splits import Example, OpenSplit
from t5tune.errors import T5TuneError
from t5tune.recipe.places import CutSplit

CHOICE = 2  # version of the choice: with another one, other examples are cut
# The test set is cut first: scores on it stay comparable whatever the validation set is.
_ORDER = ("test", "validation")
_NO_BOUND = 1 << 64  # greater than every rank


@dataclass(frozen=True)
class Cuts:
    """Splits that are cut from another one.

    Attributes:
        num_examples: Number of examples of the other one, with those that are cut.
        examples: Examples by split, in the order of the other one.
    """

    num_examples: int
    examples: Mapping[str, list[Example]]

    @property
    def num_cut(self) -> int:
        """Number of examples that are cut."""
        return sum(map(len, self.examples.values()))


def open_cut(train: OpenSplit, split: str, place: CutSplit, cuts: Cuts) -> OpenSplit:
    """Return a split that is cut from the training data."""
    examples = cuts.examples[split]
    return OpenSplit(f"data.{split}", place, train.unit, len(examples), lambda: iter(examples))


def leave_out(train: OpenSplit, cuts: Cuts, *, is_part: bool = False) -> OpenSplit:
    """Return the training data without the examples of the cuts, in the same order.

    Args:
        train: Training data, or one of the entries that are mixed.
        cuts: What is cut from all of it.
        is_part: Whether there are other entries.
    """
    digests = {_digest(one.source) for examples in cuts.examples.values() for one in examples}
    num_rows = None if train.num_rows is None or is_part else train.num_rows - cuts.num_cut

    def read() -> Iterator[Example]:
        return (one for one in train.read() if _digest(one.source) not in digests)

    return replace(train, num_rows=num_rows, read=read)


def _digest(source: str) -> int:
    return xxh3_64_intdigest(normalize_text(source).encode())


def choose_cuts(train: OpenSplit, places: Mapping[str, CutSplit]) -> Cuts:
    """Choose what is cut, by reading the training data, as a rule once.

    Args:
        train: Training data.
        places: Sizes and seeds by split.

    Raises:
        T5TuneError: The training data cannot be read, or is too small.
    """
    places = {split: places[split] for split in _ORDER if split in places}
    num_examples = train.num_rows
    if num_examples is None and any(isinstance(place.size, str) for place in places.values()):
        num_examples = _count(train)
    too_frequent: dict[str, set[int]] = {split: set() for split in places}
    is_first = True
    while True:
        candidates = _build_candidates(places, num_examples or 0, too_frequent, is_first=is_first)
        num_examples, num_usable = _read(train, candidates)
        cuts = _choose(places, candidates, num_examples, num_usable)
        if cuts is not None:
            return cuts
        is_first = False


def _count(train: OpenSplit) -> int:
    num = 0
    with track(f"counting the examples of {train.where}", train.num_rows, train.unit) as advance:
        for num, _ in enumerate(train.read(), start=1):
            if num % 1000 == 0:
                advance(1000)
    return num


def _build_candidates(
    places: Mapping[str, CutSplit],
    num_examples: int,
    too_frequent: Mapping[str, set[int]],
    *,
    is_first: bool,
) -> dict[str, _Candidates]:
    """Return empty candidates for each split.

    Args:
        places: Sizes and seeds by split, in the order in which they are cut.
        num_examples: Number of all examples, if a size is a share of it.
        too_frequent: Ranks by split of sources with more examples than are wanted, which grow.
        is_first: Whether another reading may follow, so that what is usual is enough.
    """
    found: dict[str, _Candidates] = {}
    num_taken = 0  # by the splits before: at most so many of the candidates, as a rule few
    for split, place in places.items():
        wanted = place.count(num_examples)
        seed = xxh3_64_intdigest(f"{place.seed}/{split}".encode())
        spare = min(num_taken, wanted) if is_first else num_taken
        found[split] = _Candidates(seed, wanted, wanted + spare, too_frequent[split])
        num_taken += wanted
    return found


def _read(train: OpenSplit, candidates: Mapping[str, _Candidates]) -> tuple[int, int]:
    """Read all examples; return their number, and that of those with a source and a target."""
    num_read = num_usable = 0
    all_candidates = list(candidates.values())
    names = " and ".join(f"data.{split}" for split in candidates)
    with track(f"choosing {names} from {train.where}", train.num_rows, train.unit) as advance:
        for num_read, example in enumerate(train.read(), start=1):
            if num_read % 1000 == 0:
                advance(1000)
            if not is_usable(example.source, example.references[0]):
                continue
            num_usable += 1
            text = normalize_text(example.source).encode()
            for one in all_candidates:
                rank = xxh3_64_intdigest(text, one.seed)
                if rank < one.bound:
                    one.add(rank, num_read, example)
    if num_read == 0:
        raise train.refuse_empty()
    return num_read, num_usable


def _choose(
    places: Mapping[str, CutSplit],
    candidates: Mapping[str, _Candidates],
    num_examples: int,
    num_usable: int,
) -> Cuts | None:
    """Choose among the candidates; return None if too few were held."""
    found: dict[str, list[Example]] = {}
    taken: set[int] = set()
    for split, place in places.items():
        wanted = place.count(num_examples)
        chosen = candidates[split].choose(wanted, taken)
        if chosen is None:
            return None
        if wanted > num_usable or len(chosen) == num_usable:
            raise T5TuneError(
                f"data.{split}.size: {place} cannot be cut: there are {num_usable:,} with a "
                "source and a target that no other split has, and training needs some of them.",
                next_command=f"the same command with data.{split}.size=5%",
            )
        if not chosen:
            raise T5TuneError(
                f"data.{split}.size: every source of data.train occurs more than {wanted:,} "
                "times, and a source is never on both sides.",
                next_command=f"a larger data.{split}.size, or a file of its own",
            )
        found[split] = chosen
        taken |= {_digest(example.source) for example in chosen}
        num_usable -= len(chosen)
    return Cuts(num_examples, found)


class _Candidates:
    """The groups of examples with the same source that come first in the order of a seed.

    As many groups are held as give a number of examples, and no more. A group that turns out to be
    too large to be chosen may have pushed out others, so that too few are left.

    Args:
        seed: Seed of the ranks, which are hashes of the sources.
        wanted: Number of examples above which a group is too large.
        capacity: Number of examples to hold.
        too_frequent: Ranks of groups that are too large, which grow.

    Attributes:
        bound: Rank from which on groups have been pushed out.
    """

    def __init__(self, seed: int, wanted: int, capacity: int, too_frequent: set[int]) -> None:
        self.seed = seed
        self.bound = _NO_BOUND
        self._wanted = wanted
        self._capacity = capacity
        self._too_frequent = too_frequent
        self._groups: dict[int, list[tuple[int, Example]]] = {}
        self._last_first: list[int] = []  # a heap of negative ranks
        self._num_held = 0

    def add(self, rank: int, number: int, example: Example) -> None:
        """Add an example whose rank is below the bound."""
        if rank in self._too_frequent:
            return
        group = self._groups.get(rank)
        if group is None:
            group = self._groups[rank] = []
            heapq.heappush(self._last_first, -rank)
        group.append((number, example))
        self._num_held += 1
        if len(group) > self._wanted:
            self._too_frequent.add(rank)
            self._drop(rank)
        self._drop_superfluous()

    def _drop(self, rank: int) -> None:
        self._num_held -= len(self._groups.pop(rank))

    def _drop_superfluous(self) -> None:
        while self._last_first:
            rank = -self._last_first[0]
            group = self._groups.get(rank)
            if group is not None:
                if self._num_held - len(group) < self._capacity:
                    return
                self._drop(rank)
                self.bound = rank
            heapq.heappop(self._last_first)

    def choose(self, wanted: int, taken: set[int]) -> list[Example] | None:
        """Return as many groups as fit; None if the next one may have been pushed out.

        Args:
            wanted: Number of examples.
            taken: Digests of sources that other splits have.
        """
        chosen: list[tuple[int, Example]] = []
        for _, group in sorted(self._groups.items()):
            if len(group) > wanted or _digest(group[0][1].source) in taken:
                continue
            if len(chosen) + len(group) > wanted:
                break
            chosen += group
        else:
            if len(chosen) < wanted and self.bound < _NO_BOUND:
                return None
        return [example for _, example in sorted(chosen, key=lambda one: one[0])]
