"""Time the end of a training, from the last step to the end of the command, by installation.

Processor seconds are printed too, because they hardly depend on the load of the machine.

benchmarks/end_of_training.py T5TUNE [T5TUNE ...] [--rounds N]     paths of the command

The first command trains the phrasebook. Each round then removes what follows the last step, except
the validation, and every command completes the run.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

import psutil

COMMAND = ("train", "recipes/phrasebook-en-de.yaml", "training.max_steps=300", "--output-dir")
LAST_LINE = "resuming from "  # the measured part starts after this message
AFTERWARDS = ("model", "eval", "ctranslate2-int8", "cache")


def complete(t5tune: str, run: Path) -> tuple[float, float]:
    """Complete a copy of a run, and return seconds and processor seconds after its last step."""
    process = subprocess.Popen(
        [t5tune, *COMMAND, str(run)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    start, worked = None, 0.0
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(LAST_LINE):
            start = time.perf_counter()
            worked = sum(psutil.Process(process.pid).cpu_times()[:2])
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0 or start is None:
        raise SystemExit(f"{t5tune} did not complete {run}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime - worked


def main() -> None:
    """Measure in turns, and print medians and their ratios to the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    seconds: dict[str, list[tuple[float, float]]] = {command: [] for command in arguments.commands}
    with tempfile.TemporaryDirectory() as directory:
        trained, run = Path(directory, "trained"), Path(directory, "run")
        subprocess.run([arguments.commands[0], *COMMAND, str(trained)], check=True)
        for _ in range(arguments.rounds):
            for command, measured in seconds.items():
                shutil.rmtree(run, ignore_errors=True)
                shutil.copytree(trained, run)
                for name in AFTERWARDS:
                    shutil.rmtree(run / name, ignore_errors=True)
                measured.append(complete(command, run))
    for number, kind in enumerate(("seconds", "of processors")):
        medians = {
            command: statistics.median(values[number] for values in measured)
            for command, measured in seconds.items()
        }
        for command, median in medians.items():
            all_of_them = "  ".join(f"{values[number]:.2f}" for values in seconds[command])
            ratio = median / medians[arguments.commands[0]]
            print(f"{command}: {median:.2f} {kind} ({all_of_them}), ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
