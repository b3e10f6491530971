"""Splits cut from the training data, with examples of the same source all on one side.

The choice is by a hash of each source, so that it depends on neither the order of the rows nor the
machine, and one reading finds it. Only the examples that are cut are in memory.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from hashlib import blake2b

from t5tune.console import say, track
from t5tune.data.normalization import normalize_text
from t5tune.data.pairs import is_usable
from t5tune.data.readers.open_splits import Example, OpenSplit
from t5tune.errors import T5TuneError
from t5tune.recipe.places import CutSplit

# The test set is cut first: scores on it stay comparable whatever the validation set is.
_ORDER = ("test", "validation")


@dataclass(frozen=True)
class Cut:
    """A split that is cut from another one.

    Attributes:
        digests: Digests of its sources.
        examples: Its examples, in the order of the other split.
    """

    digests: frozenset[bytes]
    examples: list[Example]


class Cuts:
    """The cuts of a recipe, found once for all splits."""

    def __init__(self) -> None:
        self._found: dict[str, Cut] | None = None

    def find(self, train: OpenSplit, places: Mapping[str, CutSplit]) -> dict[str, Cut]:
        """Return the cuts by split; the first call reads the training data.

        Raises:
            T5TuneError: The training data cannot be read, or is too small.
        """
        if self._found is None:
            self._found = _find_cuts(train, places)
        return self._found


def open_cut(train: OpenSplit, split: str, place: CutSplit, cut: Cut) -> OpenSplit:
    """Return a split that is cut from the training data."""
    num, examples = len(cut.examples), cut.examples
    return OpenSplit(f"data.{split}", place, train.unit, num, lambda: iter(examples))


def leave_out(train: OpenSplit, cuts: Mapping[str, Cut]) -> OpenSplit:
    """Return the training data without the examples of the cuts, in the same order."""
    digests = frozenset[bytes]().union(*(cut.digests for cut in cuts.values()))
    num_rows = train.num_rows
    if num_rows is not None:
        num_rows -= sum(len(cut.examples) for cut in cuts.values())

    def read() -> Iterator[Example]:
        return (one for one in train.read() if _digest(one.source) not in digests)

    return replace(train, num_rows=num_rows, read=read)


def _digest(source: str) -> bytes:
    return blake2b(normalize_text(source).encode(), digest_size=8).digest()


def _find_cuts(train: OpenSplit, places: Mapping[str, CutSplit]) -> dict[str, Cut]:
    num_examples = None
    if any(isinstance(place.size, str) for place in places.values()):
        num_examples = _count(train)
    found: dict[str, Cut] = {}
    for split in filter(places.__contains__, _ORDER):
        taken = frozenset[bytes]().union(*(cut.digests for cut in found.values()))
        found[split], num_examples = _find_cut(train, split, places[split], num_examples, taken)
    for split in places:
        say(
            f"data: {len(found[split].examples):,} of {num_examples:,} examples of data.train are "
            f"{split}"
        )
    return found


def _count(train: OpenSplit) -> int:
    num = 0
    with track(f"counting the examples of {train.where}", train.num_rows, train.unit) as advance:
        for num, _ in enumerate(train.read(), start=1):
            if num % 1000 == 0:
                advance(1000)
    return num


def _find_cut(
    train: OpenSplit, split: str, place: CutSplit, num_examples: int | None, taken: frozenset[bytes]
) -> tuple[Cut, int]:
    """Return a cut, and the number of all examples.

    Args:
        train: Training data.
        split: Name of the split.
        place: Size and seed.
        num_examples: Number of all examples; None if the size is not a share of it.
        taken: Digests of sources that other splits have.
    """
    wanted = place.count(num_examples or 0)
    too_frequent: set[bytes] = set()
    while True:
        chosen = _Chosen(wanted, f"{place.seed}/{split}".encode(), taken, too_frequent)
        chosen.read(train, split)
        if not chosen.is_incomplete:
            break
    if chosen.num_read == 0:
        raise train.refuse_empty()
    cut = chosen.result()
    others = chosen.num_usable - len(cut.examples)
    if wanted > chosen.num_usable or others == 0:
        raise T5TuneError(
            f"data.{split}.size: {place} cannot be cut: there are {chosen.num_usable:,} with a "
            "source and a target that no other split has, and training needs some of them.",
            next_command=f"the same command with data.{split}.size=5%",
        )
    if not cut.examples:
        raise T5TuneError(
            f"data.{split}.size: every source of data.train occurs more than {wanted:,} times, and "
            "a source is never on both sides.",
            next_command=f"a larger data.{split}.size, or a file of its own",
        )
    return cut, chosen.num_read


class _Chosen:
    """The groups of examples with the same source that come first in the order of a seed.

    As many groups are held as give the number that is wanted, and one more. A group that is larger
    than that number is never chosen. One that turns out to be so may have pushed out others, so
    that the data is read again without it.

    Args:
        wanted: Number of examples.
        key: Seed of the order.
        taken: Digests of sources that are left out.
        too_frequent: Digests of sources with more examples than are wanted, which grows.
    """

    def __init__(
        self, wanted: int, key: bytes, taken: frozenset[bytes], too_frequent: set[bytes]
    ) -> None:
        self.num_read = 0
        self.num_usable = 0
        self.is_incomplete = False
        self._wanted = wanted
        self._key = key
        self._taken = taken
        self._too_frequent = too_frequent
        self._groups: dict[bytes, list[tuple[int, Example]]] = {}
        self._last_first: list[tuple[int, bytes]] = []  # a heap of negative ranks
        self._num_held = 0
        self._has_dropped = False

    def read(self, train: OpenSplit, split: str) -> None:
        """Choose among all examples with a source and a target."""
        with track(f"choosing data.{split} from {train.where}", train.num_rows, train.unit) as done:
            for example in train.read():
                self.num_read += 1
                if self.num_read % 1000 == 0:
                    done(1000)
                if not is_usable(example.source, example.references[0]):
                    continue
                digest = _digest(example.source)
                if digest not in self._taken:
                    self.num_usable += 1
                    if digest not in self._too_frequent:
                        self._add(digest, example)

    def _add(self, digest: bytes, example: Example) -> None:
        group = self._groups.get(digest)
        if group is None:
            rank = -int.from_bytes(blake2b(digest, digest_size=8, key=self._key).digest())
            if self._num_held >= self._wanted and rank < self._last_first[0][0]:
                self._has_dropped = True
                return
            group = self._groups[digest] = []
            heapq.heappush(self._last_first, (rank, digest))
        group.append((self.num_read, example))
        self._num_held += 1
        if len(group) > self._wanted:
            self._too_frequent.add(digest)
            self._drop(digest)
            self.is_incomplete |= self._has_dropped
        self._drop_superfluous()

    def _drop(self, digest: bytes) -> None:
        self._num_held -= len(self._groups.pop(digest))

    def _drop_superfluous(self) -> None:
        while self._last_first:
            last = self._groups.get(self._last_first[0][1])
            if last is not None and self._num_held - len(last) < self._wanted:
                return
            _, digest = heapq.heappop(self._last_first)
            if last is not None:
                self._drop(digest)
                self._has_dropped = True

    def result(self) -> Cut:
        """Return as many groups as fit into the number of examples that is wanted."""
        digests: list[bytes] = []
        chosen: list[tuple[int, Example]] = []
        for _, digest in sorted(self._last_first, reverse=True):
            group = self._groups.get(digest, [])
            if len(chosen) + len(group) > self._wanted:
                break
            digests.append(digest)
            chosen += group
        chosen.sort(key=lambda numbered: numbered[0])
        return Cut(frozenset(digests), [example for _, example in chosen])
