"""Saving and reading checkpoints in the files of one process.

They hold full tensors, from which any number of processes and any kind of sharding can resume.
Gathering them needs every process; the main process writes.
"""

from __future__ import annotations

import contextlib
import pickle
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerBase, TrainerCallback, TrainerState
from transformers.trainer import OPTIMIZER_NAME, SCHEDULER_NAME

from t5tune.distributed.processes import gather, is_main_process
from t5tune.errors import T5TuneError
from t5tune.models.adapters import has_adapter, save_trained
from t5tune.run.manifest import MANIFEST
from t5tune.training.checkpoints.loop_state import list_validated_steps, write_loop_state
from t5tune.training.checkpoints.store import PREFIX, STAGING
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.optim.averaging import WeightAverage, save_average
from t5tune.training.strategies.strategy import Strategy


@dataclass(frozen=True)
class Trained:
    """Objects whose state a checkpoint saves."""

    model: PreTrainedModel
    schedule: Any  # of the learning rate
    state: TrainerState
    callbacks: Sequence[TrainerCallback]  # some have a state


class CheckpointSaver:
    """Saver and reader of checkpoints; the last validated ones stay, beside the best one."""

    def __init__(
        self,
        writer: CheckpointWriter,
        num_kept: int,
        strategy: Strategy,
        average: WeightAverage | None,
        tokenizer: PreTrainedTokenizerBase,
    ) -> None:
        self.writer = writer
        self.num_kept = num_kept
        self._strategy = strategy
        self.average = average
        self._tokenizer = tokenizer

    def save(
        self,
        trained: Trained,
        save_random_state: Callable[[str], None],
        *,
        ended: bool,
        pending: bool,
    ) -> None:
        """Save a checkpoint; all processes must call this at the same place.

        See `CheckpointWriter.write`. The random state of this process is saved in a directory.
        """
        keep = is_main_process()  # the others only take part
        try:
            random_states = gather(self._pack_random_state(save_random_state))
            weights = self._strategy.gather_weights(trained.model, keep=keep)
            optimizer = self._strategy.gather_optimizer_state(keep=keep)
            average = self.average.gather(keep=keep) if self.average is not None else None
        except Exception as error:
            self.writer.give_up(error)

        def write(directory: Path) -> None:
            if has_adapter(trained.model):
                save_trained(trained.model, directory)
            else:
                trained.model.save_pretrained(directory, state_dict=weights)
            torch.save(optimizer, directory / OPTIMIZER_NAME)
            torch.save(trained.schedule.state_dict(), directory / SCHEDULER_NAME)
            if average is not None:
                save_average(average, directory)
            self._tokenizer.save_pretrained(directory)
            for name, content in random_states:
                (directory / name).write_bytes(content)
            write_loop_state(trained.state, trained.callbacks, directory)

        self._write(trained.state, write, ended=ended, pending=pending)

    def save_again(
        self,
        checkpoint: Path,
        state: TrainerState,
        callbacks: Sequence[TrainerCallback],
        *,
        ended: bool,
    ) -> None:
        """Save a checkpoint again with the state of the loop after its validation."""

        def write(directory: Path) -> None:
            shutil.copytree(checkpoint, directory, dirs_exist_ok=True)
            (directory / MANIFEST).unlink()
            write_loop_state(state, callbacks, directory)

        self._write(state, write, ended=ended, pending=False)
        self.writer.finish()

    def _write(
        self, state: TrainerState, save: Callable[[Path], None], *, ended: bool, pending: bool
    ) -> None:
        if is_main_process():
            self.writer.write(
                state.global_step,
                save,
                best_step=state.best_global_step,
                kept=list_validated_steps(state)[-self.num_kept :],
                ended=ended,
                pending=pending,
            )

    def _pack_random_state(self, save: Callable[[str], None]) -> tuple[str, bytes]:
        """Return name and content of the file of this process's random state."""
        # Beside the checkpoints, where there is room, unless this machine cannot see them.
        place = self.writer.directory
        with tempfile.TemporaryDirectory(
            prefix=f"{STAGING}{PREFIX}", dir=place if place.is_dir() else None
        ) as directory:
            save(directory)
            (path,) = Path(directory).iterdir()
            return path.name, path.read_bytes()

    def read_optimizer_and_schedule(self, checkpoint: Path, schedule: Any) -> None:
        """Give optimizer and schedule the states of a checkpoint.

        Raises:
            T5TuneError: Its files hold something other than tensors.
        """
        with only_tensors(checkpoint):
            state = torch.load(checkpoint / OPTIMIZER_NAME, map_location="cpu", weights_only=True)
            self._strategy.load_optimizer_state(state)
            schedule.load_state_dict(torch.load(checkpoint / SCHEDULER_NAME, weights_only=True))


@contextlib.contextmanager
def only_tensors(checkpoint: Path) -> Iterator[None]:
    """Explain the refusal of `weights_only` to load a pickle that could run code.

    Raises:
        T5TuneError: The block has met such a pickle.
    """
    try:
        yield
    except pickle.UnpicklingError as error:
        raise T5TuneError(
            f"{checkpoint}: a file holds something other than tensors and is not loaded; t5tune "
            "did not write it.",
            next_command="t5tune verify RUN   # or the same command with --restart",
        ) from error
