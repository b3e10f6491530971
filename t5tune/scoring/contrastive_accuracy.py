"""Contrastive sets: whether a model finds the right target more probable than wrong ones.

The idea and the decision by the probability of the whole target are those of Sennrich (2017,
LingEval97) and of Müller et al. (2018, ContraPro); pro- and anti-stereotypical items and the gap
between them are those of Stanovsky et al. (2019, WinoMT).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from t5tune import __version__
from t5tune.scoring.score import Score
from t5tune.scoring.significance.proportions import wilson_interval

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# Categories between which a gap is measured, if a set has both.
PRO = "pro-stereotypical"
ANTI = "anti-stereotypical"

NUM_DRAWS = 10_000
SEED = 12345
_MAX_ELEMENTS = 1 << 22


@dataclass(frozen=True)
class ContrastiveItem:
    """A source with one right and some wrong targets.

    Attributes:
        wrong: Wrong targets, at least one.
        categories: Categories that the item belongs to.
        group: What it shares with others, such as the occupation that it is about; items of a
            group are no independent evidence. None for an item by itself.
    """

    source: str
    right: str
    wrong: tuple[str, ...]
    categories: tuple[str, ...] = ()
    group: str | None = None


@dataclass(frozen=True)
class ItemScores:
    """Log-probabilities of the targets of an item, the right one first."""

    sums: tuple[float, ...]
    per_token: tuple[float, ...]

    @property
    def is_right(self) -> bool:
        """Whether the right target is more probable than every wrong one."""
        return self.sums[0] > max(self.sums[1:])

    @property
    def is_right_per_token(self) -> bool:
        """The same by the mean logarithm of a token, which does not favour short targets."""
        return self.per_token[0] > max(self.per_token[1:])

    @property
    def margin(self) -> float:
        """Sum of the right target minus that of the most probable wrong one."""
        return self.sums[0] - max(self.sums[1:])


@dataclass(frozen=True)
class Accuracy:
    """How often the right target wins, among some items of a set.

    Attributes:
        category: Category; None for all items.
        num_items: Number of items.
        num_right: Number of items in which the right target has the greatest sum.
        num_right_per_token: The same by token.
        chance: Expected number if all targets were alike.
    """

    category: str | None
    num_items: int
    num_right: int
    num_right_per_token: int
    chance: float

    @property
    def score(self) -> Score:
        """The accuracy in percent, with Wilson's interval."""
        low, high = wilson_interval(self.num_right, self.num_items)
        return Score(
            "contrastive_accuracy",
            100 * self.num_right / self.num_items,
            f"score:sum|ties:wrong|interval:wilson|version:t5tune-{__version__}",
            (100 * low, 100 * high),
        )


@dataclass(frozen=True)
class Gap:
    """Accuracy on pro-stereotypical items minus that on anti-stereotypical ones, in points.

    Attributes:
        confidence_interval: Middle 95 % when groups are drawn anew.
        p_value: Share of random exchanges of the two categories whose gap is as large; two-sided.
        num_groups: Number of groups that were drawn and exchanged.
    """

    value: float
    confidence_interval: tuple[float, float]
    p_value: float
    num_groups: int


def measure_accuracy(
    items: Sequence[ContrastiveItem], scores: Sequence[ItemScores]
) -> list[Accuracy]:
    """Return the accuracy of all items, then that of each category: stereotypes, then the set's."""
    pairs = list(zip(items, scores, strict=True))
    found = dict.fromkeys(name for item in items for name in item.categories)
    names = sorted(found, key=lambda name: (name != PRO, name != ANTI))
    parts: list[tuple[str | None, list[tuple[ContrastiveItem, ItemScores]]]] = [(None, pairs)]
    parts += [(name, [pair for pair in pairs if name in pair[0].categories]) for name in names]
    return [
        Accuracy(
            name,
            len(part),
            sum(of_item.is_right for _, of_item in part),
            sum(of_item.is_right_per_token for _, of_item in part),
            sum(1 / (1 + len(item.wrong)) for item, _ in part),
        )
        for name, part in parts
    ]


