"""Time `t5tune compare` and sacreBLEU's paired tests, on the same systems with the same seed.

.venv/bin/python benchmarks/significance.py REFERENCE SYSTEM SYSTEM … [--metric ter] [--rounds 5]

Each side is a process timed from start to exit, and the two take turns. The p-values have to be
equal. sacreBLEU gets as many jobs as there are cores. t5tune additionally finds wins and losses
from the scores of all examples.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

# What `sacrebleu --paired-bs` runs; the command itself cannot print chrF's results as JSON.
SACREBLEU_SIDE = """
import json, sys
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest
test, num, jobs, names, reference, *systems = sys.argv[1:]
read = lambda path: open(path, encoding="utf-8-sig", newline="\\n").read().split("\\n")[:-1]
makers = {"bleu": BLEU, "chrf": lambda: CHRF(word_order=2), "ter": TER}
metrics = {name: makers[name]() for name in names.split("+")}
_, results = PairedTest(
    [(path, read(path)) for path in systems], metrics, [read(reference)], test, int(num),
    n_jobs=int(jobs),
)()
results.pop("System")
print(json.dumps({name: [one.p_value for one in row[1:]] for name, row in results.items()}))
"""
METRICS = ("bleu", "chrf", "ter")
PValues = dict[str, list[float]]


def sacrebleu_command(arguments: argparse.Namespace) -> list[str]:
    return [
        sys.executable, "-c", SACREBLEU_SIDE,
        {"bootstrap": "bs", "randomization": "ar"}[arguments.test], str(arguments.num),
        str(len(os.sched_getaffinity(0))), "+".join(arguments.metric),
        arguments.reference, *arguments.systems,
    ]  # fmt: skip


def t5tune_command(arguments: argparse.Namespace) -> list[str]:
    metrics = [word for one in arguments.metric for word in ("--metric", one)]
    num = {"bootstrap": "--num-resamples", "randomization": "--num-trials"}[arguments.test]
    return [
        sys.executable, "-m", "t5tune", "compare", *arguments.systems,
        "--reference", arguments.reference, *metrics, "--test", arguments.test,
        num, str(arguments.num), "--json",
    ]  # fmt: skip


def run(command: list[str]) -> tuple[float, float, str]:
    """Return wall-clock seconds, processor seconds, and what was printed."""
    before = os.times()
    start = time.perf_counter()
    environment = {**os.environ, "SACREBLEU_SEED": "12345"}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    seconds, after = time.perf_counter() - start, os.times()
    used = after.children_user + after.children_system
    return seconds, used - before.children_user - before.children_system, done.stdout


def t5tune_p_values(output: str, test: str) -> PValues:
    """Return p-values by name of the score, one per system except the baseline."""
    _, *systems = json.loads(output)["systems"]
    names = [difference["score"] for difference in systems[0]["differences"]]
    return {
        name: [system["differences"][number]["p_values"][test] for system in systems]
        for number, name in enumerate(names)
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("reference")
    parser.add_argument("systems", nargs="+", help="The first is the baseline.")
    parser.add_argument("--metric", action="append", choices=METRICS)
    parser.add_argument("--test", choices=["bootstrap", "randomization"], default="bootstrap")
    parser.add_argument("--num", type=int, default=1000, help="Number of resamples or trials.")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    arguments.metric = arguments.metric or ["bleu", "chrf"]
    num_lines = Path(arguments.reference).read_bytes().count(b"\n")
    print(
        f"{len(arguments.systems)} systems, {num_lines} examples, {'+'.join(arguments.metric)}, "
        f"{arguments.test} {arguments.num}, {len(os.sched_getaffinity(0))} cores"
    )
    times: dict[str, list[float]] = {"sacrebleu": [], "t5tune": []}
    for number in range(1, arguments.rounds + 1):
        theirs, their_work, their_output = run(sacrebleu_command(arguments))
        ours, our_work, our_output = run(t5tune_command(arguments))
        expected = json.loads(their_output)
        found = t5tune_p_values(our_output, arguments.test)
        if found != expected:
            raise SystemExit(f"the p-values differ: sacrebleu {expected}, t5tune {found}")
        times["sacrebleu"].append(theirs)
        times["t5tune"].append(ours)
        print(
            f"round {number}: sacrebleu {theirs:.2f} s ({their_work:.2f} s of all cores)  t5tune "
            f"{ours:.2f} s ({our_work:.2f} s)  p-values equal", flush=True,
        )  # fmt: skip
    for name, seconds in times.items():
        spread = f"{min(seconds):.2f} to {max(seconds):.2f}"
        print(f"{name}: median {statistics.median(seconds):.2f} s, {spread}")
    pairs = zip(times["sacrebleu"], times["t5tune"], strict=True)
    ratios = [theirs / ours for theirs, ours in pairs]
    print(f"sacrebleu / t5tune: median {statistics.median(ratios):.1f}")


if __name__ == "__main__":
    main()
