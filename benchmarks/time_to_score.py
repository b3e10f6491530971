"""Measure the minutes until validation reaches a score: stock, its best set-up, and t5tune.

.venv/bin/python benchmarks/time_to_score.py --task g2p --data DIR --results FILE
    [--task multi30k] [--language dut] [--seeds 3] [--budget-minutes 20] [--search-minutes 2]
    [--clock steps|wall|processor] [--scores 60,75,85]

    stock       random batches of a fixed number of examples, fp32, as in the library's
                run_translation.py
    stock-best  the same with lengths grouped, fused AdamW, and the faster precision
    t5tune      what `t5tune train` does with the recipe

First each side searches the same number of pairs of optimizer and learning rate, with one seed and
a short budget, and tries a rate beyond where the best one is the lowest or the highest. The best
has the best second metric of the recipe, since few outputs are entirely right so early. Then each
side trains with it, seed after seed, in turns with the others, in separate processes. Validation
is greedy, on the same first examples, with the same code, and not on the clock; times of wall and
processor are both recorded.

The clock of steps needs a quiet machine for a few minutes only: the time of a step is measured
first, side after side in several rounds, and its median is what every later step counts for. The
curves are then computed with one thread, and whatever else runs changes nothing.

FILE gets one JSON line per training: the same command again resumes an interrupted benchmark, and
ends with the table.
docs/pictures/minutes_to_score.py draws the file.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from score_curves import (
    CLOCKS,
    SIDES,
    Record,
    append_record,
    best_setting,
    describe_times,
    find_record,
    read_records,
)

VALIDATIONS = 16  # of a training
SEARCH_SEED = 1
PRECISION_MINUTES = 0.2
TIMING_ROUNDS, TIMING_MINUTES, TIMING_PARTS = 3, 0.4, 3
# Pairs of optimizer and learning rate; as many for each side. t5tune's AdamW is fused.
ADAMW_RATES, ADAFACTOR_RATE = (1e-3, 2e-3, 4e-3), 4e-3
SEARCH: dict[str, list[tuple[str, float]]] = {
    "stock": [*(("adamw_torch", rate) for rate in ADAMW_RATES), ("adafactor", ADAFACTOR_RATE)],
    "stock-best": [
        *(("adamw_torch_fused", rate) for rate in ADAMW_RATES), ("adafactor", ADAFACTOR_RATE)
    ],
    "t5tune": [
        *(("adafactor", rate) for rate in (1.5e-2, 3e-2, 6e-2)), ("adamw_torch", ADAMW_RATES[1])
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Task:
    """A recipe that ships, its files, and scores that are looked for."""

    recipe: str
    files: dict[str, str]  # keys of the recipe to names, in which {language} may stand
    scores: tuple[float, ...]
    changes: tuple[str, ...] = ()

    def list_changes(self, data: Path, language: str) -> list[str]:
        named = {key: data / name.format(language=language) for key, name in self.files.items()}
        return [*self.changes, *(f"{key}={path}" for key, path in named.items())]


TASKS = {
    "g2p": Task(
        "g2p",
        {
            f"data.{split}.file": "{language}_" + f"{stem}.tsv"
            for split, stem in (("train", "train"), ("validation", "dev"), ("test", "test"))
        },
        (60.0, 75.0, 85.0),
    ),
    "multi30k": Task(
        "multi30k-en-de",
        {
            f"data.{split}.{side}_file": f"{stem}.{language}"
            for split, stem in (
                ("train", "train"), ("validation", "val"), ("test", "test_2016_flickr")
            )
            for side, language in (("source", "en"), ("target", "de"))
        },
        (15.0, 25.0, 33.0),
        tuple(
            f"data.{split}.{key}=null"
            for split in ("train", "validation", "test")
            for key in ("hub", "split")
        ),
    ),
    "phrasebook": Task("phrasebook-en-de", {}, (50.0, 75.0, 90.0)),  # its data ships with it
}  # fmt: skip


def find_beyond(
    pairs: list[tuple[str, float]], optim: str, rate: float
) -> tuple[str, float] | None:
    """Return half of the lowest rate of an optimizer, or twice the highest; else None."""
    rates = sorted(other for name, other in pairs if name == optim)
    if len(rates) == 1 or rates[0] < rate < rates[-1]:
        return None
    return optim, rate / 2 if rate == rates[0] else 2 * rate


class Benchmark:
    """Trainings of one task, each made once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.task = options, TASKS[options.task]
        self.results: Path = options.results
        self.records = read_records(self.results)
        self.step_seconds: dict[str, float] = {}  # by side, under the clock of steps

    def identify(
        self, purpose: str, side: str, seed: int, setting: tuple[str, float], minutes: float,
        *, bf16: bool = False,
    ) -> Record:  # fmt: skip
        task = self.options.task
        timed = {"step_seconds": self.step_seconds[side]} if self.step_seconds else {}
        return timed | {
            "task": f"{task} {self.options.language}" if task == "g2p" else task,
            "purpose": purpose, "side": side, "seed": seed, "optim": setting[0],
            "rate": setting[1], "bf16_asked": bf16, "budget_minutes": minutes,
            "clock": self.clock, "threads": 1 if self.clock == "steps" else self.options.threads,
            "examples": self.options.examples,
        }  # fmt: skip

    def train(self, wanted: Record) -> Record:
        """Return the record of a training, made now if it is not in the file."""
        if (known := find_record(self.records, wanted)) is not None:
            return known
        seconds = 60 * wanted["budget_minutes"]
        until = max(self.options.scores) if wanted["purpose"] == "measure" else 101.0
        command = [
            sys.executable, str(Path(__file__).with_name("time_to_score_side.py")),
            "--side", wanted["side"], "--recipe", self.task.recipe, "--seed", str(wanted["seed"]),
            "--optim", wanted["optim"], "--rate", str(wanted["rate"]), "--clock", wanted["clock"],
            "--budget-seconds", str(seconds), "--until", str(until),
            "--every-seconds", str(self._seconds_between(wanted["purpose"], seconds)),
            "--examples", str(wanted["examples"]), *["--bf16"] * wanted["bf16_asked"],
            "--step-seconds", str(wanted.get("step_seconds", 0.0)),
        ]  # fmt: skip
        for change in self.task.list_changes(self.options.data, self.options.language):
            command += ["--change", change]
        environment = {**os.environ, "OMP_NUM_THREADS": str(wanted["threads"])}
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)}\nfailed:\n{done.stderr[-3000:]}")
        record: Record = wanted | json.loads(done.stdout.strip().split("\n")[-1])
        append_record(self.results, record)
        self.records.append(record)
        print(describe(record), flush=True)
        return record

    def _seconds_between(self, purpose: str, seconds: float) -> float:
        """Return the time between validations, of which a search needs only the last."""
        return seconds / {"measure": VALIDATIONS, "timing": TIMING_PARTS}.get(purpose, 1)

    def choose_precision(self) -> bool:
        """Return whether bf16 is faster for the best stock set-up: the one with more steps."""
        setting = SEARCH["stock-best"][0]
        fp32, bf16 = (
            self.train(
                self.identify(
                    "precision", "stock-best", SEARCH_SEED, setting, PRECISION_MINUTES, bf16=one
                )
            )
            for one in (False, True)
        )
        return bool(bf16["steps"] > fp32["steps"])

    @property
    def clock(self) -> str:
        """Clock of the next training: of the wall, until the time of steps is known."""
        is_unknown = self.options.clock == "steps" and not self.step_seconds
        return "wall" if is_unknown else str(self.options.clock)

    def time_steps(self, bf16: dict[str, bool]) -> None:
        """Measure how long each side takes for a step, in turns: the median of the rounds.

        The first part of each does not count: kernels are generated there.
        """
        found: dict[str, list[float]] = {side: [] for side in SIDES}
        for number in range(TIMING_ROUNDS):
            for side in SIDES:
                wanted = self.identify(
                    "timing", side, SEARCH_SEED, SEARCH[side][0], TIMING_MINUTES,
                    bf16=bf16[side],
                )  # fmt: skip
                record = self.train(wanted | {"round": number})
                begin, *_, end = record["curve"]
                seconds = end["wall_seconds"] - begin["wall_seconds"]
                found[side].append(seconds / (end["step"] - begin["step"]))
        self.step_seconds = {side: round(statistics.median(found[side]), 5) for side in SIDES}
        for side, seconds in found.items():
            low, high = min(seconds), max(seconds)
            print(
                f"{side:<10} {1000 * self.step_seconds[side]:.1f} ms a step "
                f"({1000 * low:.1f} to {1000 * high:.1f} in {TIMING_ROUNDS} rounds)"
            )

    def search(self, side: str, *, bf16: bool) -> Record:
        """Return the record of a side's best pair of optimizer and learning rate.

        Where it has the lowest or the highest rate of its optimizer, a rate beyond is tried.
        """
        minutes, pairs = self.options.search_minutes, SEARCH[side][: self.options.settings]
        num_most = len(pairs) + self.options.further
        while True:
            records = [
                self.train(self.identify("search", side, SEARCH_SEED, pair, minutes, bf16=bf16))
                for pair in pairs
            ]
            best = best_setting(records)
            beyond = find_beyond(pairs, best["optim"], best["rate"])
            if beyond is None or len(pairs) == num_most:
                return best
            pairs = [*pairs, beyond]

    def run(self) -> list[Record]:
        """Search, measure, and return the measurements."""
        bf16 = {"stock": False, "stock-best": self.choose_precision(), "t5tune": False}
        if self.options.clock == "steps":
            self.time_steps(bf16)
        chosen = {side: self.search(side, bf16=bf16[side]) for side in SIDES}
        measured = []
        for seed in range(1, self.options.seeds + 1):
            first = (seed - 1) % len(SIDES)  # no side is always the first
            for side in SIDES[first:] + SIDES[:first]:
                setting = chosen[side]["optim"], chosen[side]["rate"]
                minutes = self.options.budget_minutes
                measured.append(
                    self.train(
                        self.identify("measure", side, seed, setting, minutes, bf16=bf16[side])
                    )
                )
        return measured


