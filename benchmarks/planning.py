"""Seconds and memory of planning the batches of an epoch, for one or several source trees.

benchmarks/planning.py [--tree DIR ...] [--plan budget packed] [--examples N ...] [--rounds N]

A tree is a directory that holds the package `t5tune`. Every measurement is a process of its own;
the trees take turns. Lengths are like those of WMT14 with a vocabulary of 32,000: 31 tokens on
average on each side, log-normal, correlated (0.89), cut at 128. Beside the seconds stand those of
the processor, which depend less on what else it does. Ratios are of the latter.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

LONGEST = 128  # tokens on each side
TOKENS_PER_BATCH = 4096
UNITS = ("seconds", "of the processor")
COLUMNS = {
    "start": "to the first step",  # the number of batches, and epoch 0
    "later": "a later epoch",
    "walk": "all steps of it, one by one",  # as in resuming
}


def draw_lengths(num_examples: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw the number of tokens of each source and target."""
    generator = np.random.default_rng(0)
    common = generator.standard_normal(num_examples)
    sides = []
    for _ in range(2):
        normal = 0.95 * common + (1 - 0.95**2) ** 0.5 * generator.standard_normal(num_examples)
        tokens = np.exp(np.log(26) + 0.6 * normal).round()
        sides.append(np.clip(tokens, 2, LONGEST).astype(np.int64))
    return sides[0], sides[1]


def read_memory(field: str) -> float:
    """Return a field of this process's memory, in MiB."""
    (kib,) = re.findall(rf"{field}:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return int(kib) / 1024


def measure(name: str, num_examples: int) -> dict[str, float]:
    """Measure one plan in this process."""
    from t5tune.data.batching.formed_batches import TokenBudgetBatches
    from t5tune.data.batching.packing import PackedBatches, choose_row_lengths
    from t5tune.data.batching.steps import OptimizerSteps

    lengths = draw_lengths(num_examples)
    found: dict[str, float] = {}

    def run(column: str, work: Callable[[], Any]) -> Any:
        begin, worked = time.perf_counter(), time.process_time()
        result = work()
        seconds = time.perf_counter() - begin, time.process_time() - worked
        found.update(
            {f"{column} {unit}": value for unit, value in zip(UNITS, seconds, strict=True)}
        )
        return result

    def start() -> OptimizerSteps:
        if name == "packed":
            rows = choose_row_lengths(*lengths)
            plan: Any = PackedBatches(*lengths, rows, TOKENS_PER_BATCH, seed=1)
        else:
            plan = TokenBudgetBatches(*lengths, TOKENS_PER_BATCH, seed=1)
        steps = OptimizerSteps(plan, 1)
        next(iter(steps))
        return steps

    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    before = read_memory("VmRSS")
    steps = run("start", start)
    later = run("later", lambda: steps.plan_epoch(1))
    run("walk", lambda: sum(1 for _ in later))
    found["MiB"] = read_memory("VmHWM") - before
    return found


def measure_apart(tree: Path, name: str, num_examples: int) -> dict[str, float]:
    """Measure one plan of a tree in another process."""
    command = [sys.executable, __file__, "--measure", name, str(num_examples)]
    environment = {**os.environ, "PYTHONPATH": str(tree.resolve()), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True)
    found: dict[str, float] = json.loads(done.stdout)
    return found


def format_cell(columns: dict[str, list[float]], column: str) -> str:
    """Return the median and the spread of the seconds, and the same of the processor's."""
    return ", ".join(
        f"{statistics.median(values):.2f} ({min(values):.2f}–{max(values):.2f})"
        for values in (columns[f"{column} {unit}"] for unit in UNITS)
    )


def print_row(cells: Sequence[str]) -> None:
    print("|", " | ".join(cells), "|", flush=True)


def main() -> None:
    """Measure in turns, and print medians, spread, and ratios to the first tree."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--tree", type=Path, nargs="+", default=[Path(__file__).parents[1]])
    parser.add_argument("--plan", nargs="+", default=["budget", "packed"])
    parser.add_argument(
        "--examples", type=int, nargs="+", default=[100_000, 1_000_000, 2_000_000, 5_000_000]
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--measure", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure:
        print(json.dumps(measure(options.measure[0], int(options.measure[1]))))
        return
    titles = ["plan", "examples", "tree", *COLUMNS.values(), "MiB", "ratio"]
    print_row(titles)
    print_row(["---"] * len(titles))
    for name in options.plan:
        for num_examples in options.examples:
            values: dict[Path, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
            for _ in range(options.rounds):
                for tree in options.tree:
                    for column, value in measure_apart(tree, name, num_examples).items():
                        values[tree][column].append(value)
            first = statistics.median(values[options.tree[0]][f"start {UNITS[1]}"])
            for tree, columns in values.items():
                ratio = statistics.median(columns[f"start {UNITS[1]}"]) / first
                print_row(
                    [
                        *(name, f"{num_examples:,}", tree.resolve().name),
                        *(format_cell(columns, column) for column in COLUMNS),
                        *(f"{statistics.median(columns['MiB']):,.0f}", f"{ratio:.3f}"),
                    ]
                )


if __name__ == "__main__":
    main()
