"""What the trainings of a sweep left: validation scores, test scores, and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from t5tune.errors import T5TuneError
from t5tune.experiments.run_summary import read_progress
from t5tune.experiments.sweeps.sweep_plan import Training
from t5tune.files.json_values import as_object, read_object
from t5tune.reporting.comparisons.stored_output import StoredOutput, read_output
from t5tune.scoring.registry import METRICS


@dataclass(frozen=True)
class Outcome:
    """What one training led to.

    Attributes:
        state: `waiting` if it was not begun, because the sweep was stopped.
        failure: Why it failed.
        validation: Scores of the best validation by name.
        scores: Scores of the report by name.
        signatures: Their signatures.
    """

    training: Training
    state: Literal["finished", "failed", "interrupted", "waiting"]
    failure: str | None = None
    validation: Mapping[str, float] = field(default_factory=dict)
    scores: Mapping[str, float] = field(default_factory=dict)
    signatures: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "arm": self.training.arm.name,
            "seed": self.training.seed,
            "run": str(self.training.run.path),
            "state": self.state,
            "failure": self.failure,
            "validation": dict(self.validation),
            "scores": dict(self.scores),
        }


def find_split(training: Training) -> str:
    """Return the split of the report: the test set, if there is one."""
    return "test" if training.recipe.data.test is not None else "validation"


def read_outcome(training: Training, metric: str) -> Outcome:
    """Return what a finished training led to; its best validation is by a metric."""
    progress = read_progress(training.run.log, METRICS.get(metric))
    scores, signatures = {}, {}
    stored = read_object(training.run.report(find_split(training))).get("scores")
    for score in map(as_object, stored if isinstance(stored, list) else ()):
        name, value = score.get("name"), score.get("value")
        if isinstance(name, str) and isinstance(value, int | float):
            scores[name] = float(value)
            signatures[name] = str(score.get("signature", ""))
    return Outcome(training, "finished", None, progress.validation, scores, signatures)


def read_outputs(outcome: Outcome) -> StoredOutput | None:
    """Return the hypotheses of a training with their references; None if they cannot be read."""
    run = str(outcome.training.run.path)
    try:
        return read_output(run, find_split(outcome.training), needs_references=True)
    except T5TuneError:
        return None
