"""Divide the minutes of benchmarks/gpu.py among shapes, arms and rounds, and choose batch sizes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from training_arms import SHAPES

from t5tune.distributed.model_shape import ModelShape

# The most important first; what does not fit into the time is left out from the end.
IMPORTANCE = (
    "stock", "stock-best", "t5tune-packed", "t5tune-blocks", "t5tune-compiled", "t5tune",
    "stock-best-compiled",
)  # fmt: skip
ALWAYS = IMPORTANCE[:3]
# Guessed seconds of compiling a layer; blocks share one.
COMPILING = {"t5tune-blocks": 20.0, "t5tune-compiled": 2.5, "stock-best-compiled": 5.0}
CACHED_SHARE = 0.5  # of the time of a first run, for later ones, which find the compiler's cache
FIRST_START = 8.0  # guessed seconds, with the steps before the clock starts
LEAST_SECONDS = 2.0  # of one measurement
WEIGHTS = {"t5-large": 3.0}  # how much time a shape gets; the others 1
SHARE_OF_MEMORY = 0.85
LEAST_STEP, LARGEST_STEP = 512, 32_768  # tokens on both sides
VOCABULARY = 1000  # of the smallest shapes
# Shares of the tokens in the stock set-up's batches that are not padding, at least.
RANDOM_REAL_SHARE, GROUPED_REAL_SHARE = 0.22, 0.7


@dataclass(frozen=True)
class Plan:
    """What is still run of a shape."""

    arms: tuple[str, ...]  # that fit into the time
    seconds: float  # of each measurement


def divide_time(
    runs: Mapping[str, int], overheads: Mapping[str, float], seconds: float, most: float
) -> Plan:
    """Choose the arms whose remaining runs fit, and the seconds that each run measures.

    Args:
        runs: Number of runs that each arm still has before it.
        overheads: Seconds of the next run of each arm beside the measurement.
        seconds: Time that is left.
        most: Longest measurement.
    """
    arms: list[str] = []
    needed = 0.0
    for arm in sorted((arm for arm in runs if runs[arm]), key=IMPORTANCE.index):
        later = CACHED_SHARE if arm in COMPILING else 1.0
        cost = runs[arm] * LEAST_SECONDS + overheads[arm] * (1 + later * (runs[arm] - 1))
        if needed + cost <= seconds or arm in ALWAYS:
            arms.append(arm)
            needed += cost
    num_runs = sum(runs[arm] for arm in arms)
    spare = (seconds - needed) / max(num_runs, 1)
    return Plan(tuple(arms), min(max(LEAST_SECONDS + spare, LEAST_SECONDS), most))


def guess_overhead(arm: str, shape: str, measured: Mapping[tuple[str, str], float]) -> float:
    """Return the seconds that a run takes beside its measurement.

    Args:
        arm: Side of the comparison.
        shape: Size of the model.
        measured: What runs have taken, by shape and arm.
    """
    if (shape, arm) in measured:
        return measured[shape, arm] * (CACHED_SHARE if arm in COMPILING else 1)
    here = [took for (of, by), took in measured.items() if of == shape and by not in COMPILING]
    before = [took for (_, by), took in measured.items() if by not in COMPILING]
    start = max(here or before, default=FIRST_START)
    if arm not in COMPILING:
        return start
    per_layer = [
        (took - measured.get((of, ALWAYS[0]), 0.0)) / _count_compiled_layers(arm, of)
        for (of, by), took in measured.items()
        if by == arm
    ]
    compiling = max(per_layer, default=COMPILING[arm]) * _count_compiled_layers(arm, shape)
    return start + compiling


def _count_compiled_layers(arm: str, shape: str) -> int:
    """Return a number that the time of compiling is proportional to."""
    return 1 if arm == "t5tune-blocks" else SHAPES[shape][2]


def share_of_shape(shape: str, shapes: tuple[str, ...]) -> float:
    """Return the share of the time that a shape gets, if these shapes are still to come."""
    return WEIGHTS.get(shape, 1.0) / sum(WEIGHTS.get(other, 1.0) for other in shapes)


def reserve_time(runs: Mapping[str, int], overheads: Mapping[str, float]) -> float:
    """Return the least seconds that the arms need which are never left out; see `divide_time`."""
    return sum(runs.get(arm, 0) * (overheads.get(arm, 0.0) + LEAST_SECONDS) for arm in ALWAYS)


@dataclass(frozen=True)
class StepSize:
    """How much an optimizer step of all arms holds."""

    tokens: int  # real ones, of both sides
    stock_batches: int  # into which the stock set-up divides a step, because it needs more memory


def choose_step(shape: str, memory_bytes: float, tokens: int | None = None) -> StepSize:
    """Choose the tokens of a step so that they fit into memory with AdamW.

    The best stock set-up decides, in bf16 with batches of similar lengths. The plain one has random
    batches with much padding, and activations in fp32, which take up to twice the memory. Logits of
    all targets exist three times in fp32.

    Args:
        shape: Size of the model.
        memory_bytes: Memory that is free.
        tokens: Number of tokens if it is given.
    """
    d_model, d_ff, layers, heads, vocab_size = SHAPES[shape]
    sizes = ModelShape(
        d_model, d_model // heads, d_ff, heads, layers, layers, vocab_size or VOCABULARY
    )
    free = SHARE_OF_MEMORY * memory_bytes - 16 * sizes.num_weights
    # Of a source and a target token.
    activations, logits = sizes.count_activation_bytes(1, 1), 12 * sizes.vocab_size
    fitting = GROUPED_REAL_SHARE * 2 * free / (activations + logits)
    if tokens is None:
        tokens = max(LEAST_STEP, int(min(fitting, LARGEST_STEP)) // 1024 * 1024)
    of_stock = RANDOM_REAL_SHARE * 2 * free / (2 * activations + logits)
    return StepSize(tokens, max(1, math.ceil(tokens / max(of_stock, LEAST_STEP))))
