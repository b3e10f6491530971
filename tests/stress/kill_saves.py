"""Kill a command at every file operation of a save, and run it again.

python -m tests.stress.kill_saves FOLDER [--every N]

strace kills a fork at the n-th call of each system call with which a save changes the disk: the
large writes never pass through Python. The third save is taken, which also throws a checkpoint
away. Prints one JSON object: how many points there are, tried and killed, and which of them did
not continue to the weights of the uninterrupted run.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from t5tune.run.manifest import find_damage
from t5tune.training.checkpoints import writer as checkpoint_writer
from t5tune.training.checkpoints.writer import CheckpointWriter
from tests.conftest import write_tiny_recipe
from tests.stress.warm import start, t5tune_command, wait
from tests.weights import same_weights

CALLS = (
    "openat,write,pwrite64,writev,close,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat,"
    "rmdir,fsync,fdatasync,ftruncate"
)
SETTINGS = (
    "training.max_steps=8", "training.eval_steps=2", "training.save_total_limit=2",
    "training.ema_decay=0.9", "training.gradient_accumulation_steps=2",
)  # fmt: skip
TARGET_STEP = 6
PR_SET_PTRACER, ANY = 0x59616D61, ctypes.c_ulong(-1)


class Inline:
    """Replace a thread, so that calls have one order and can be counted."""

    def __init__(self, target: Callable[..., None], args: tuple[Any, ...], daemon: bool) -> None:
        self.run = lambda: target(*args)

    def start(self) -> None:
        self.run()

    def join(self) -> None:
        pass


def traced(action: Callable[[], None], folder: Path, *options: str) -> int:
    """Run something in a fork under strace, and return its exit code."""
    ready, go = os.pipe()

    def wait_and_act() -> None:
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ANY, 0, 0, 0)
        os.read(ready, 1)
        action()
        os._exit(0)

    process = start(wait_and_act, folder)
    tracer = subprocess.Popen(["strace", "-qq", *options, "-p", str(process)])
    status = Path(f"/proc/{process}/status")
    while "TracerPid:\t0\n" in status.read_text():
        assert tracer.poll() is None, "strace could not attach"
        time.sleep(0.001)
    os.write(go, b"\n")
    code = wait(process)
    tracer.wait()
    os.close(ready)
    os.close(go)
    return code


def try_all_points(folder: Path, every: int, save: Callable[[Path], None]) -> dict[str, Any]:
    """Kill a save at each of its points; every trial leaves its run in its own folder."""
    # Only in that module, because progress has threads too.
    checkpoint_writer.threading = SimpleNamespace(Thread=Inline)  # type: ignore[assignment]

    def trial(name: str, *options: str) -> int:
        shutil.copytree(folder / "begun" / "run", folder / "trials" / name / "run")
        checkpoints = folder / "trials" / name / "run" / "checkpoints"
        return traced(lambda: save(checkpoints), folder / "trials" / name, *options)

    counted = []
    for name in ("first", "whole"):  # the first save may open files that then stay in memory
        trace = folder / f"{name}.txt"
        assert trial(name, "-o", str(trace), "-e", f"trace={CALLS}") == 0
        lines = trace.read_text().splitlines()
        counted.append(Counter(line.split("(")[0] for line in lines if "(" in line))
    counts = counted[0] & counted[1]
    points = [(call, n) for call, count in counts.items() for n in range(1, count + 1)]
    codes = {}
    for call, n in points[::every]:
        inject = f"inject={call}:signal=SIGKILL:when={n}"
        codes[f"{call}-{n}"] = trial(f"{call}-{n}", "-o", "/dev/null", "-e", inject)
    return {"points": len(points), "calls": counts, "codes": codes}


def stop_at_target(folder: Path, every: int) -> None:
    """Train in this process up to the save that the trials then repeat."""
    write = CheckpointWriter.write

    def write_or_try(self: CheckpointWriter, step: int, *args: Any, **keywords: Any) -> None:
        if step != TARGET_STEP:
            write(self, step, *args, **keywords)
            return
        self.finish()

        def save(checkpoints: Path) -> None:
            self.directory = checkpoints
            write(self, step, *args, **keywords)
            self.finish()

        results = try_all_points(folder, every, save)
        (folder / "results.json").write_text(json.dumps(results))
        os._exit(0)

    CheckpointWriter.write = write_or_try  # type: ignore[method-assign]
    t5tune_command("train", folder / "tiny.yaml", *SETTINGS, "--output-dir", "run")()


def kill_and_resume(folder: Path, every: int) -> dict[str, Any]:
    """Run all trials, and the same command on what each of them left."""
    recipe = write_tiny_recipe(folder)
    command = t5tune_command("train", recipe, *SETTINGS, "--output-dir", "run")
    assert wait(start(command, folder / "uninterrupted")) == 0
    assert wait(start(lambda: stop_at_target(folder, every), folder / "begun")) == 0
    results: dict[str, Any] = json.loads((folder / "results.json").read_text())
    resumed_from: Counter[str] = Counter()
    different, false_marks = [], []
    for name in ["whole", *results["codes"]]:
        trial = folder / "trials" / name
        # The manifest is the mark of a complete checkpoint.
        marked = (trial / "run" / "checkpoints").glob("checkpoint-*/manifest.json")
        if any(find_damage(manifest.parent) for manifest in marked):
            false_marks.append(name)
        code = wait(start(command, trial))
        lines = (trial / "err.txt").read_text().splitlines()
        resumed_from.update(
            line.rpartition("/")[2] for line in lines if line.startswith("resuming from ")
        )
        if code != 0 or not same_weights(trial / "run", folder / "uninterrupted" / "run"):
            different.append(name)
    killed = sum(code == -9 for code in results["codes"].values())
    return {
        "points": results["points"],
        "calls": results["calls"],
        "tried": len(results["codes"]),
        "killed": killed,
        "resumed_from": resumed_from,
        "not_what_they_seem": false_marks,
        "different": different,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--every", type=int, default=1, help="try one point of so many")
    options = parser.parse_args()
    options.folder.mkdir(parents=True, exist_ok=True)
    print(json.dumps(kill_and_resume(options.folder.resolve(), options.every)))
