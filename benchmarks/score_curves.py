"""Scores over the time of training: records that survive an interruption, and times to a score.

Needs nothing but the standard library.
"""

from __future__ import annotations

import itertools
import json
import math
import statistics
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

SIDES = ("stock", "stock-best", "t5tune")
CLOCKS = ("wall", "processor", "steps")
# Fields that identify a measurement; the others are its result.
IDENTITY = (
    "task", "purpose", "side", "seed", "optim", "rate", "bf16_asked", "budget_minutes",
    "clock", "threads", "examples", "round", "step_seconds",
)  # fmt: skip

Record = dict[str, Any]


class Point(NamedTuple):
    """A score after some minutes of training."""

    minutes: float
    score: float


def read_records(path: Path, result: str = "curve") -> list[Record]:
    """Return the records of a file that have a result; a line that was cut off is left out."""
    records = []
    for line in path.read_text(encoding="utf-8").split("\n") if path.is_file() else []:
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict) and result in record:
            records.append(record)
    return records


def append_record(path: Path, record: Record) -> None:
    """Write a record on a line of its own, also after a line that was cut off."""
    text = json.dumps(record) + "\n"
    if path.is_file() and (known := path.read_bytes()) and not known.endswith(b"\n"):
        text = "\n" + text
    with path.open("a", encoding="utf-8") as stream:
        stream.write(text)


def find_record(records: Iterable[Record], wanted: Record) -> Record | None:
    """Return the record of the same measurement, if it was made before."""
    for record in records:
        if all(record.get(key) == wanted.get(key) for key in IDENTITY):
            return record
    return None


def read_curve(record: Record, clock: str) -> list[Point]:
    """Return the validations of a record over the minutes of a clock, from (0, 0) on."""
    points = [Point(one[f"{clock}_seconds"] / 60, one["score"]) for one in record["curve"]]
    return [Point(0.0, 0.0), *points]


def minutes_to(curve: Sequence[Point], score: float) -> float | None:
    """Return when a curve first reaches a score, on lines between its points; None if never."""
    for before, after in itertools.pairwise(curve):
        if after.score >= score:
            share = (score - before.score) / ((after.score - before.score) or 1.0)
            return before.minutes + max(0.0, share) * (after.minutes - before.minutes)
    return None


def median_minutes(curves: Sequence[Sequence[Point]], score: float) -> float | None:
    """Return the median over seeds; None if half of them or more never reach the score.

    Of an even number, it is the later of the two in the middle, so that it may be compared.
    """
    times = [minutes_to(curve, score) for curve in curves]
    known = sorted(math.inf if time is None else time for time in times)
    median = statistics.median_high(known) if known else math.inf
    return median if median < math.inf else None


def score_at(curve: Sequence[Point], minutes: float) -> float | None:
    """Return the score of a curve after some minutes; None after its end."""
    for before, after in itertools.pairwise(curve):
        if before.minutes <= minutes <= after.minutes:
            share = (minutes - before.minutes) / ((after.minutes - before.minutes) or 1.0)
            return before.score + share * (after.score - before.score)
    return None


class Spread(NamedTuple):
    """Scores of the seeds after some minutes."""

    minutes: float
    median: float
    low: float
    high: float


def spread(curves: Sequence[Sequence[Point]], num_points: int = 60) -> list[Spread]:
    """Return median, lowest and highest score over time, as far as all curves go."""
    if len(curves) == 1:
        return [Spread(*point, point.score, point.score) for point in curves[0]]
    end = min((curve[-1].minutes for curve in curves), default=0.0)
    found = []
    for i in range(num_points + 1) if curves else ():
        minutes = end * i / num_points
        scores = [s for curve in curves if (s := score_at(curve, minutes)) is not None]
        if scores:
            found.append(Spread(minutes, statistics.median(scores), min(scores), max(scores)))
    return found


def best_setting(records: Sequence[Record]) -> Record:
    """Return the search's record whose last validation is best, by the smoother of its scores.

    After a short training hardly any output is entirely right.
    """
    return max(records, key=lambda record: record["curve"][-1]["smooth"])


def describe_times(records: Sequence[Record], scores: Sequence[float], clock: str) -> list[str]:
    """Return lines of Markdown: the median minutes of each side to each score, and ratios."""
    by_side = {
        side: [read_curve(one, clock) for one in records if one["side"] == side] for side in SIDES
    }
    lines = [
        "| score | " + " | ".join(SIDES) + " | stock / t5tune | stock-best / t5tune |",
        "|---" * (len(SIDES) + 3) + "|",
    ]
    for score in scores:
        times = {side: median_minutes(curves, score) for side, curves in by_side.items()}
        cells = [_minutes(times[side], by_side[side]) for side in SIDES]
        own = times["t5tune"]
        for side in ("stock", "stock-best"):
            cells.append(_ratio(times[side], own, by_side[side]))
        lines.append(f"| {score:g} | " + " | ".join(cells) + " |")
    return lines


def _end(curves: Sequence[Sequence[Point]]) -> float:
    return statistics.median([curve[-1].minutes for curve in curves])


def _minutes(minutes: float | None, curves: Sequence[Sequence[Point]]) -> str:
    if minutes is not None:
        return f"{minutes:.2f}"
    return f"not in {_end(curves):.1f}" if curves else "–"


def _ratio(minutes: float | None, own: float | None, curves: Sequence[Sequence[Point]]) -> str:
    """Return how many times as long a side takes, or a bound where it never gets there."""
    if own is None or not curves:
        return "–"
    if minutes is None:
        return f"> {_end(curves) / own:.1f}"
    return f"{minutes / own:.1f}"
