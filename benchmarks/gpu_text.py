"""The section that benchmarks/gpu.py adds to the report, from the raw numbers alone."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from typing import Any

STOCK, BEST_STOCK = ("stock",), ("stock-best", "stock-best-compiled")
OWN = ("t5tune", "t5tune-packed", "t5tune-compiled", "t5tune-blocks")
# Names in the text, the arms that t5tune's fastest is compared with, and the goal.
COMPARISONS = (("stock", STOCK, 3.0), ("best stock", BEST_STOCK, 1.7))
UTILISATION_SHAPE, UTILISATION_GOAL = "t5-large", 0.45
TRANSLATION_GOAL = 8.0  # times `generate`

Numbers = Mapping[str, Any]
Runs = Mapping[str, Sequence[Numbers]]  # of one shape, in the order of the rounds, by arm


def write_section(numbers: Numbers) -> str:
    """Return the text of a section: what was measured, ratios with goals, and what is missing."""
    parts = [_write_conditions(numbers)]
    for shape in numbers["shapes"]:
        runs = group_runs(numbers["runs"], shape)
        parts += [f"**Training, {shape}**", _write_table(runs, numbers)]
        parts.append("\n".join(_write_ratios(runs, shape, numbers)))
    if numbers.get("translation"):
        parts.append(_write_translation(numbers["translation"]))
    parts.append(_write_missing(numbers))
    return "\n\n".join(part for part in parts if part)


def group_runs(runs: Sequence[Numbers], shape: str) -> dict[str, list[Numbers]]:
    """Return the successful runs of a shape by arm."""
    grouped: dict[str, list[Numbers]] = {}
    for run in runs:
        if run["shape"] == shape and "error" not in run:
            grouped.setdefault(run["arm"], []).append(run)
    return grouped


def find_fastest(runs: Runs, arms: Sequence[str]) -> str | None:
    """Return the arm with the most real tokens per second, by the median of its rounds."""
    measured = [arm for arm in arms if arm in runs]
    return max(measured, key=lambda arm: _median(runs[arm], "real_tokens_per_second"), default=None)


def find_ratios(runs: Runs, arm: str, base: str) -> list[float]:
    """Return how many times as fast as the base an arm is, in each round that has both."""
    speeds = [
        {run["round"]: run["real_tokens_per_second"] for run in runs[name]} for name in (arm, base)
    ]
    own, other = speeds
    return [own[number] / other[number] for number in own if number in other]


def find_utilisation(run: Numbers, numbers: Numbers) -> tuple[float, float | None]:
    """Return the shares of the measured and of the published rate of matrix products.

    There is no published rate for an unknown device and for fp32.
    """
    precision = "bf16" if run["bf16"] else "fp32"
    published = numbers["published"] if run["bf16"] else None
    flops = run["model_flops_per_second"]
    of_published = flops / published["flops_per_second"] if published else None
    return flops / numbers["matmul_flops_per_second"][precision], of_published


def find_own_utilisation(runs: Runs, numbers: Numbers) -> tuple[float, bool] | None:
    """Return the utilisation of t5tune's fastest arm, and whether it is of the published rate."""
    own = find_fastest(runs, OWN)
    if own is None:
        return None
    shares = [find_utilisation(run, numbers) for run in runs[own]]
    published = [share for _, share in shares if share is not None]
    is_known = len(published) == len(shares)
    return statistics.median(published if is_known else [share for share, _ in shares]), is_known


def _write_conditions(numbers: Numbers) -> str:
    rates = numbers["matmul_flops_per_second"]
    published = numbers["published"]
    known = "no published rate is listed for this device"
    if published:
        known = (
            f"published dense bf16: {published['flops_per_second'] / 1e12:,.1f} "
            f"({published['source']})"
        )
    return (
        f"{numbers['device']}; {numbers['minutes_taken']:.1f} minutes. Matrix products here, in "
        f"TFLOP/s: {rates['bf16'] / 1e12:,.2f} bf16, {rates['fp32'] / 1e12:,.2f} fp32; {known}. "
        "Random weights and token ids, lengths like those of WMT14 (31 tokens a side on average, "
        "at most 128). Real tokens of both sides count, padding does not; the arms take turns in "
        "separate processes. Utilisation is the arithmetic that the model needs for real tokens, "
        "over the rate of matrix products in the arm's precision, measured here / published."
    )