def measure_gap(items: Sequence[ContrastiveItem], scores: Sequence[ItemScores]) -> Gap | None:
    """Return the gap; None for a set that lacks one of the two categories.

    Interval and test treat a group as one observation. Where the pro-stereotypical items of some
    groups have other categories than those of the others (`feminine`, `masculine`), groups of one
    kind are drawn from each other, and the two kinds are exchanged among groups: so that a model
    which always prefers one gender, whatever the group, widens neither.
    """
    import numpy as np

    groups: dict[str, _Group] = {}
    for number, (item, of_item) in enumerate(zip(items, scores, strict=True)):
        key = f"group {item.group}" if item.group is not None else f"item {number}"
        for place, category in enumerate((PRO, ANTI)):
            if category in item.categories:
                group = groups.setdefault(key, _Group())
                group.counts[place] += of_item.is_right
                group.counts[2 + place] += 1
                if category == PRO:
                    group.kind |= set(item.categories) - {PRO}
    table = np.array([group.counts for group in groups.values()], dtype=np.float64)
    if not len(table) or not table[:, 2:].sum(0).all():
        return None
    names = [tuple(sorted(group.kind)) for group in groups.values()]
    numbers = {name: number for number, name in enumerate(dict.fromkeys(names))}
    kinds = np.array([numbers[name] for name in names])
    rng = np.random.default_rng(SEED)
    value = float(_gaps(table.sum(0)[None])[0])
    interval = _draw_interval(table, kinds, rng)
    return Gap(value, interval, _exchange(table, kinds, value, rng), len(table))


@dataclass
class _Group:
    """Counts of a group: right pro, right anti, pro, anti; and what its pro items also are."""

    counts: list[int] = field(default_factory=lambda: [0, 0, 0, 0])
    kind: set[str] = field(default_factory=set)


def _draw_interval(
    table: NDArray[np.float64], kinds: NDArray[np.int64], rng: np.random.Generator
) -> tuple[float, float]:
    """Return the middle 95 % of gaps when groups are drawn anew, as many of each kind as are."""
    import numpy as np

    sums = np.zeros((NUM_DRAWS, 4))
    for kind in np.unique(kinds):
        of_kind = table[kinds == kind]
        num = len(of_kind)
        for rows in _blocks(num):
            drawn = rng.multinomial(num, np.full(num, 1 / num), size=rows.stop - rows.start)
            sums[rows] += drawn @ of_kind
    gaps = _gaps(sums)
    gaps = np.sort(gaps[np.isfinite(gaps)])
    num_left_out = len(gaps) // 40
    return float(gaps[num_left_out]), float(gaps[len(gaps) - num_left_out - 1])


def _exchange(
    table: NDArray[np.float64], kinds: NDArray[np.int64], value: float, rng: np.random.Generator
) -> float:
    """Return the share of random exchanges of pro and anti that give as large a gap.

    With two kinds of groups, groups exchange their kind; otherwise each exchanges by itself.
    """
    import numpy as np

    num_extreme = 0
    for rows in _blocks(len(table)):
        size = (rows.stop - rows.start, len(table))
        if kinds.max() == 1:
            exchanged = rng.permuted(np.tile(kinds, (size[0], 1)), axis=1) != kinds
        else:
            exchanged = rng.random(size) < 0.5
        gaps = _gaps(exchanged @ table[:, [1, 0, 3, 2]] + ~exchanged @ table)
        num_extreme += int((np.abs(gaps) >= abs(value) - 1e-9).sum())
    return (1 + num_extreme) / (1 + NUM_DRAWS)


def _blocks(num_groups: int) -> Iterator[slice]:
    """Yield the draws that are in memory together."""
    size = max(1, _MAX_ELEMENTS // num_groups)
    for start in range(0, NUM_DRAWS, size):
        yield slice(start, min(start + size, NUM_DRAWS))


def _gaps(sums: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return gaps in points.

    Args:
        sums: Right items and items, of both categories in turn, shape (num_draws, 4): right pro,
            right anti, pro, anti.
    """
    import numpy as np

    with np.errstate(divide="ignore", invalid="ignore"):
        gaps: NDArray[np.float64] = 100 * (sums[:, 0] / sums[:, 2] - sums[:, 1] / sums[:, 3])
    return gaps
