"""Spans that are left out of a sequence: T5's span corruption and BART's text infilling."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from random import Random
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")


class SpanCount(NamedTuple):
    """What is left out of a sequence.

    Attributes:
        num_items: Number of items in spans.
        num_spans: Number of spans.
    """

    num_items: int
    num_spans: int


def count_spans(length: int, rate: float, mean_length: float, most_spans: int) -> SpanCount:
    """Return what span corruption leaves out of a sequence, whatever the draw.

    Args:
        length: Number of items of the sequence, at least one.
        rate: Share of them that are in spans.
        mean_length: Mean number of items of a span.
        most_spans: Number of spans for which there are sentinels.
    """
    num_items = min(max(round(length * rate), 1), max(length - 1, 1))
    # Two spans have something between them.
    most = min(num_items, length - num_items + 1, most_spans)
    return SpanCount(num_items, min(max(round(num_items / mean_length), 1), most))


def corrupt_spans(
    items: Sequence[Item],
    sentinels: Sequence[Item],
    rate: float,
    mean_length: float,
    draw: Random,
) -> tuple[list[Item], list[Item]]:
    """Return what is left, and the spans: each has its sentinel in both (Raffel et al. 2020).

    A last sentinel ends the spans (section 3.1.4). T5's own code lets every text end in a span,
    because its texts are cut anywhere; here a text may begin and end in one or not.
    """
    if not items:
        return [], []
    num_items, num_spans = count_spans(len(items), rate, mean_length, len(sentinels) - 1)
    spans = _divide(num_items, num_spans, draw)
    between = _divide(len(items) - num_items + 2, num_spans + 1, draw)
    between[0] -= 1
    between[-1] -= 1
    kept, missing, place = list(items[: between[0]]), [], between[0]
    for sentinel, length, following in zip(sentinels, spans, between[1:], strict=False):
        missing += [sentinel, *items[place : place + length]]
        place += length
        kept += [sentinel, *items[place : place + following]]
        place += following
    return kept, [*missing, sentinels[num_spans]]


def _divide(total: int, num_parts: int, draw: Random) -> list[int]:
    """Divide a number into parts of at least one; every division is equally likely."""
    inner = sorted(draw.sample(range(1, total), num_parts - 1))
    return [end - begin for begin, end in pairwise([0, *inner, total])]


def fill_masks(
    items: Sequence[Item], mask: Item, rate: float, mean_length: float, draw: Random
) -> list[Item]:
    """Return the sequence with spans in place of which there is one mask each (Lewis et al. 2020).

    Lengths of spans follow a Poisson distribution; one of length 0 is a mask between two items.
    """
    if not items:
        return []
    num_items = min(max(round(len(items) * rate), 1), len(items))
    lengths = _draw_lengths(num_items, mean_length, draw)
    num_kept = len(items) - num_items
    while len(lengths) > num_kept + 1:  # two spans have something between them
        lengths.append(lengths.pop() + lengths.pop())
    draw.shuffle(lengths)
    gaps = sorted(draw.sample(range(num_kept + 1), len(lengths)))
    changed: list[Item] = []
    place = before = 0
    for gap, length in zip(gaps, lengths, strict=True):
        changed += [*items[place : place + gap - before], mask]
        place += gap - before + length
        before = gap
    return [*changed, *items[place:]]


def _draw_lengths(total: int, mean: float, draw: Random) -> list[int]:
    """Draw lengths until they are a total; no more of them than that, so that nothing grows."""
    lengths: list[int] = []
    left = total
    while left:
        length = min(_draw_poisson(mean, draw), left)
        left -= length
        lengths.append(length)
    whole = [length for length in lengths if length]
    return whole + [0] * min(len(lengths) - len(whole), total - len(whole))


def _draw_poisson(mean: float, draw: Random) -> int:
    limit, product, number = math.exp(-mean), draw.random(), 0
    while product > limit:
        product *= draw.random()
        number += 1
    return number
