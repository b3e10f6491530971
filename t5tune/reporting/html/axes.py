"""The axes of charts: their positions, ticks and labels."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

# About the width of a phone: drawn at this size everywhere, several side by side where there is
# room, so that labels are as large on a phone as on a desk.
CHART_WIDTH = 360
CHART_HEIGHT = 210
LEFT, RIGHT, TOP, BOTTOM = 46, 12, 26, 40


@dataclass(frozen=True)
class Tick:
    """A mark on an axis."""

    position: float  # distance in pixels from the left or top of the chart
    label: str  # value as text


def nice_ticks(low: float, high: float, most: int = 4) -> list[float]:
    """Return round numbers from at most `low` to at least `high`, in steps of 1, 2 or 5 × 10^n.

    Args:
        low: Smallest value.
        high: Largest value; equal to `low`, to twelve digits, gives a span around it.
        most: Approximate limit of steps.
    """
    if high - low <= max(1e-12 * max(abs(low), abs(high)), 1e-300):  # no digits to tell them by
        margin = abs(low) * 0.1 or 1.0
        low, high = low - margin, high + margin
    rough = (high - low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    # 0.3, not 0.30000000000000004.
    return [float(f"{i * step:.12g}") for i in range(first, last + 1)]


def label_ticks(values: Sequence[float]) -> list[tuple[float, str]]:
    """Return values with enough digits to tell them apart; powers of ten where they are tiny."""
    largest = max(abs(value) for value in values)
    step = min((b - a for a, b in itertools.pairwise(values)), default=1.0)
    if 0 < largest < 1e-2:
        return [(value, _with_power(value, step)) for value in values]
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return [(value, f"{value:.{digits}f}") for value in values]


def _with_power(value: float, step: float) -> str:
    """Return a tiny value as 1.5e-4, to the digit of the step."""
    if value == 0:
        return "0"
    digits = _power_of_ten(abs(value)) - _power_of_ten(step)
    number, power = f"{value:.{max(0, digits)}e}".split("e")
    return f"{number.rstrip('0').rstrip('.') if '.' in number else number}e{int(power)}"


def _power_of_ten(value: float) -> int:
    return math.floor(math.log10(value) + 1e-9)


def format_value(value: float) -> str:
    """Return a value with about four digits."""
    if value == 0 or 1 <= abs(value) < 1e5:
        return f"{value:.2f}"
    return f"{value:.3g}" if abs(value) < 1e-2 else f"{value:.3f}"


def format_step(step: float) -> str:
    """Return a number of steps, thousands as k where that is exact."""
    whole = round(step)
    return f"{whole // 1000}k" if whole >= 10_000 and whole % 1000 == 0 else str(whole)
