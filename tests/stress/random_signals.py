"""Send a signal at a random time, and run the same command again.

python -m tests.stress.random_signals FOLDER --signal SIGTERM --times 50 [--seed 1]

Prints one JSON object: how the commands ended, and which runs did not continue to the weights of
the uninterrupted one.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import time
from collections import Counter
from pathlib import Path
from typing import Any

from tests.conftest import write_tiny_recipe
from tests.stress.warm import start, t5tune_command, wait
from tests.weights import same_weights

SETTINGS = (
    "training.max_steps=60", "training.eval_steps=7", "training.logging_steps=3",
    "training.save_total_limit=1", "training.gradient_accumulation_steps=2",
    "training.average_checkpoints=3",
)  # fmt: skip


def interrupt_and_resume(
    folder: Path, number: signal.Signals, times: int, seed: int
) -> dict[str, Any]:
    """Run a training for each time, and interrupt it once."""
    recipe = write_tiny_recipe(folder)
    command = t5tune_command("train", recipe, *SETTINGS, "--output-dir", "run")
    begin = time.monotonic()
    assert wait(start(command, folder / "uninterrupted")) == 0
    duration = time.monotonic() - begin
    moments = random.Random(seed)
    codes: Counter[int] = Counter()
    resumed, different, tracebacks = 0, [], []
    for trial in range(times):
        work = folder / f"trial-{trial}"
        process = start(command, work)
        time.sleep(moments.uniform(0.0, duration))
        os.kill(process, number)
        code = wait(process)
        codes[code] += 1
        again = wait(start(command, work)) if code else 0
        text = (work / "err.txt").read_text()
        resumed += "resuming from" in text
        if "Traceback" in text:
            tracebacks.append(trial)
        if again or not same_weights(work / "run", folder / "uninterrupted" / "run"):
            different.append(trial)
    return {
        "seconds_uninterrupted": round(duration, 2),
        "codes": codes,
        "resumed": resumed,
        "different": different,
        "tracebacks": tracebacks,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--signal", default="SIGTERM")
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    result = interrupt_and_resume(
        options.folder.resolve(), signal.Signals[options.signal], options.times, options.seed
    )
    print(json.dumps(result))