def _write_table(runs: Runs, numbers: Numbers) -> str:
    lines = [
        "| arm | real tokens/s | utilisation | real | real tokens a step | peak memory | rounds |",
        "|---|---|---|---|---|---|---|",
    ]
    for arm, measured in runs.items():
        speeds = [run["real_tokens_per_second"] for run in measured]
        pieces = [run["largest_piece"] for run in measured if run.get("largest_piece")]
        halved = f", computed in pieces of at most {min(pieces):,} tokens" if pieces else ""
        if measured[0]["accumulated"] > 1:
            halved = f" in {measured[0]['accumulated']} batches"
        lines.append(
            f"| {arm}, {'bf16' if measured[0]['bf16'] else 'fp32'} "
            f"| {statistics.median(speeds):,.0f} ({min(speeds):,.0f} to {max(speeds):,.0f}) "
            f"| {_write_utilisation(measured, numbers)} "
            f"| {100 * _median(measured, 'real_token_share'):.0f} % "
            f"| {_median(measured, 'real_tokens_per_step'):,.0f}{halved} "
            f"| {_median(measured, 'peak_bytes') / 2**30:.2f} GiB | {len(measured)} |"
        )
    return "\n".join(lines)


def _write_utilisation(measured: Sequence[Numbers], numbers: Numbers) -> str:
    shares = [find_utilisation(run, numbers) for run in measured]
    of_measured = f"{100 * statistics.median(share for share, _ in shares):.1f} %"
    published = [share for _, share in shares if share is not None]
    return of_measured + (f" / {100 * statistics.median(published):.1f} %" if published else "")


def _write_ratios(runs: Runs, shape: str, numbers: Numbers) -> list[str]:
    own = find_fastest(runs, OWN)
    lines = []
    for name, arms, goal in COMPARISONS:
        base = find_fastest(runs, arms)
        ratios = find_ratios(runs, own, base) if own and base else []
        if not ratios:
            lines.append(f"- {name}: not measured (goal: {goal:g} times).")
            continue
        lines.append(
            f"- {own} / {base}: {_write_ratio(ratios)} (goal: {goal:g} times {name}, "
            f"{_judge(statistics.median(ratios), goal)})"
        )
    found = find_own_utilisation(runs, numbers) if shape == UTILISATION_SHAPE else None
    if found is not None:
        share, is_known = found
        lines.append(
            f"- {own}: {100 * share:.1f} % of the {'published' if is_known else 'measured'} rate "
            f"(goal: {100 * UTILISATION_GOAL:.0f} %, {_judge(share, UTILISATION_GOAL)})"
        )
    return lines


def _write_translation(translation: Numbers) -> str:
    count, seconds = translation["num_sentences"], translation["seconds"]
    lines = [
        f"**Translation, {translation['shape']}**, random weights, {count:,} sentences, beam "
        f"{translation['num_beams']}, {translation['length']} tokens each; `generate` in fp32 "
        "and batches of 32, as run_translation.py calls it",
        "",
        "| side | sentences/s | times `generate` | the same text as torch | rounds |",
        "|---|---|---|---|---|",
    ]
    base = seconds.get("generate")
    for side, taken in seconds.items():
        speeds = [count / value for value in taken]
        ratio = "not measured"
        if base:
            ratio = _write_ratio([b / own for b, own in zip(base, taken, strict=False)])
        same = translation["same_as_torch"].get(side)
        lines.append(
            f"| {side} | {statistics.median(speeds):,.1f} ({min(speeds):,.1f} to "
            f"{max(speeds):,.1f}) | {ratio} | {'' if same is None else f'{100 * same:.0f} %'} "
            f"| {len(taken)} |"
        )
    own = {side: statistics.median(t) for side, t in seconds.items() if side != "generate"}
    if base and own:
        fastest = min(own, key=own.__getitem__)
        times = statistics.median(base) / own[fastest]
        judged = _judge(times, TRANSLATION_GOAL)
        lines += ["", f"The fastest is {fastest} (goal: {TRANSLATION_GOAL:g} times, {judged})."]
    return "\n".join(lines)


def _write_missing(numbers: Numbers) -> str:
    failed = dict.fromkeys(
        f"- {run['shape']}, {run['arm']}: {run['error']}"
        for run in numbers["runs"]
        if "error" in run
    )
    sides = (numbers.get("translation") or {}).get("failed", {})
    lines = [*failed, *(f"- translation, {side}: {reason}" for side, reason in sides.items())]
    lines += [f"- left out for lack of time: {what}" for what in numbers["left_out"]]
    return "Missing:\n\n" + "\n".join(lines) if lines else "Nothing is missing."


def _median(runs: Sequence[Numbers], key: str) -> float:
    return float(statistics.median(run[key] for run in runs))


def _write_ratio(ratios: Sequence[float]) -> str:
    return f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"


def _judge(value: float, goal: float) -> str:
    return "reached" if value >= goal else "not reached"
