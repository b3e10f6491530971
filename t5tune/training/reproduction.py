"""`t5tune reproduce`: train a recipe again, and compare its scores with those that it expects."""

from __future__ import annotations

import shlex
import signal
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t5tune.console import say
from t5tune.errors import T5TuneError
from t5tune.recipe.loading import load_recipe
from t5tune.recipe.resolve import choose_metrics
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.expected_section import ExpectedScore, ExpectedSection
from t5tune.reporting.reports.report import Report
from t5tune.run.directory import RUNS, RunDirectory
from t5tune.scoring.registry import METRICS, format_value, is_evaluate_metric
from t5tune.scoring.score import Score
from t5tune.training.entry import train


@dataclass(frozen=True)
class Outcome:
    """One score of one seed, beside the band that it is expected in."""

    seed: int
    score: Score
    band: ExpectedScore

    @property
    def is_inside(self) -> bool:
        """Whether the score lies in its band."""
        return self.band.low <= self.score.value <= self.band.high

    @property
    def shown_band(self) -> str:
        """The band for people, such as `95.90 to 100.00`."""
        return " to ".join(self._show(end) for end in (self.band.low, self.band.high))

    def describe_miss(self) -> str:
        """Return a sentence that says by how much the score misses its band."""
        is_low = self.score.value < self.band.low
        distance = abs(self.score.value - (self.band.low if is_low else self.band.high))
        return (
            f"{self.score.name} of seed {self.seed} is {self.score.shown}, {self._show(distance)} "
            f"{'below' if is_low else 'above'} the {self.shown_band} that follows from "
            f"{self.band.num_seeds} seeds."
        )

    def _show(self, value: float) -> str:
        return format_value(self.score.name, value)


@dataclass(frozen=True)
class Reproduction:
    """The scores of all seeds.

    Attributes:
        runs: Run directories by seed.
        stopped_by: What ended a training early, after a checkpoint; then seeds are missing.
    """

    recipe: str
    expected: ExpectedSection
    runs: dict[int, RunDirectory]
    outcomes: tuple[Outcome, ...]
    stopped_by: signal.Signals | None = None

    @property
    def misses(self) -> list[Outcome]:
        """The scores outside their bands."""
        return [outcome for outcome in self.outcomes if not outcome.is_inside]

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "schema_version": 1,
            "recipe": self.recipe,
            "passed": not self.misses,
            "hardware": self.expected.hardware,
            "runs": {str(seed): str(run.path) for seed, run in self.runs.items()},
            "scores": [
                {
                    "seed": outcome.seed,
                    **outcome.score.to_json(),
                    **outcome.band.model_dump(),
                    "passed": outcome.is_inside,
                }
                for outcome in self.outcomes
            ],
        }


def reproduce(name: str, *, num_seeds: int = 1, output_dir: Path | None = None) -> Reproduction:
    """Train a recipe with its own seed and those that follow, and compare the scores.

    Every score of every seed has to lie in its band. The same call again continues.

    Args:
        name: A recipe file, or the name of a recipe that ships.
        num_seeds: Number of seeds to train with.
        output_dir: Directory for a run of each seed; `runs/NAME-reproduce` if left out.

    Raises:
        T5TuneError: The recipe expects nothing, or cannot be trained.
    """
    recipe = load_recipe(name, for_training=True)
    if recipe.expected is None:
        raise T5TuneError(
            f"{name} has no `expected` scores, which only recipes have whose results were "
            "measured over seeds.",
            next_command=f"t5tune train {shlex.quote(name)}",
        )
    _check_metrics(recipe, recipe.expected)
    directory = output_dir or RUNS / f"{recipe.name}-reproduce"
    runs: dict[int, RunDirectory] = {}
    outcomes: list[Outcome] = []
    for number in range(num_seeds):
        seed = recipe.training.seed + number
        if num_seeds > 1:
            say(f"seed {seed}, {number + 1} of {num_seeds}")
        result = train(name, f"training.seed={seed}", output_dir=directory / f"seed-{seed}")
        runs[seed] = result.run
        if result.stopped_by is not None:
            return Reproduction(
                recipe.name, recipe.expected, runs, tuple(outcomes), result.stopped_by
            )
        outcomes += _compare(seed, result.report, recipe.expected, result.run)
    return Reproduction(recipe.name, recipe.expected, runs, tuple(outcomes))


def _check_metrics(recipe: Recipe, expected: ExpectedSection) -> None:
    """Refuse to train for a score that the report will not have."""
    metrics = choose_metrics(recipe)
    if any(map(is_evaluate_metric, metrics)):
        return  # they name their scores themselves
    names = [name for metric in metrics for name in METRICS[metric].scores]
    for band in expected.scores:
        if band.name not in names:
            raise T5TuneError(
                f"expected.scores has {band.name}, and the report has only {', '.join(names)}.",
                next_command="add its metric to evaluation.metrics in the recipe",
            )


def _compare(
    seed: int, report: Report | None, expected: ExpectedSection, run: RunDirectory
) -> Sequence[Outcome]:
    found = {score.name: score for score in report.scores} if report is not None else {}
    missing = [band.name for band in expected.scores if band.name not in found]
    if missing:
        raise T5TuneError(
            f"The report of {run.path} has no {' and no '.join(missing)}.",
            next_command=f"t5tune eval {shlex.quote(str(run.path))}",
        )
    return [Outcome(seed, found[band.name], band) for band in expected.scores]
