"""The choice of the weights that become the model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch

from t5tune.console import say, track
from t5tune.distributed.processes import broadcast_result
from t5tune.errors import T5TuneError
from t5tune.recipe.sections.training_section import TrainingSection
from t5tune.run.directory import RunDirectory
from t5tune.run.manifest import find_damage
from t5tune.scoring.registry import METRICS
from t5tune.training.callbacks.log import JsonLog
from t5tune.training.checkpoints.loop_state import list_validated_steps
from t5tune.training.checkpoints.resuming import RESTART
from t5tune.training.checkpoints.store import PREFIX
from t5tune.training.optim.averaging import average_checkpoints, weights_applied
from t5tune.training.trainer import T5TuneTrainer


@dataclass(frozen=True)
class ChosenWeights:
    """Weights that become `model/`."""

    checkpoint: Path  # with the best validation score
    label: str  # description for people
    # Weights by parameter name in place of the checkpoint's, if an average validated better.
    averaged: Mapping[str, torch.Tensor] | None = None


def choose_weights(
    trainer: T5TuneTrainer, run: RunDirectory, training: TrainingSection, metric: str, log: JsonLog
) -> ChosenWeights:
    """Return the best checkpoint, or one of the recipe's averages if it validates better."""
    result = broadcast_result(lambda: _find_best_checkpoint(trainer, run))
    best, spec = trainer.state.best_metric, METRICS[metric]
    for name, weights in _averages(trainer, training):
        with weights_applied(trainer.unwrapped, weights):
            scores = trainer.validate()
        text = "  ".join(f"{score} {value:.2f}" for score, value in scores.items())
        say(f"{name}  validation: {text}")
        log.write_average(trainer.state, name, scores)
        value = scores[spec.main_score]
        if best is None or spec.is_better(value, best):
            best = value
            result = ChosenWeights(result.checkpoint, name, weights)
    return result


def _find_best_checkpoint(trainer: T5TuneTrainer, run: RunDirectory) -> ChosenWeights:
    best_step = trainer.state.best_global_step or trainer.state.global_step
    path = run.checkpoints / f"{PREFIX}{best_step}"
    _check_whole(path, "the best one")
    return ChosenWeights(path, f"step {best_step}")


def _averages(
    trainer: T5TuneTrainer, training: TrainingSection
) -> Iterator[tuple[str, Mapping[str, torch.Tensor]]]:
    if trainer.saver.average is not None:
        name = f"moving average up to step {trainer.state.global_step}"
        yield name, trainer.saver.average.gather()
    if training.average_checkpoints is not None:
        steps = list_validated_steps(trainer.state)[-training.average_checkpoints :]
        paths = [Path(trainer.args.output_dir) / f"{PREFIX}{step}" for step in steps]
        if len(paths) > 1:
            name = f"average of steps {', '.join(map(str, steps))}"
            yield name, broadcast_result(lambda: _average_whole(paths))


@track("averaging checkpoints")
def _average_whole(checkpoints: Sequence[Path]) -> Mapping[str, torch.Tensor]:
    for checkpoint in checkpoints:
        _check_whole(checkpoint, "one of those to average")
    return average_checkpoints(checkpoints)


def _check_whole(checkpoint: Path, role: str) -> None:
    """Refuse to end a run with weights other than those that were saved."""
    damage = find_damage(checkpoint)
    if damage is not None:
        raise T5TuneError(f"{checkpoint}, {role}, cannot be used: {damage}.", next_command=RESTART)
