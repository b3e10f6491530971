"""Print the tables of docs/scaling.md: speed and memory on many GPUs, as calculated.

.venv/bin/python benchmarks/scaling.py [--utilisation 0.45] [--other-utilisation 0.3]
    [--report gpu-report.md]

The utilisation is the share of a GPU's published peak that a step's own operations reach on one
GPU. With --report it is the one that `make gpu` has measured with t5tune at the shape of t5-large.
See t5tune/distributed/scaling.py for what is calculated.
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from gpu_text import UTILISATION_SHAPE, find_own_utilisation, group_runs

from t5tune.distributed.model_shape import T5_SHAPES, ModelShape
from t5tune.distributed.scaling import (
    GPUS_PER_MACHINE,
    MACHINES,
    Batches,
    Prediction,
    Sharding,
    predict_state_bytes,
    predict_step,
)

MODELS = ("t5-base", "t5-large", "t5-3b", "t5-11b")
NUM_GPUS = (8, 64, 512)
SHARDINGS: tuple[Sharding, ...] = ("none", "fsdp")
MOST_EXAMPLES = 64  # of 128 source and 128 target tokens
NEARLY = 1.02
ASSUMED = (0.45, 0.30)


def choose(shape: ModelShape, num_gpus: int, utilisation: float) -> tuple[Sharding, Batches] | None:
    """Return the sharding and the batch, a power of two, that are fastest of what fits.

    Without sharding if that is nearly as fast: it sends less with accumulation.
    """
    found = []
    for sharding in SHARDINGS:
        for examples in (2**i for i in range(MOST_EXAMPLES.bit_length())):
            batches = Batches(examples)
            step = predict_step(
                shape, sharding, num_gpus, batches, MACHINES["h100-ndr"], utilisation
            )
            if step.fits:
                gain = NEARLY if sharding == "none" else 1.0
                found.append((gain * step.tokens_per_second, sharding, batches))
    return max(found, key=lambda one: one[0])[1:] if found else None


def format_speed(step: Prediction) -> str:
    speed = step.tokens_per_second
    digits = f"{speed / 1e6:.2f} M" if speed >= 1e6 else f"{speed / 1e3:.0f} k"
    return f"{digits} ({100 * step.efficiency:.0f} %)"


def format_row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def format_speeds(utilisation: float, other: float) -> list[str]:
    """Return the lines of the table of tokens per second."""
    columns = [
        ("a100-hdr", utilisation), ("h100-ndr", utilisation), ("h100-ndr", other),
        ("h100-100g", utilisation), ("h100-10g", utilisation),
    ]  # fmt: skip
    titles = [f"{MACHINES[name].name}, {100 * share:.0f} %" for name, share in columns]
    lines = [format_row(["model", "GPUs", "sharding", "tokens per GPU", "memory", *titles])]
    lines.append("|---|---|---|---|---|" + "---|" * len(columns))
    for model in MODELS:
        shape = T5_SHAPES[model]
        for num_gpus in NUM_GPUS:
            chosen = choose(shape, num_gpus, utilisation)
            if chosen is None:
                lines.append(format_row([model, str(num_gpus), "does not fit", *[""] * 7]))
                continue
            steps = [
                predict_step(shape, chosen[0], num_gpus, chosen[1], MACHINES[name], share)
                for name, share in columns
            ]
            cells = [format_speed(step) for step in steps]
            if num_gpus <= GPUS_PER_MACHINE:
                cells[3:] = ["–", "–"]
            memory = f"{steps[0].memory_bytes / 1e9:.0f} GB"
            tokens = f"{chosen[1].num_tokens:,}"
            lines.append(format_row([model, str(num_gpus), chosen[0], tokens, memory, *cells]))
    return lines


def format_memory() -> list[str]:
    """Return the lines of the table of memory per GPU."""
    lines = [
        format_row(
            ["model", "weights", "one GPU", "DDP", *[f"`fsdp`, {n} GPUs" for n in NUM_GPUS],
             "1,024 tokens"]
        ),
        "|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    for model in MODELS:
        shape = T5_SHAPES[model]
        state = [predict_state_bytes(shape, "none", n) for n in (1, 8)]
        state += [predict_state_bytes(shape, "fsdp", n) for n in NUM_GPUS]
        state.append(shape.count_activation_bytes(512, 512))
        weights = f"{shape.num_weights / 1e6:,.1f} M"
        lines.append(format_row([model, weights, *[f"{size / 1e9:.1f} GB" for size in state]]))
    return lines


def read_utilisation(report: Path) -> float:
    """Return the share of a GPU's published peak that a report of `make gpu` has measured."""
    text = report.read_text(encoding="utf-8")
    for block in re.findall(r"^```json\n(.*?)^```$", text, re.DOTALL | re.MULTILINE):
        numbers = json.loads(block)
        if isinstance(numbers, dict) and "matmul_flops_per_second" in numbers:
            found = find_own_utilisation(group_runs(numbers["runs"], UTILISATION_SHAPE), numbers)
            if found is not None and found[1]:
                return found[0]
    raise SystemExit(
        f"{report} has no training of t5tune at the shape of {UTILISATION_SHAPE} on a GPU whose "
        "published rate is known; give --utilisation instead."
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--utilisation", type=float, default=ASSUMED[0])
    parser.add_argument("--other-utilisation", type=float, default=ASSUMED[1])
    parser.add_argument("--report", type=Path, help="of `make gpu`, whose utilisation is used")
    options = parser.parse_args()
    if options.report:
        options.utilisation = read_utilisation(options.report)
    speeds = format_speeds(options.utilisation, options.other_utilisation)
    sys.stdout.write("\n".join([*speeds, "", *format_memory(), ""]))


if __name__ == "__main__":
    main()
