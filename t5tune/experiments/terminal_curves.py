"""Curves in a terminal, drawn with dots of Braille or, where there are none, with stars."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

# Dots of a Braille letter, by row and column of its 4 x 2 grid (ISO/TR 11548-1).
_DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_BLANK = 0x2800
_LABEL = 9  # cells left of a curve


def draw_curve(
    steps: Sequence[int],
    values: Sequence[float],
    *,
    width: int,
    height: int,
    ascii_only: bool = False,
) -> list[str]:
    """Return the lines of a curve, with the largest and smallest value and the steps at its ends.

    Args:
        steps: Optimizer steps, ascending, at least one.
        values: A value for each.
        width: Cells of a line.
        height: Lines of the curve, without the one of the steps.
        ascii_only: Whether to draw with stars.
    """
    num_cells = max(width - _LABEL - 1, 1)
    rows, columns = (1, 1) if ascii_only else (4, 2)
    low, high = min(values), max(values)
    points = _place_points(steps, values, num_cells * columns, height * rows)
    grid = [[0] * num_cells for _ in range(height)]
    for x, y in points:
        dot = 1 if ascii_only else _DOTS[y % rows][x % columns]
        grid[y // rows][x // columns] |= dot
    lines = []
    for number, cells in enumerate(grid):
        label = _format(high) if number == 0 else _format(low) if number == height - 1 else ""
        letters = (("*" if ascii_only else chr(_BLANK + cell)) if cell else " " for cell in cells)
        drawn = "".join(letters)
        lines.append(f"{label:>{_LABEL}} {drawn}")
    ends = f"{steps[0]:,}", f"{steps[-1]:,}"
    gap = " " * max(num_cells - len(ends[0]) - len(ends[1]), 1)
    return [*lines, f"{'step':>{_LABEL}} {ends[0]}{gap}{ends[1]}"]


def _place_points(
    steps: Sequence[int], values: Sequence[float], num_columns: int, num_rows: int
) -> set[tuple[int, int]]:
    """Return the dots of a line through all points, by column and row from the upper left."""
    low, high = min(values), max(values)
    first, last = steps[0], steps[-1]
    placed = [
        (
            round((step - first) / max(last - first, 1) * (num_columns - 1)),
            round((high - value) / ((high - low) or 1.0) * (num_rows - 1)),
        )
        for step, value in zip(steps, values, strict=True)
    ]
    dots = set(placed[:1])
    for (x, y), (to_x, to_y) in itertools.pairwise(placed):
        length = max(abs(to_x - x), abs(to_y - y), 1)
        dots |= {
            (round(x + (to_x - x) * i / length), round(y + (to_y - y) * i / length))
            for i in range(length + 1)
        }
    return dots


def _format(value: float) -> str:
    """Return a value in at most as many cells as there are left of a curve."""
    text = f"{value:.3f}"
    return text if len(text) < _LABEL else f"{value:.2e}"
