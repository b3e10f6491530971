"""Seconds from the last step of a training to the end of the command, for several installations.

benchmarks/end_of_training.py T5TUNE [T5TUNE ...] [--rounds N]     paths of the command

The first one trains the phrasebook. Each round then takes away what follows the last step, the
validation aside, and has every command complete the run.
"""

from __future__ import annotations

import argparse
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

COMMAND = ("train", "recipes/phrasebook-en-de.yaml", "training.max_steps=300", "--output-dir")
LAST_LINE = "resuming from "  # before what is measured
AFTERWARDS = ("model", "eval", "ctranslate2-int8", "cache")


def complete(t5tune: str, run: Path) -> float:
    """Complete a copy of a run and return the seconds after its last step."""
    process = subprocess.Popen(
        [t5tune, *COMMAND, str(run)], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    start = None
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(LAST_LINE):
            start = time.perf_counter()
    if process.wait() != 0 or start is None:
        raise SystemExit(f"{t5tune} did not complete {run}")
    return time.perf_counter() - start


def main() -> None:
    """Measure in turns, and print medians and their ratios to the first."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", nargs="+")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    seconds: dict[str, list[float]] = {command: [] for command in arguments.commands}
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
    first = statistics.median(seconds[arguments.commands[0]])
    for command, measured in seconds.items():
        median = statistics.median(measured)
        all_of_them = "  ".join(f"{value:.2f}" for value in measured)
        print(f"{command}: {median:.2f} s ({all_of_them}), ratio {median / first:.2f}")


if __name__ == "__main__":
    main()
