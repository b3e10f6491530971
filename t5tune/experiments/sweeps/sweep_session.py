"""A sweep from its request to its table: only the order of the steps."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from filelock import FileLock, Timeout

from t5tune.console import say, track
from t5tune.errors import T5TuneError
from t5tune.experiments.sweeps.sweep_outcomes import Outcome, find_split, read_outcome
from t5tune.experiments.sweeps.sweep_plan import SweepPlan, SweepRequest, Training, plan_sweep
from t5tune.experiments.sweeps.sweep_processes import Ended, run_trainings
from t5tune.files.writing import refuse_writing, write_text
from t5tune.training.preparation.run_choice import is_finished

if TYPE_CHECKING:
    from t5tune.experiments.sweeps.arm_statistics import ArmResult
    from t5tune.reporting.tables.result_table import ResultTable

SWEEP_FILE = "sweep.json"
_LOCK = "sweep.lock"


@dataclass(frozen=True)
class SweepResult:
    """What a sweep has led to.

    Attributes:
        outcomes: Every training, in the order of the plan.
        arms: Arms that have a finished training; none if the sweep was stopped.
        chosen: Arm with the best mean validation score.
        why_no_test: Sentence that says why there are no tests; empty if there are.
        stopped_by: Signal that ended the sweep early.
    """

    plan: SweepPlan
    outcomes: tuple[Outcome, ...]
    arms: tuple[ArmResult, ...] = ()
    chosen: ArmResult | None = None
    why_no_test: str = ""
    stopped_by: signal.Signals | None = None

    @property
    def num_failed(self) -> int:
        return sum(outcome.state == "failed" for outcome in self.outcomes)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        return {
            "sweep": str(self.plan.directory),
            "recipe": self.plan.recipe.name,
            "metric": self.plan.metric,
            "split": find_split(self.plan.trainings[0]),
            "trainings": [outcome.to_json() for outcome in self.outcomes],
            "arms": [
                {
                    "arm": result.arm.name,
                    "changes": list(result.arm.changes),
                    "seeds": list(result.seeds),
                    "scores": [score.to_json() for score in result.scores],
                }
                for result in self.arms
            ],
            "chosen_by_validation": None if self.chosen is None else self.chosen.arm.name,
            "why_no_test": self.why_no_test or None,
        }

    def to_table(self) -> ResultTable:
        """Return the table of the arms."""
        from t5tune.experiments.sweeps.sweep_table import build_sweep_table

        return build_sweep_table(self.plan, self.arms, self.chosen, self.why_no_test)


def run_sweep(
    request: SweepRequest,
    *,
    num_jobs: int = 1,
    num_processes: str = "1",
    options: Sequence[str] = (),
) -> SweepResult:
    """Train every combination that is not finished yet, and compare what they lead to.

    Args:
        request: What to train.
        num_jobs: Number of trainings at the same time.
        num_processes: Number of processes of each, or `auto` for one on each of its GPUs.
        options: Options that every `t5tune train` gets, such as `--allow-code`.

    Raises:
        T5TuneError: A combination cannot be trained, or another sweep uses the directory.
    """
    plan = plan_sweep(request)
    with _locked(plan.directory):
        done = [one for one in plan.trainings if is_finished(one.run, one.recipe)]
        waiting = [one for one in plan.trainings if one not in done]
        say(_announce(plan, len(done), num_jobs))

        def build_command(training: Training) -> list[str]:
            own = ["--output-dir", str(training.run.path), "--num-processes", num_processes]
            return ["t5tune", "train", request.recipe, *training.changes, *own, *options]

        ended, stopped_by = run_trainings(
            waiting,
            build_command,
            plan.directory,
            num_jobs=num_jobs,
            num_processes=num_processes,
            num_done=len(done),
        )
        result = _conclude(plan, ended, stopped_by)
        text = json.dumps(result.to_json(), ensure_ascii=False, indent=2)
        write_text(plan.directory / SWEEP_FILE, text + "\n")
    return result


def _announce(plan: SweepPlan, num_done: int, num_jobs: int) -> str:
    num = len(plan.trainings)
    seeds = len({training.seed for training in plan.trainings})
    text = f"sweep: {plan.directory}: {len(plan.arms)} arms, {seeds} seeds, {num} trainings"
    text += f", {num_done} of them finished" if num_done else ""
    return text + (f", {num_jobs} at a time" if num_jobs > 1 else "")


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        lock = FileLock(directory / _LOCK)
        lock.acquire(timeout=0)
    except Timeout:
        raise T5TuneError(
            f"another sweep trains in {directory}.",
            next_command=f"t5tune runs {directory}   # or the same command with --output-dir DIR",
        ) from None
    except OSError as error:
        raise refuse_writing(directory, error.errno or 0) from error
    try:
        yield
    finally:
        lock.release()


def _conclude(
    plan: SweepPlan, ended: Sequence[Ended], stopped_by: signal.Signals | None
) -> SweepResult:
    from t5tune.experiments.sweeps.arm_statistics import choose_arm, compute_arms

    ends = {end.training.run.path: end for end in ended}
    outcomes = []
    for training in plan.trainings:
        end = ends.get(training.run.path)
        if end is not None and end.failure is not None:
            outcomes.append(Outcome(training, "failed", end.failure))
        elif is_finished(training.run, training.recipe):
            outcomes.append(read_outcome(training, plan.metric))
        else:
            begun = training.run.is_begun
            outcomes.append(Outcome(training, "interrupted" if begun else "waiting"))
    if stopped_by is not None:  # who stops a sweep does not wait for its table
        return SweepResult(plan, tuple(outcomes), stopped_by=stopped_by)
    with track("comparing"):
        arms, why_no_test = compute_arms(plan, outcomes)
    return SweepResult(plan, tuple(outcomes), tuple(arms), choose_arm(plan, arms), why_no_test)
