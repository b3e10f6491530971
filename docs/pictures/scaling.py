"""Draw docs/pictures/scaling.svg: which share of the speed of n GPUs is left, as calculated.

.venv/bin/python docs/pictures/scaling.py
"""

from __future__ import annotations

import math
from pathlib import Path

from t5tune.distributed.model_shape import T5_SHAPES
from t5tune.distributed.scaling import MACHINES, Batches, predict_step

SHAPE, UTILISATION = T5_SHAPES["t5-large"], 0.45
EXAMPLES = 64  # of 256 tokens
SHARED = 16  # batches of a step that all GPUs share
MOST_GPUS = 512
# Label, colour, machines, sharding, batches of a GPU in a step (None: all GPUs share 16), and by
# how much the label is moved so that none covers another.
CURVES = [
    ("DDP, 8 × NDR", "#1f6feb", "h100-ndr", "none", 1, -4),
    ("DDP, 8 × NDR, 262,144 tokens a step in all", "#8250df", "h100-ndr", "none", None, 0),
    ("fsdp, 8 × NDR", "#1a7f37", "h100-ndr", "fsdp", 1, 0),
    ("DDP, 100 Gbit/s, 16 such batches a step", "#bc4c00", "h100-100g", "none", 16, 0),
    ("DDP, 100 Gbit/s", "#bc4c00", "h100-100g", "none", 1, 0),
    ("DDP, 10 Gbit/s", "#59636e", "h100-10g", "none", 1, 0),
]
LEFT, TOP, WIDTH, HEIGHT = 60, 60, 460, 300
INK, GREY, LINE = "#1f2328", "#59636e", "#d8dee4"


def write(x: float, y: float, text: str, size: float, colour: str, more: str = "") -> str:
    return f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" {more}>{text}</text>'


def predict_efficiency(machines: str, sharding: str, num_batches: int | None, gpus: int) -> float:
    batches = Batches(EXAMPLES, num_batches=num_batches or max(1, SHARED // gpus))
    if num_batches is None and gpus > SHARED:
        batches = Batches(EXAMPLES * SHARED // gpus)
    return predict_step(SHAPE, sharding, gpus, batches, MACHINES[machines], UTILISATION).efficiency


def place(gpus: int, efficiency: float) -> tuple[float, float]:
    return LEFT + WIDTH * math.log2(gpus) / math.log2(MOST_GPUS), TOP + HEIGHT * (1 - efficiency)


def draw() -> str:
    parts = [
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 880 420" '
        'font-family="system-ui, sans-serif">',
        '<rect width="880" height="420" fill="#fff"/>',
        write(20, 26, "t5-large on H100s at an assumed 45 % of their peak, calculated", 15, INK,
              'font-weight="600"'),
        write(20, 45, "share of the speed that as many GPUs would have without communication, with "
              "16,384 tokens per GPU and step unless it says otherwise", 12, GREY),
    ]  # fmt: skip
    for percent in (0, 25, 50, 75, 100):
        _, y = place(1, percent / 100)
        parts.append(f'<path d="M{LEFT} {y:.1f}h{WIDTH}" stroke="{LINE}"/>')
        parts.append(write(LEFT - 8, y + 4, f"{percent} %", 12, GREY, 'text-anchor="end"'))
    sizes = [2**i for i in range(int(math.log2(MOST_GPUS)) + 1)]
    for gpus in sizes:
        x, y = place(gpus, 0)
        parts.append(write(x, y + 20, str(gpus), 12, GREY, 'text-anchor="middle"'))
    parts.append(write(LEFT + WIDTH / 2, TOP + HEIGHT + 42, "GPUs, eight in a machine", 12, GREY,
                       'text-anchor="middle"'))  # fmt: skip
    for label, colour, machines, sharding, num_batches, shift in CURVES:
        points = [place(n, predict_efficiency(machines, sharding, num_batches, n)) for n in sizes]
        line = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
        dash = ' stroke-dasharray="6 4"' if num_batches == 16 else ""
        parts.append(
            f'<polyline points="{line}" fill="none" stroke="{colour}" stroke-width="2"{dash}/>'
        )
        x, y = points[-1]
        parts.append(write(x + 10, y + 4 + shift, label, 12.5, colour))
    return "\n".join([*parts, "</svg>", ""])


if __name__ == "__main__":
    Path(__file__).with_suffix(".svg").write_text(draw(), encoding="utf-8")
