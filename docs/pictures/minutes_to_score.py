"""Draw validation scores over minutes, as benchmarks/time_to_score.py recorded them.

.venv/bin/python docs/pictures/minutes_to_score.py RESULTS.jsonl OUT.svg
    [--clock steps|wall|processor]

A line is the median of the seeds and the band around it all of them. The colours follow the
reader's light or dark page.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from t5tune.reporting.html.axes import label_ticks, nice_ticks

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "benchmarks"))

from score_curves import CLOCKS, SIDES, Record, Spread, read_curve, read_records, spread

LEFT, TOP, WIDTH, HEIGHT = 60, 64, 620, 300
BETWEEN = 17  # label to label, at least
STYLE = """
text { fill: #1f2328 } .quiet { fill: #59636e } .grid { stroke: #d8dee4 } .page { fill: #fff }
.line { fill: none; stroke-width: 2.5; stroke-linejoin: round } .band { opacity: .18 }
.stock.line { stroke: #9a6700 } .stock.band, text.stock { fill: #9a6700 }
.stock-best.line { stroke: #8250df } .stock-best.band, text.stock-best { fill: #8250df }
.t5tune.line { stroke: #1a7f37 } .t5tune.band, text.t5tune { fill: #1a7f37 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 } .quiet { fill: #9198a1 } .grid { stroke: #30363d } .page { fill: #0d1117 }
  .stock.line { stroke: #d29922 } .stock.band, text.stock { fill: #d29922 }
  .stock-best.line { stroke: #bc8cff } .stock-best.band, text.stock-best { fill: #bc8cff }
  .t5tune.line { stroke: #3fb950 } .t5tune.band, text.t5tune { fill: #3fb950 }
}
"""


def write(x: float, y: float, text: str, kind: str = "", more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" class="{kind}" {more}>{text}</text>'


class Axes:
    """Minutes and scores as places in the picture."""

    def __init__(self, minutes: float, score: float) -> None:
        self.minutes = minutes or 1.0
        self.scores = nice_ticks(0, score, most=5)
        self.times = [one for one in nice_ticks(0, self.minutes, most=7) if one <= self.minutes]

    def place(self, minutes: float, score: float) -> tuple[float, float]:
        return (
            LEFT + WIDTH * minutes / self.minutes,
            TOP + HEIGHT * (1 - score / self.scores[-1]),
        )

    def path(self, points: Sequence[tuple[float, float]]) -> str:
        return " ".join("{:.1f},{:.1f}".format(*self.place(*point)) for point in points)

    def draw(self, clock: str) -> list[str]:
        parts = []
        for score, label in label_ticks(self.scores):
            x, y = self.place(0, score)
            parts.append(f'<path d="M{x:.1f} {y:.1f}h{WIDTH}" class="grid"/>')
            parts.append(write(x - 8, y + 4, label, "quiet", 'text-anchor="end"'))
        for minutes, label in label_ticks(self.times):
            x, y = self.place(minutes, 0)
            parts.append(write(x, y + 20, label, "quiet", 'text-anchor="middle"'))
        title = "processor minutes of training" if clock == "processor" else "minutes of training"
        middle = LEFT + WIDTH / 2, TOP + HEIGHT + 42
        return [*parts, write(*middle, title, "quiet", 'text-anchor="middle"')]


def draw_side(axes: Axes, side: str, line: Sequence[Spread], has_band: bool) -> list[str]:
    parts = []
    if has_band:
        around = [(p.minutes, p.high) for p in line] + [(p.minutes, p.low) for p in line[::-1]]
        parts.append(f'<polygon points="{axes.path(around)}" class="{side} band"/>')
    points = axes.path([(p.minutes, p.median) for p in line])
    return [*parts, f'<polyline points="{points}" class="{side} line"/>']


def spread_labels(heights: Sequence[float]) -> list[float]:
    """Return heights from the top down that are far enough apart to read."""
    placed: list[float] = []
    for height in heights:
        placed.append(max(height, placed[-1] + BETWEEN) if placed else height)
    return placed


def draw(records: Sequence[Record], clock: str, title: str | None = None) -> str:
    """Return the picture of the measurements among the records, which are of one task."""
    measured = [record for record in records if record["purpose"] == "measure"]
    if not measured:
        raise SystemExit("these results have no measurement yet, only searches")
    curves = {
        side: [read_curve(record, clock) for record in measured if record["side"] == side]
        for side in SIDES
    }
    lines = {side: spread(some) for side, some in curves.items() if some}
    axes = Axes(
        max(line[-1].minutes for line in lines.values()),
        max(point.high for line in lines.values() for point in line),
    )
    seeds = max(len(some) for some in curves.values())
    what = f"{measured[0]['metric']} of the validation, greedy, "
    what += "one seed" if seeds == 1 else f"median and range of {seeds} seeds"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 {TOP + HEIGHT + 60}" '
        'font-family="system-ui, sans-serif" font-size="13">',
        f"<style>{STYLE}</style>",
        f'<rect width="860" height="{TOP + HEIGHT + 60}" class="page"/>',
        write(20, 26, title or measured[0]["task"], "", 'font-size="16" font-weight="600"'),
        write(20, 46, what, "quiet"),
        *axes.draw(clock),
    ]
    for side, line in lines.items():
        parts += draw_side(axes, side, line, has_band=len(curves[side]) > 1)
    ends = sorted(lines, key=lambda side: -lines[side][-1].median)
    places = [axes.place(lines[side][-1].minutes, lines[side][-1].median) for side in ends]
    for side, (x, _), y in zip(ends, places, spread_labels([y for _, y in places]), strict=True):
        label = f"{side} {lines[side][-1].median:.1f}"
        parts.append(write(x + 8, y + 4, label, side, 'font-weight="600"'))
    return "\n".join([*parts, "</svg>", ""])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("results", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--clock", choices=CLOCKS, default="wall")
    parser.add_argument("--title")
    options = parser.parse_args()
    picture = draw(read_records(options.results), options.clock, options.title)
    options.out.write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
