"""The losses of a run's steps: what is logged of them, and whether training goes well."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from accelerate import Accelerator
from transformers import TrainerState

from t5tune.training.callbacks.divergence import LossWatch
from t5tune.training.checkpoints.writer import CheckpointWriter
from t5tune.training.loss_window import LossWindow


class LossRecord:
    """Takes the loss of each step, and ends training when it has gone wrong.

    Args:
        checkpoints: Say what is good still.
        learning_rate: Of the run; a smaller one is proposed.
        logging_steps: Between two logged lines.
        accelerator: Takes the mean over processes.
    """

    def __init__(
        self,
        checkpoints: CheckpointWriter,
        learning_rate: float,
        logging_steps: int,
        accelerator: Accelerator,
    ) -> None:
        self._accelerator = accelerator
        self._window = LossWindow(self._average)
        self._watch = LossWatch(checkpoints, learning_rate, logging_steps)

    def _average(self, number: float) -> float:
        """Return the mean over the processes, which all call this at the same place."""
        if self._accelerator.num_processes == 1:
            return number
        tensor = torch.tensor(number, dtype=torch.float64, device=self._accelerator.device)
        return float(self._accelerator.reduce(tensor, "mean"))

    def add(self, loss: torch.Tensor, num_items: torch.Tensor | int, step: int) -> None:
        """Add the loss of a step, the mean over its target tokens.

        Raises:
            T5TuneError: It is not finite.
        """
        self._watch.add(loss, step)
        self._window.add(loss, num_items)

    def check(self, step: int) -> None:
        """Refuse to log or to save what came after training went wrong.

        Raises:
            T5TuneError: There was a loss that is not finite.
        """
        self._watch.check_pending(step)

    def put_means(self, logs: dict[str, float], *, is_over: bool) -> dict[str, float] | None:
        """Return what is logged, with means over target tokens for the Trainer's means of steps.

        Args:
            logs: The Trainer's.
            is_over: Training is. A summary before its end is not logged: training goes on another
                time.
        """
        if "loss" in logs:
            return {**logs, "loss": self._window.close()}
        if "train_loss" not in logs:
            return logs
        return {**logs, "train_loss": self._window.mean_of_all} if is_over else None

    def check_logged(self, state: TrainerState) -> None:
        """Refuse to go on when the logged losses have gone up for good.

        Raises:
            T5TuneError: They have.
        """
        losses = [line["loss"] for line in state.log_history if "loss" in line]
        self._watch.check_logged(losses, state.global_step, state.best_global_step)

    def pack(self) -> dict[str, float]:
        """Return what a checkpoint keeps of the steps since the last logged line."""
        return self._window.pack()

    def unpack(self, kept: Mapping[str, float]) -> None:
        """Go on from what a checkpoint has kept."""
        self._window.unpack(kept)
