"""Measure what a remedy gains on a task: trainings with it and without, seed by seed.

.venv/bin/python benchmarks/remedies.py --task multi30k|g2p|phrasebook [--data DIR] --results FILE
    --steps N | --minutes N [--arms none,r_drop,fgm] [--arm NAME=KEY=VALUE …] [--seeds 3]
    [--change KEY=VALUE …]

An arm is a name and changes to the task's recipe; --arm adds one, and repeated with the same name
adds another change to it. --change is for all arms. Each training is `t5tune.train` in this
process, with equal steps or equal minutes, and its scores are those of the test set, and of the
hard sets that `--change evaluation.stress=[upper,typos]` asks for. The arms take turns, so that no
seed is all of one arm's. FILE gets one JSON line per training, and its runs lie in a directory
beside it: the same command again resumes an interrupted benchmark.

It ends with a table: mean and standard deviation over the seeds, the difference from the first arm,
and p-values of the paired tests of `t5tune compare` on the outputs of all seeds together, as one
set.
"""

from __future__ import annotations

import argparse
import itertools
import json
import resource
import statistics
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from score_curves import append_record, read_records
from time_to_score import TASKS

import t5tune
from t5tune.files.json_values import read_object
from t5tune.recipe.loading import load_resolved_recipe
from t5tune.reporting.stress.kinds import KINDS
from t5tune.run.directory import RunDirectory
from t5tune.scoring.registry import METRICS
from t5tune.scoring.significance.comparison import compare_systems
from t5tune.scoring.stored_examples import parse_example
from t5tune.scoring.system_output import SystemOutput

Record = dict[str, Any]
NONE: dict[str, Any] = {"sets": ()}  # in place of hard sets
IDENTITY = ("task", "arm", "changes", "seed", "steps", "minutes")

REGULARIZED = "training.regularization."
ARMS: dict[str, tuple[str, ...]] = {
    "none": (),
    "r_drop": (f"{REGULARIZED}r_drop=5.0",),
    "fgm": (f"{REGULARIZED}fgm=0.02",),
    "free_lb": (f"{REGULARIZED}free_lb.epsilon=0.02",),
    "word_dropout": (f"{REGULARIZED}word_dropout=0.1",),
    "token_masking": (f"{REGULARIZED}token_masking=0.1",),
    "layerwise_lr_decay": (f"{REGULARIZED}layerwise_lr_decay=0.8",),
}


def read_scores(run: RunDirectory) -> dict[str, float]:
    """Return the scores of the test set by name, and those of each hard set after its name."""
    report = read_object(run.report("test"))
    beside = {section["name"]: section["values"] for section in report.get("beside", ())}
    sets = [("", report), *((f"{one['name']} ", one) for one in beside.get("stress", NONE)["sets"])]
    return {
        prefix + score["name"]: score["value"]
        for prefix, one in sets
        for score in one.get("scores", ())
    }


