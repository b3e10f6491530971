"""What one row of the table of runs says, from the files of a run."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from t5tune.experiments.found_runs import last_start
from t5tune.experiments.run_state import RunState, find_state
from t5tune.files.json_values import as_object, parse_log_line, read_object
from t5tune.recipe.resolve import choose_best_metric
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory
from t5tune.scoring.registry import METRICS, MetricSpec, format_value
from t5tune.training.checkpoints.resuming import recorded_recipe

_STEP, _VALIDATION = '"step"', '"validation"'  # keys that a line of interest has


@dataclass(frozen=True)
class BestScore:
    """The score that a run is known by.

    Attributes:
        split: `test` (or `validation` where there is no test set) from the report of a finished
            run, with its interval; else `validation`, the best one so far.
        step: Optimizer step of a validation; None for a report.
    """

    name: str
    value: float
    split: str
    confidence_interval: tuple[float, float] | None = None
    step: int | None = None

    @property
    def shown(self) -> str:
        """The score for people."""
        text = f"{self.name} {format_value(self.name, self.value)}"
        if self.confidence_interval is not None:
            ends = (format_value(self.name, end) for end in self.confidence_interval)
            text += f" [{', '.join(ends)}]"
        return text if self.split == "test" else f"{text} ({self.split})"


@dataclass(frozen=True)
class RunSummary:
    """One run, as far as a table shows it.

    Attributes:
        path: Directory, as it was found.
        recipe: Name in its recipe.
        model: Hub id or directory that it started from; None from scratch or if unknown.
        step: Last logged optimizer step.
        minutes: Training time without interruptions.
        num_bytes: Size of everything in it.
        started: When it was first started; None if unknown.
        changed: When it was last started or continued, in seconds since 1970.
    """

    path: Path
    state: RunState
    recipe: str | None
    model: str | None
    step: int | None
    best: BestScore | None
    minutes: float | None
    num_bytes: int
    started: str | None
    changed: float

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, in the key order that other programs see."""
        state = self.state
        return {
            "run": str(self.path),
            "state": state.name,
            "reason": state.reason or None,
            "recipe": self.recipe,
            "model": self.model,
            "step": self.step,
            "best": None if self.best is None else asdict(self.best),
            "minutes": self.minutes,
            "num_bytes": self.num_bytes,
            "started": self.started,
            "last_started": datetime.fromtimestamp(self.changed)
            .astimezone()
            .isoformat(timespec="seconds"),
        }


def summarize_run(run: RunDirectory) -> RunSummary:
    """Return the summary of a run, however little of it there is."""
    recorded = recorded_recipe(run)
    environment = read_object(run.environment)
    state = find_state(run, recorded)
    metric = None if recorded is None else METRICS.get(choose_best_metric(recorded))
    progress = read_progress(run.log, metric)
    best = progress.best
    if state.name == "finished" and recorded is not None and metric is not None:
        split = "test" if recorded.data.test is not None else "validation"
        best = _read_report(run, split, metric.main_score) or best
    started = environment.get("started")
    return RunSummary(
        path=run.path,
        state=state,
        recipe=None if recorded is None else recorded.name,
        model=None if recorded is None else _name_model(recorded),
        step=progress.step,
        best=best,
        minutes=None if progress.seconds is None else round(progress.seconds / 60, 2),
        num_bytes=count_bytes(run.path),
        started=started if isinstance(started, str) else None,
        changed=last_start(run),
    )


@dataclass(frozen=True)
class Progress:
    """How far a training is, by its log."""

    step: int | None = None
    seconds: float | None = None
    epoch: float | None = None
    best: BestScore | None = None
    validation: Mapping[str, float] = field(default_factory=dict)  # all scores of the best one


def read_progress(log: Path, metric: MetricSpec | None) -> Progress:
    """Return the progress that a log tells, reading only the lines that matter.

    Args:
        metric: Metric that chooses the best checkpoint; None if unknown.
    """
    try:
        texts = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return Progress()
    candidates = (parse_log_line(text) for text in reversed(texts) if _STEP in text)
    last = next(filter(None, candidates), None)
    if last is None:
        return Progress()
    validations = (parse_log_line(text) for text in texts if _VALIDATION in text)
    best: BestScore | None = None
    validation: dict[str, float] = {}
    if metric is not None:
        best, validation = _find_best(filter(None, validations), metric)
    epoch = last.get("epoch")
    epoch = float(epoch) if isinstance(epoch, int | float) else None
    return Progress(last["step"], float(last["elapsed_seconds"]), epoch, best, validation)


def _find_best(
    lines: Iterable[dict[str, Any]], metric: MetricSpec
) -> tuple[BestScore | None, dict[str, float]]:
    """Return the best validation by a metric, and all scores of that validation."""
    best: BestScore | None = None
    scores: dict[str, float] = {}
    name = metric.main_score
    for line in lines:
        found = {
            key: float(value)
            for key, value in as_object(line.get("validation")).items()
            if isinstance(value, int | float)
        }
        if name in found and (best is None or metric.is_better(found[name], best.value)):
            best = BestScore(name, found[name], "validation", step=line["step"])
            scores = found
    return best, scores


def _read_report(run: RunDirectory, split: str, name: str) -> BestScore | None:
    """Return a score of the report; None where it does not have it."""
    scores = read_object(run.report(split)).get("scores")
    for score in map(as_object, scores if isinstance(scores, list) else ()):
        value, interval = score.get("value"), score.get("confidence_interval")
        if score.get("name") == name and isinstance(value, int | float):
            ends = None
            if isinstance(interval, list) and len(interval) == 2:
                ends = (float(interval[0]), float(interval[1]))
            return BestScore(name, float(value), split, ends)
    return None


def _name_model(recipe: Recipe) -> str:
    if recipe.model.from_scratch is not None:
        return f"{recipe.model.from_scratch.architecture} from scratch"
    return recipe.model.name or ""


def count_bytes(path: Path) -> int:
    """Return the size of a file, or of everything in a directory; links count nothing."""
    if path.is_file() and not path.is_symlink():
        return path.stat().st_size
    total = 0
    pending = [str(path)]
    while pending:
        try:
            with os.scandir(pending.pop()) as entries:
                for entry in entries:
                    if entry.is_dir(follow_symlinks=False):
                        pending.append(entry.path)
                    elif not entry.is_symlink():
                        total += entry.stat(follow_symlinks=False).st_size
        except OSError:  # deleted meanwhile, or not ours to read
            continue
    return total
