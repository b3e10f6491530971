"""Measure training and decoding on a quiet and on a busy machine, where threads wait for others.

.venv/bin/python benchmarks/busy.py [--arm GOMP_SPINCOUNT=1000 …] [--job tiny 9m torch …]
    [--busy 0 1 2] [--rounds 3] [--seconds 8]

An arm is an environment setting made before torch is loaded (`-` for none, that is the libraries'
own defaults, which is always the first arm; `t5tune` for what its commands set; several settings
are joined by commas). For each number of busy processes the arms take turns, each in its own
process. The jobs are t5tune's training of a T5 of that shape on the phrasebook, in real tokens per
second, and translating made-up sentences with 4 beams by torch or by CTranslate2 (a model of the 9m
shape, random weights), in sentences per second.
"""

from __future__ import annotations

import argparse
import json
import os
import pickle
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from t5tune.distributed.torch_import import bound_spinning

BENCHMARKS = Path(__file__).resolve().parent
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "KMP_BLOCKTIME")
NOTHING = "-"
T5TUNE = "t5tune"
ARMS = [T5TUNE, "GOMP_SPINCOUNT=1000", "OMP_WAIT_POLICY=PASSIVE", "OMP_NUM_THREADS=1"]
JOBS = ("tiny", "9m", "t5-small", "torch", "ctranslate2-int8")
TRANSLATIONS = ("torch", "ctranslate2-int8")


def environment_of(arm: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name not in THREAD_VARIABLES}
    if arm == T5TUNE:
        bound_spinning(kept)  # depends on the load of the machine now
        return kept
    settings = [] if arm == NOTHING else arm.split(",")
    return {**kept, **dict(setting.split("=", 1) for setting in settings)}


@contextmanager
def busy_processes(count: int) -> Iterator[None]:
    """Run other programs, each of which keeps one core busy."""
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(count)]
    try:
        yield
    finally:
        for other in others:
            other.kill()
            other.wait()


def measure(job: str, arm: str, directory: Path, seconds: float) -> float:
    """Return tokens or sentences per second, measured in a separate process."""
    if job in TRANSLATIONS:
        command = [__file__, "--serve", job, "--task", str(directory / "task.pickle")]
    else:
        command = [
            str(BENCHMARKS / "training_arms.py"), "--arm", "t5tune", "--shape", job, "--data",
            str(directory), "--examples", "32",
        ]  # fmt: skip
    command += ["--seconds", str(seconds)]
    done = subprocess.run(
        [sys.executable, *command],
        env=environment_of(arm), stdout=subprocess.PIPE, text=True, check=True,
    )  # fmt: skip
    answer = json.loads(done.stdout.strip().split("\n")[-1])
    return float(answer["real_tokens_per_second"] if isinstance(answer, dict) else answer)


def serve(job: str, task_file: Path, seconds: float) -> None:
    """Translate repeatedly for some seconds, and print sentences per second."""
    from translation import Task, open_own

    task: Task = pickle.loads(task_file.read_bytes())
    translate = open_own(task, job)
    translate(task.sources, 4)
    count, begin = 0, time.perf_counter()
    while (passed := time.perf_counter() - begin) < seconds:
        translate(task.sources, 4)
        count += len(task.sources)
    print(count / passed)


def prepare(directory: Path, jobs: list[str]) -> None:
    if not set(jobs) <= set(TRANSLATIONS):
        from training import prepare, read_texts

        prepare(directory, read_texts(None))
    if set(jobs) & set(TRANSLATIONS):
        from translation import prepare_shape

        (directory / "translation").mkdir()
        task = prepare_shape("9m", 64, 20, directory / "translation")
        (directory / "task.pickle").write_bytes(pickle.dumps(task))


def compare(job: str, directory: Path, options: argparse.Namespace) -> None:
    """Print one line per arm: its speed, and that as a share of the quiet default's."""
    arms = [NOTHING, *options.arm]
    quiet: list[float] = []
    for count in options.busy:
        speeds: dict[str, list[float]] = {arm: [] for arm in arms}
        with busy_processes(count):
            for _ in range(options.rounds):
                for arm in arms:
                    speeds[arm].append(measure(job, arm, directory, options.seconds))
        if count == 0:
            quiet = speeds[NOTHING]
        for arm, values in speeds.items():
            share = f"  {statistics.median(values) / statistics.median(quiet):.2f}" if quiet else ""
            print(
                f"{job}, {count} busy beside it: {arm:<24} {statistics.median(values):>9,.0f} "
                f"({min(values):,.0f} to {max(values):,.0f}){share}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arm", nargs="+", default=ARMS)
    parser.add_argument("--job", nargs="+", default=["tiny", "9m", *TRANSLATIONS], choices=JOBS)
    parser.add_argument("--busy", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=8.0, help="seconds of each measurement")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    parser.add_argument("--task", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        serve(options.serve, options.task, options.seconds)
        return
    print(f"{os.cpu_count()} cores; nothing set is {NOTHING}", flush=True)
    with tempfile.TemporaryDirectory() as name:
        prepare(Path(name), options.job)
        for job in options.job:
            compare(job, Path(name), options)


if __name__ == "__main__":
    main()
