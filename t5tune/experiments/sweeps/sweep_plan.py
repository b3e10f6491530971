"""The trainings of a sweep, each checked before the first one begins."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from t5tune.console import say
from t5tune.errors import T5TuneError
from t5tune.experiments.sweeps.swept_keys import (
    SweptKey,
    draw_combinations,
    list_combinations,
    read_swept,
)
from t5tune.recipe.loading import load_recipe
from t5tune.recipe.resolve import choose_best_metric
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RUNS, RunDirectory
from t5tune.training.checkpoints.resuming import (
    describe_changes,
    find_unsafe_changes,
    has_trained,
    recorded_recipe,
)
from t5tune.training.preparation.inputs import check_inputs, check_prerequisites
from t5tune.training.preparation.run_choice import find_named_run

SEED = "training.seed"
# What all trainings have to have in common, with the reason.
_COMMON = {
    "name": "it names the sweep",
    "evaluation.best_metric": "it is what the trainings are chosen by",
}
_LONGEST_NAME = 100  # characters of settings in the name of a directory


@dataclass(frozen=True)
class Arm:
    """One combination of values.

    Attributes:
        name: Values by the shortest names of their keys, for people: `learning_rate=1e-4`.
        changes: KEY=VALUE for each swept key.
    """

    name: str
    changes: tuple[str, ...]

    @property
    def has_seed(self) -> bool:
        """Whether the seed is one of its values, which its name has then."""
        return any(change.startswith(f"{SEED}=") for change in self.changes)


@dataclass(frozen=True)
class Training:
    """One training of a sweep.

    Attributes:
        recipe: Recipe that it begins with.
        changes: All changes to the recipe of the sweep.
    """

    arm: Arm
    seed: int
    run: RunDirectory
    recipe: Recipe
    changes: tuple[str, ...]

    @property
    def name(self) -> str:
        """Arm and seed, for people."""
        if self.arm.has_seed:
            return self.arm.name
        return f"{self.arm.name} seed {self.seed}" if self.arm.name else f"seed {self.seed}"


@dataclass(frozen=True)
class SweepRequest:
    """A sweep as it was asked for.

    Attributes:
        recipe: Recipe file, name of one that ships, or run.
        arguments: KEY=VALUE and KEY=A,B,C.
        num_random: Number of combinations that are drawn; None for all of them.
        random_seed: Seed of the draw.
    """

    recipe: str
    arguments: tuple[str, ...] = ()
    num_seeds: int = 1
    num_random: int | None = None
    random_seed: int = 0
    output_dir: Path | None = None


@dataclass(frozen=True)
class SweepPlan:
    """What a sweep trains, in the order in which it does.

    Attributes:
        directory: Where its runs lie.
        metric: Metric that chooses.
    """

    recipe: Recipe
    directory: Path
    arms: tuple[Arm, ...]
    trainings: tuple[Training, ...]
    metric: str


def plan_sweep(request: SweepRequest) -> SweepPlan:
    """Return the trainings of a sweep: every arm with the first seed, then with the next.

    Raises:
        T5TuneError: A combination cannot be trained, or a run is that of another recipe.
    """
    swept, fixed = read_swept(request.arguments)
    _check_keys(swept, request)
    named = find_named_run(request.recipe)
    origin = request.recipe if named is None else named.recipe
    recipe = load_recipe(origin, fixed, for_training=True)
    directory = request.output_dir or RUNS / f"{recipe.name}-sweep"
    arms = _name_arms(_combine(swept, request))
    trainings = []
    first_seed = recipe.training.seed
    for number in range(request.num_seeds):
        for arm in arms[number % len(arms) :] + arms[: number % len(arms)]:
            changes = (*fixed, *arm.changes)
            seed = first_seed + number
            if request.num_seeds > 1:
                changes = (*changes, f"{SEED}={seed}")
            own = load_recipe(origin, changes, for_training=True)
            seed = own.training.seed
            run = RunDirectory(directory / _name_directory(arm, seed))
            trainings.append(Training(arm, seed, run, own, changes))
    _check_trainings(trainings)
    _check_runs(trainings, directory)
    metric = choose_best_metric(recipe)
    return SweepPlan(recipe, directory, tuple(arms), tuple(trainings), metric)


def _check_keys(swept: Sequence[SweptKey], request: SweepRequest) -> None:
    for key in swept:
        if key.key in _COMMON:
            raise T5TuneError(
                f"{key.key} cannot be swept: {_COMMON[key.key]}.",
                next_command="leave it out, or make a sweep of each value",
            )
        if key.key == SEED and request.num_seeds > 1:
            raise T5TuneError(
                f"{SEED} is swept, and --seeds {request.num_seeds} sets it too.",
                next_command="the same command without one of them",
            )
    if not swept and request.num_seeds == 1:
        raise T5TuneError(
            "there is nothing to sweep: no key has several values, and there is one seed.",
            next_command="t5tune sweep RECIPE training.learning_rate=1e-4,3e-4 --seeds 3",
        )


def _combine(swept: Sequence[SweptKey], request: SweepRequest) -> list[tuple[str, ...]]:
    if request.num_random is None:
        return list(list_combinations(swept))
    drawn = draw_combinations(swept, request.num_random, request.random_seed)
    if len(drawn) < request.num_random:
        say(f"these keys have only {len(drawn)} different combinations: all are trained")
    return drawn


def _name_arms(combinations: Sequence[tuple[str, ...]]) -> list[Arm]:
    """Return arms named by the last parts of their keys, or by more where those are the same."""
    keys = [change.partition("=")[0] for change in combinations[0]]
    names: dict[str, str] = {}
    for key in keys:
        parts = key.split(".")
        tails = [".".join(parts[-size:]) for size in range(1, len(parts) + 1)]
        names[key] = next(
            tail
            for tail in tails
            if tail == key or not any(o != key and f".{o}".endswith(f".{tail}") for o in keys)
        )
    arms = []
    for changes in combinations:
        pairs = (change.partition("=") for change in changes)
        arms.append(Arm(", ".join(f"{names[key]}={value}" for key, _, value in pairs), changes))
    return arms


def _name_directory(arm: Arm, seed: int) -> str:
    """Return the name of a run, in which no two arms are the same."""
    text = arm.name.replace(", ", "-")
    name = re.sub(r"[^A-Za-z0-9_.+=-]+", "_", text)
    if name != text or len(name) > _LONGEST_NAME:
        digest = hashlib.sha256("\0".join(arm.changes).encode()).hexdigest()[:8]
        name = f"{name[:_LONGEST_NAME]}-{digest}"
    return "-".join(filter(None, (name, "" if arm.has_seed else f"seed={seed}")))


def _check_trainings(trainings: Sequence[Training]) -> None:
    """Refuse what any of the trainings would be refused for, before it begins."""
    checked: list[Recipe] = []
    for training in trainings:
        recipe = training.recipe
        if not any(_needs_same(recipe, other) for other in checked):
            check_prerequisites(recipe)
            check_inputs(recipe)
            checked.append(recipe)


def _needs_same(recipe: Recipe, other: Recipe) -> bool:
    """Return whether two recipes need the same of the machine, apart from options of training."""
    parts = ("data", "model", "evaluation")
    extras = recipe.training.extra, other.training.extra
    return extras[0] == extras[1] and all(
        getattr(recipe, part) == getattr(other, part) for part in parts
    )


def _check_runs(trainings: Sequence[Training], directory: Path) -> None:
    """Refuse the runs of another recipe, with the keys that differ, and name safe changes."""
    unsafe: dict[str, None] = {}
    safe: dict[str, None] = {}
    for training, recorded in _find_recorded(trainings):
        unsafe |= dict.fromkeys(find_unsafe_changes(recorded, training.recipe))
        if changes := describe_changes(recorded, training.recipe):
            safe[changes] = None
    if unsafe:
        raise T5TuneError(
            f"{directory} holds trainings of another recipe; these keys differ: "
            f"{', '.join(unsafe)}.",
            next_command=f"the same command with --output-dir {directory}-2",
        )
    for changes in safe:
        say(f"recipe: {changes}")


def _find_recorded(trainings: Sequence[Training]) -> Iterator[tuple[Training, Recipe]]:
    for training in trainings:
        recorded = recorded_recipe(training.run) if has_trained(training.run) else None
        if recorded is not None:
            yield training, recorded
