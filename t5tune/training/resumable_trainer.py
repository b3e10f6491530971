"""The Trainer's validations and checkpoints: exact when a run goes on, whatever interrupted it."""

from __future__ import annotations

import contextlib
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    EarlyStoppingCallback,
    PreTrainedModel,
    Seq2SeqTrainer,
    TrainerControl,
    TrainerState,
)
from transformers.trainer import TRAINER_STATE_NAME
from transformers.trainer_callback import ExportableState

from t5tune.console import say
from t5tune.distributed.processes import gather, is_first
from t5tune.errors import T5TuneError
from t5tune.run.manifest import MANIFEST, read_fact
from t5tune.training.callbacks.log import ValidationInterrupted
from t5tune.training.checkpoints.store import ENDED, PREFIX, STAGING
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.optim.averaging import WeightAverage

Validate = Callable[[], dict[str, float]]


@dataclass(frozen=True)
class GatheredState:
    """What a checkpoint needs from all processes, and one writes.

    Attributes:
        random_states: For each process the name and the content of a file.
    """

    random_states: list[tuple[str, bytes]]


class ResumableTrainer(Seq2SeqTrainer):
    """A `Seq2SeqTrainer` whose validation is a score and whose checkpoints are whole.

    Args:
        validate: Translates the validation examples and returns scores by name.
        checkpoints: Writes them.
        checkpoints_kept: The last so many that were validated, and the best one.
        average: Of the weights; saved in every checkpoint.
        **arguments: Of `Seq2SeqTrainer`.

    Attributes:
        is_over: Whether training is over, by its steps, its time or early stopping.
        is_validation_pending: A signal has cut the last validation short.
    """

    def __init__(
        self,
        *,
        validate: Validate,
        checkpoints: CheckpointWriter,
        checkpoints_kept: int,
        average: WeightAverage | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(**arguments)
        self.validate = validate
        self.checkpoints = checkpoints
        self.checkpoints_kept = checkpoints_kept
        self.average = average
        if average is not None:
            self.add_callback(average)
        self.is_over: Callable[[], bool] = lambda: False
        self.is_validation_pending = False
        self.control: TrainerControl

    @property
    def unwrapped(self) -> PreTrainedModel:
        """The model without what Accelerate puts around it."""
        model = self.accelerator.unwrap_model(self.model)
        assert isinstance(model, PreTrainedModel)
        return model

    def evaluate(
        self,
        eval_dataset: Any = None,
        ignore_keys: list[str] | None = None,
        metric_key_prefix: str = "eval",
        **_: Any,
    ) -> dict[str, float]:
        """Scores of the validation examples, from `validate`, under the Trainer's key names.

        None if a signal came meanwhile: then the run stops with a checkpoint, and validates it
        when it goes on.
        """
        try:
            with self._random_state_kept():
                scores = self.validate()
        except ValidationInterrupted:
            self.is_validation_pending = True
            self.control.should_save = self.control.should_training_stop = True
            return {}
        metrics = {f"{metric_key_prefix}_{name}": value for name, value in scores.items()}
        self.log(metrics)
        self.control = self.callback_handler.on_evaluate(
            self.args, self.state, self.control, metrics
        )
        return metrics

    @contextlib.contextmanager
    def _random_state_kept(self) -> Iterator[None]:
        """Validating more or less often must not change what is trained."""
        with torch.random.fork_rng():
            yield

    def _save_checkpoint(self, model: torch.nn.Module, trial: Any) -> None:
        """Whole or not at all; see `CheckpointWriter`."""
        try:
            gathered = self.gather_state()
        except Exception as error:
            self.checkpoints.give_up(error)
        self._write_checkpoint(
            lambda directory: self._write_state(directory, gathered), ended=self.is_over()
        )

    def gather_state(self) -> GatheredState:
        """What a checkpoint holds of every process. All of them call this at the same place."""
        return GatheredState(random_states=gather(self._pack_random_state()))

    def _write_checkpoint(self, save: Callable[[Path], None], *, ended: bool) -> None:
        if not is_first():
            return
        self.checkpoints.write(
            self.state.global_step,
            save,
            best_step=self.state.best_global_step,
            kept=self.validated_steps[-self.checkpoints_kept :],
            ended=ended,
            pending=self.is_validation_pending,
        )

    def _determine_best_metric(self, metrics: dict[str, float], trial: Any) -> bool:
        return bool(metrics) and super()._determine_best_metric(metrics, trial)

    def finish_validation(self, checkpoint: Path) -> None:
        """Do the validation that a signal had cut short, and put it into its checkpoint.

        Args:
            checkpoint: The model's weights are its own.
        """
        self.load_state(checkpoint)
        self._load_callback_state()
        metrics = self.evaluate()
        if self.is_validation_pending:
            return
        self._determine_best_metric(metrics, None)

        def copy(directory: Path) -> None:
            shutil.copytree(checkpoint, directory, dirs_exist_ok=True)
            (directory / MANIFEST).unlink()
            self._write_loop_state(directory)

        ended = bool(read_fact(checkpoint, ENDED)) or self.has_stopped_early
        self._write_checkpoint(copy, ended=ended)
        self.checkpoints.finish()

    def load_state(self, checkpoint: Path) -> None:
        """Be where a checkpoint was saved, without its weights and optimizer."""
        self.state = TrainerState.load_from_json(str(checkpoint / TRAINER_STATE_NAME))

    @property
    def validated_steps(self) -> list[int]:
        """Steps with a validation, and so with a checkpoint, in order."""
        history = self.state.log_history
        return [line["step"] for line in history if any(key.startswith("eval_") for key in line)]

    @property
    def has_stopped_early(self) -> bool:
        """Whether validations have not improved for as long as the recipe has patience."""
        return any(
            callback.early_stopping_patience_counter >= callback.early_stopping_patience
            for callback in self.callback_handler.callbacks
            if isinstance(callback, EarlyStoppingCallback)
        )

    def _write_state(self, directory: Path, gathered: GatheredState) -> None:
        """All that training goes on from."""
        self._write_tensors(directory, gathered)
        self.processing_class.save_pretrained(directory)
        self._save_scaler(str(directory))
        for name, content in gathered.random_states:
            (directory / name).write_bytes(content)
        self._write_loop_state(directory)

    def _write_tensors(self, directory: Path, gathered: GatheredState) -> None:
        """Weights, their average, optimizer and schedule."""
        self.unwrapped.save_pretrained(directory)
        self._save_optimizer_and_scheduler(str(directory))
        if self.average is not None:
            self.average.save(directory)

    def _write_loop_state(self, directory: Path) -> None:
        for callback in self.callback_handler.callbacks:
            if isinstance(callback, ExportableState):
                self.state.stateful_callbacks[type(callback).__name__] = callback.state()
        self.state.save_to_json(str(directory / TRAINER_STATE_NAME))

    def _load_callback_state(self) -> None:
        """Early stopping goes on counting; its patience is the recipe's."""
        for callback in self.callback_handler.callbacks:
            if isinstance(callback, EarlyStoppingCallback):
                saved = self.state.stateful_callbacks.get(type(callback).__name__)
                if saved:
                    for name, value in saved["attributes"].items():
                        setattr(callback, name, value)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is not None:
            with _only_tensors(checkpoint):
                self._read_optimizer_and_scheduler(checkpoint)

    def _read_optimizer_and_scheduler(self, checkpoint: str) -> None:
        super()._load_optimizer_and_scheduler(checkpoint)

    def _pack_random_state(self) -> tuple[str, bytes]:
        """The file of this process's random numbers, by the name that the Trainer gives it."""
        # Beside the checkpoints, where there is room for them; other machines need not see those.
        place = self.checkpoints.directory
        with tempfile.TemporaryDirectory(
            prefix=f"{STAGING}{PREFIX}", dir=place if place.is_dir() else None
        ) as directory:
            self._save_rng_state(directory)
            (path,) = Path(directory).iterdir()
            return path.name, path.read_bytes()

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        num_saved = len(list(Path(checkpoint).glob("rng_state*.pth")))
        if num_saved != self.args.world_size:
            say(
                f"random numbers: saved by {num_saved} processes and continued by "
                f"{self.args.world_size}: the examples of each step stay the same, dropout draws "
                "others"
            )
            seed_process(self.args.seed, self.args.process_index, self.state.global_step)
            return
        with _only_tensors(checkpoint):
            super()._load_rng_state(checkpoint)


def seed_process(seed: int, rank: int, step: int) -> None:
    """Random numbers of its own for each process, or all would drop out the same.

    Args:
        seed: Of the run.
        rank: Of the process.
        step: The optimizer step that training goes on from.
    """
    (state,) = np.random.SeedSequence([seed, rank, step]).generate_state(1, np.uint64)
    torch.manual_seed(int(state) >> 1)


@contextlib.contextmanager
def _only_tensors(checkpoint: str) -> Iterator[None]:
    """Files of pickles are loaded with `weights_only`, which refuses whatever could run."""
    try:
        yield
    except pickle.UnpicklingError as error:
        raise T5TuneError(
            f"{checkpoint}: a file holds something else than tensors and is not loaded; t5tune "
            "did not write it.",
            next_command="t5tune verify RUN   # or the same command with --restart",
        ) from error