def describe(record: Record) -> str:
    last = record["curve"][-1]
    precision = "bf16" if record["bf16"] else "fp32"
    return (
        f"{record['task']} {record['purpose']:<9} {record['side']:<10} seed {record['seed']}  "
        f"{record['optim']} {record['rate']:g} {precision}  {record['steps']:,} steps  "
        f"{record['metric']} {last['score']} after {last['wall_seconds'] / 60:.2f} min "
        f"({last['processor_seconds'] / 60:.2f} of the processor)"
    )


def read_options(words: list[str] | None = None) -> Any:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", choices=list(TASKS), required=True)
    parser.add_argument("--data", type=Path, required=True, help="directory of the task's files")
    parser.add_argument("--language", default="dut", help="of g2p")
    parser.add_argument("--results", type=Path, required=True, help="file that is continued")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    parser.add_argument("--budget-minutes", type=float, default=20.0, help="of each training")
    parser.add_argument("--search-minutes", type=float, default=2.0, help="of each tried setting")
    parser.add_argument("--settings", type=int, default=4, help="tried on each side")
    parser.add_argument(
        "--further", type=int, default=2, help="rates beyond them, while the best is at an end"
    )
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="of the budgets")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--scores", help="scores, separated by commas; a training ends at the highest"
    )
    parser.add_argument("--examples", type=int, default=500, help="examples of a validation")
    options = parser.parse_args(words)
    given = options.scores.split(",") if options.scores else TASKS[options.task].scores
    options.scores = sorted(map(float, given))
    options.data = options.data.resolve()
    return options


def main() -> None:
    options = read_options()
    measured = Benchmark(options).run()
    for clock in ("steps",) if options.clock == "steps" else ("wall", "processor"):
        print(f"\nminutes ({clock}), median of the seeds (number: {options.seeds})")
        print("\n".join(describe_times(measured, options.scores, clock)))


if __name__ == "__main__":
    main()