class Benchmark:
    """Trainings of one task, each made once."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options, self.task = options, TASKS[options.task]
        self.records = read_records(options.results, "scores")
        self.runs = options.results.with_suffix(".runs")

    def run(self) -> list[Record]:
        """Return the records of all trainings, made now if they are not in the file."""
        arms = list(self.options.arms)
        found = []
        for seed in range(1, self.options.seeds + 1):
            first = (seed - 1) % len(arms)  # no arm is always the first
            found += [self.train(arm, seed) for arm in arms[first:] + arms[:first]]
        return found

    def train(self, arm: str, seed: int) -> Record:
        """Return the record of a training."""
        options = self.options
        changes = [*options.change, *options.arms[arm]]
        wanted: Record = {
            "task": options.task, "arm": arm, "changes": changes, "seed": seed,
            "steps": options.steps, "minutes": options.minutes,
        }  # fmt: skip
        for record in self.records:
            if all(record.get(key) == wanted[key] for key in IDENTITY):
                return record
        length = {"training.max_steps": options.steps, "training.max_minutes": options.minutes}
        fixed = [f"{key}={value}" for key, value in length.items() if value is not None]
        before = resource.getrusage(resource.RUSAGE_SELF)
        result = t5tune.train(
            self.task.recipe,
            *self.task.list_changes(options.data, options.language),
            *fixed, f"training.seed={seed}", "export=none", *changes,
            output_dir=self.runs / f"{arm}-{seed}",
        )  # fmt: skip
        if result.stopped_by is not None:
            raise SystemExit(128 + result.stopped_by)
        after = resource.getrusage(resource.RUSAGE_SELF)
        lines = (result.run.path / "log.jsonl").read_text(encoding="utf-8").splitlines()
        record = wanted | {
            "run": str(result.run.path),
            "trained_steps": json.loads(lines[-1])["step"],
            "seconds": json.loads(lines[-1])["elapsed_seconds"],
            # Of this process, validations and report included.
            "processor_seconds": round(after.ru_utime - before.ru_utime, 1),
            "scores": read_scores(result.run),
        }
        append_record(options.results, record)
        self.records.append(record)
        print(f"{arm} seed {seed}: {record['trained_steps']:,} steps, {record['scores']}")
        return record


def read_output(records: Iterable[Record], hard_set: str) -> SystemOutput:
    """Return the outputs of an arm for the test set or a hard set, one seed after another."""
    view = KINDS[hard_set].view if hard_set else str
    rows = []
    for record in records:
        path = RunDirectory(Path(record["run"])).examples("test")
        if hard_set:
            path = path.parent / "stress" / f"{hard_set}.jsonl"
        lines = path.read_text(encoding="utf-8").splitlines()
        rows += [row for line in lines if (row := parse_example(line)) is not None]
    references = [[view(text) for text in row.references] for row in rows]
    return SystemOutput([view(row.hypothesis) for row in rows], references)


def compare(arms: dict[str, list[Record]], name: str) -> dict[str, str]:
    """Return verdict and p-values of a score for each arm but the first, by paired tests."""
    first, *_ = arms.values()
    hard_set, _, score = name.rpartition(" ")
    recipe = load_resolved_recipe(RunDirectory(Path(first[0]["run"])).recipe)
    metrics = [one for one in recipe.evaluation.metrics if score in METRICS[one].scores]
    outputs = {arm: read_output(records, hard_set) for arm, records in arms.items()}
    told = {}
    for system in compare_systems(outputs, metrics, recipe.scoring_options).systems[1:]:
        names = [one.name for one in system.scores]
        difference = system.differences[names.index(score)]
        tests = ", ".join(f"p {p:.4f} ({test})" for test, p in difference.p_values.items())
        told[system.name] = f"{difference.verdict}: {tests}"
    return told


def describe(records: Sequence[Record]) -> Iterator[str]:
    """Return the lines of the table."""
    by_arm: dict[str, list[Record]] = {record["arm"]: [] for record in records}
    for record in sorted(records, key=lambda record: int(record["seed"])):
        by_arm[record["arm"]].append(record)
    for name in dict.fromkeys(itertools.chain(*(record["scores"] for record in records))):
        arms = {
            arm: own for arm, own in by_arm.items() if all(name in one["scores"] for one in own)
        }
        told = compare(arms, name) if arms.keys() >= {records[0]["arm"]} else {}
        yield f"\n{name}"
        mean_of_first = None
        for arm, own in arms.items():
            values = [record["scores"][name] for record in own]
            mean = statistics.mean(values)
            mean_of_first = mean if mean_of_first is None else mean_of_first
            deviation = f"{statistics.stdev(values):.2f}" if len(values) > 1 else "?"
            steps = statistics.mean(record["trained_steps"] for record in own)
            yield (
                f"{arm:<20} {mean:7.2f} ± {deviation}  {mean - mean_of_first:+.2f}  "
                f"{told.get(arm, 'the baseline')} ({len(values)} seeds, {steps:,.0f} steps)"
            )


def read_options(words: list[str] | None = None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--task", choices=list(TASKS), required=True)
    parser.add_argument("--data", type=Path, help="directory of the task's files, if it has any")
    parser.add_argument("--language", default="dut", help="of g2p")
    parser.add_argument("--results", type=Path, required=True, help="file that is continued")
    parser.add_argument("--arms", help="names, separated by commas; the first is the baseline")
    parser.add_argument("--arm", action="append", default=[], metavar="NAME=KEY=VALUE")
    parser.add_argument("--change", action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--seeds", type=int, default=3, help="number of seeds")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--steps", type=int, help="of each training")
    length.add_argument("--minutes", type=float, help="of each training")
    options = parser.parse_args(words)
    own: dict[str, tuple[str, ...]] = {}
    for text in options.arm:
        name, _, change = text.partition("=")
        own[name] = (*own.get(name, ()), change)
    known = ARMS | own
    names = options.arms.split(",") if options.arms else list(known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"unknown arms: {', '.join(unknown)}")
    options.arms = {name: known[name] for name in names}
    if options.data is None and TASKS[options.task].files:
        parser.error(f"{options.task} needs --data")
    options.data = (options.data or Path()).resolve()
    return options


def main() -> None:
    print("\n".join(describe(Benchmark(read_options()).run())))


if __name__ == "__main__":
    main()
