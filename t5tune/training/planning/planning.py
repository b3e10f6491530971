"""The plan of a training: only the order of the steps."""

from __future__ import annotations

import shutil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from transformers import PreTrainedModel

from t5tune.console import say
from t5tune.models.loading import load_model
from t5tune.models.missing_weights import MissingWeights, find_missing_weights, imagine_model
from t5tune.recipe.schema import Recipe
from t5tune.run.directory import RunDirectory
from t5tune.training.callbacks.log import EndOfTraining
from t5tune.training.checkpoints.disk_space import check_disk_space, find_existing
from t5tune.training.checkpoints.resuming import has_trained
from t5tune.training.cpu_start import begin
from t5tune.training.plan_lines import describe_plan
from t5tune.training.planning.measuring import MOST_SAVED, measure
from t5tune.training.planning.planned_data import count_entries
from t5tune.training.planning.planned_training import PlannedTraining
from t5tune.training.planning.prediction import predict
from t5tune.training.preparation.recipe_preparation import prepare
from t5tune.training.run_sizes import count_run_sizes
from t5tune.training.step.memory import MainMemory
from t5tune.training.trainer_building import build_silent_watchers, build_trainer
from t5tune.training.training_plan import plan_training


class _Loading:
    """Loads weights that are here, and imagines others.

    Attributes:
        missing: What it did not find.
    """

    def __init__(self) -> None:
        self.missing: MissingWeights | None = None

    def __call__(self, name: str, *, revision: str | None, config: Any) -> PreTrainedModel:
        self.missing = find_missing_weights(name, revision)
        load = load_model if self.missing is None else imagine_model
        return load(name, revision=revision, config=config)


def plan_recipe(recipe: Recipe, run: RunDirectory, *, measures: bool = False) -> PlannedTraining:
    """Prepare a training as if it were to begin, and say what it will do.

    The tokens of the training data stay in the cache, where training finds them.

    Args:
        recipe: Recipe as the user wrote it.
        run: Run directory that training would write to; nothing is written there.
        measures: Whether to train a few steps, and to predict time and memory from them.

    Raises:
        T5TuneError: Training would refuse the recipe.
    """
    if has_trained(run):
        say(f"{run.path} holds a run, which train goes on with; this plan begins at its start")
    load = _Loading()
    with TemporaryDirectory(prefix="t5tune-plan-") as directory:
        temporary = RunDirectory(Path(directory) / run.name)
        temporary.path.mkdir()
        start = begin(recipe, lambda: prepare(recipe, temporary, None, load))
        plan = plan_training(start)
        model = start.model.translator.model
        sizes = count_run_sizes(plan, model)
        check_disk_space(sizes.list_needs(run))
        lines = describe_plan(plan, model, sizes, run)
        free_memory = MainMemory().capacity()
        measurement = prediction = None
        if measures:
            room = shutil.disk_usage(temporary.path).free
            saves = sizes.checkpoint < min(MOST_SAVED, room / 2)
            measurement = measure(start, plan, temporary, saves=saves)
            prediction = predict(plan, measurement)
        else:  # whatever the trainer would refuse
            watchers = build_silent_watchers(EndOfTraining())
            build_trainer(plan, temporary, start, lambda: {}, watchers, is_trial=True)
    others = {"validation": start.validation, "test": start.reported.get()}
    return PlannedTraining(
        run.path,
        plan,
        lines,
        list(count_entries(start)),
        {
            split: sum(len(one.sources) for one in (examples, *examples.others))
            for split, examples in others.items()
            if split == "validation" or recipe.data.test is not None
        },
        sizes,
        load.missing,
        shutil.disk_usage(find_existing(run.path)).free,
        free_memory,
        measurement,
        prediction,
    )
