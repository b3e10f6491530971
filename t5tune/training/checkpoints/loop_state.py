"""The state of the loop in `trainer_state.json`, and what follows from it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from transformers import EarlyStoppingCallback, TrainerCallback, TrainerState
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_callback import ExportableState

from t5tune.training.callbacks.log import validation_scores


def read_loop_state(checkpoint: Path) -> TrainerState:
    """Return the state that training had when a checkpoint was saved."""
    return TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME))


def write_loop_state(
    state: TrainerState, callbacks: Iterable[TrainerCallback], directory: Path
) -> None:
    """Write the state of training, and of callbacks that have one, into a checkpoint."""
    for callback in callbacks:
        if isinstance(callback, ExportableState):
            state.stateful_callbacks[type(callback).__name__] = callback.state()
    state.save_to_json(str(directory / TRAINER_STATE_NAME))


def restore_early_stopping(state: TrainerState, callbacks: Iterable[TrainerCallback]) -> None:
    """Let early stopping continue counting; its patience is the recipe's."""
    for callback in _early_stopping(callbacks):
        saved = state.stateful_callbacks.get(type(callback).__name__)
        if saved:
            for name, value in saved["attributes"].items():
                setattr(callback, name, value)


def has_stopped_early(callbacks: Iterable[TrainerCallback]) -> bool:
    """Return whether validations have not improved within the recipe's patience."""
    return any(
        callback.early_stopping_patience_counter >= callback.early_stopping_patience
        for callback in _early_stopping(callbacks)
    )


def _early_stopping(callbacks: Iterable[TrainerCallback]) -> list[EarlyStoppingCallback]:
    return [callback for callback in callbacks if isinstance(callback, EarlyStoppingCallback)]


def list_validated_steps(state: TrainerState) -> list[int]:
    """Return the steps with a validation, and so with a checkpoint, in order."""
    return [line["step"] for line in state.log_history if validation_scores(line)]
