"""The geometry of the plots on a page about data: lengths of texts, and shares as bars."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from t5tune.data.overview.data_overview import SideOverview
from t5tune.data.overview.length_counts import LengthCounts
from t5tune.reporting.html.axes import (
    BOTTOM,
    CHART_HEIGHT,
    CHART_WIDTH,
    LEFT,
    RIGHT,
    TOP,
    Tick,
    nice_ticks,
)
from t5tune.reporting.html.charts import Bin, Histogram

_WIDTH, _HEIGHT = CHART_WIDTH - LEFT - RIGHT, CHART_HEIGHT - TOP - BOTTOM


@dataclass(frozen=True)
class LengthChart:
    """A histogram of lengths.

    Attributes:
        title: What the texts are.
        summary: What the histogram shows, in a few words.
        unit: Label of the horizontal axis.
        histogram: Bars and axes.
        limit: Position of the limit in pixels; None where it is beyond the longest text.
    """

    title: str
    summary: str
    unit: str
    histogram: Histogram
    limit: float | None


def draw_lengths(title: str, sides: Sequence[SideOverview]) -> LengthChart:
    """Lay out the lengths of the texts of some splits, which have the same limit."""
    limit = sides[0].limit
    lengths = sum((one.lengths for one in sides[1:]), sides[0].lengths)
    num_cut = sum(one.num_cut for one in sides)
    bins = lengths.bins(limit)
    last = bins[-1].last or bins[-1].first + (bins[0].last or 1) - 1 if bins else 1
    y_values = [
        value
        for value in nice_ticks(0, max((one.num_texts for one in bins), default=1) or 1)
        if value == round(value)
    ]
    bottom = CHART_HEIGHT - BOTTOM

    def x_of(length: float) -> float:
        return round(LEFT + _WIDTH * length / last, 1)

    drawn = []
    for one in bins:
        start, end = x_of(max(one.first, 1) - 1), x_of(one.last or last)
        height = round(_HEIGHT * one.num_texts / y_values[-1], 1)
        span = f"{one.first:,} or more" if one.last is None else f"{one.first:,} to {one.last:,}"
        drawn.append(
            Bin(
                x=start + 0.5,
                y=round(bottom - height, 1),
                width=max(round(end - start - 1, 1), 0.5),
                height=height,
                kind="over" if one.first > limit else "within",
                text=f"{one.num_texts:,} of {span} tokens",
            )
        )
    return LengthChart(
        title,
        _summarize(lengths, limit, num_cut),
        "tokens" if not bins or bins[-1].last else "tokens; the last bar has all longer texts",
        Histogram(
            tuple(drawn),
            tuple(Tick(x_of(v), f"{v:,.0f}") for v in nice_ticks(0, last, most=5) if v <= last),
            tuple(
                Tick(round(bottom - _HEIGHT * value / y_values[-1], 1), _shorten(value))
                for value in y_values
            ),
        ),
        x_of(limit) if limit <= last else None,
    )


def _summarize(lengths: LengthCounts, limit: int, num_cut: int) -> str:
    over = f"{num_cut:,} over the limit of {limit:,}" if num_cut else f"none over {limit:,}"
    return f"median {lengths.find_quantile(0.5):,}, longest {lengths.longest:,}, {over}"


def _shorten(value: float) -> str:
    """Return a number of texts, thousands as k and millions as M."""
    for size, letter in ((1_000_000, "M"), (1000, "k")):
        if value >= size:
            return f"{value / size:g}{letter}"
    return f"{value:g}"


@dataclass(frozen=True)
class ShareBar:
    """A share as a bar.

    Attributes:
        label: What it is the share of.
        text: The share for people.
        percent: Its length, to 100.
        mark: Position of a mark; None without one.
    """

    label: str
    text: str
    percent: float
    mark: float | None = None


def draw_shares(shares: Iterable[tuple[str, str, float, float | None]]) -> list[ShareBar]:
    """Lay out shares from 0 to 1, each with its label, its text and perhaps the share asked for."""
    return [
        ShareBar(label, text, round(100 * share, 2), None if mark is None else round(100 * mark, 2))
        for label, text, share, mark in shares
    ]
