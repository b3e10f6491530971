"""The training display: live on a terminal, a line for each log elsewhere."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from t5tune.progress import format_seconds, say, stderr_console
from t5tune.training.callbacks import VALIDATION, JsonLog
from t5tune.training.throughput import Throughput


class TrainingDisplay(TrainerCallback):
    """Step, epoch, loss, learning rate, real tokens per second and time left.

    Args:
        log: Knows the time that training has taken.
        throughput: Knows the speed.
        best_score: Name of the score that chooses the best checkpoint.
        lower_is_better: Of that score.
        max_seconds: Time that training may take; None sets no limit.
    """

    def __init__(
        self,
        log: JsonLog,
        throughput: Throughput,
        best_score: str,
        *,
        lower_is_better: bool,
        max_seconds: float | None = None,
    ) -> None:
        self.log = log
        self.throughput = throughput
        self.best_score = best_score
        self.lower_is_better = lower_is_better
        self.max_seconds = max_seconds
        self.best: float | None = None
        self.console: Console = stderr_console()
        self.live: Progress | None = None

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        self.best = state.best_metric
        if not self.console.is_terminal:
            return
        self.live = Progress(
            TextColumn("[bold]training"),
            BarColumn(bar_width=24),
            TextColumn("step {task.completed:,.0f}/{task.total:,.0f}"),
            TextColumn("epoch {task.fields[epoch]:.2f}"),
            TextColumn("loss {task.fields[loss]}"),
            TextColumn("lr {task.fields[rate]}"),
            TextColumn("{task.fields[speed]} tokens/s"),
            TextColumn("[cyan]{task.fields[left]}[/] left"),
            console=self.console,
        )
        self.live.add_task(
            "train",
            total=state.max_steps,
            completed=state.global_step,
            epoch=state.epoch or 0.0,
            loss="–",
            rate="–",
            speed="–",
            left="–",
        )
        self.live.start()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any
    ) -> None:
        if self.live is not None:
            self.live.update(
                self.live.task_ids[0],
                completed=state.global_step,
                epoch=state.epoch or 0.0,
                left=self._time_left(state),
            )

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        logs = logs or {}
        if any(key.startswith(VALIDATION) for key in logs):
            self._show_validation(state, logs)
        elif "loss" in logs:
            loss, rate = f"{logs['loss']:.3f}", f"{logs.get('learning_rate', 0):.2e}"
            speed = f"{self.throughput.tokens_per_second:,.0f}"
            if self.live is not None:
                task = self.live.task_ids[0]
                self.live.update(task, loss=loss, rate=rate, speed=speed)
            else:
                self._say_step(state, loss, rate, speed)

    def _time_left(self, state: TrainerState) -> str:
        """Until the steps or the time end, at the speed so far, validations included."""
        elapsed = self.log.elapsed_seconds
        left = elapsed / max(state.global_step, 1) * (state.max_steps - state.global_step)
        if self.max_seconds is not None:
            left = max(0.0, min(left, self.max_seconds - elapsed))
        return format_seconds(left)

    def _say_step(self, state: TrainerState, loss: str, rate: str, speed: str) -> None:
        say(
            f"step {state.global_step:,}/{state.max_steps:,}  epoch {state.epoch or 0:.2f}  "
            f"loss {loss}  lr {rate}  {speed} tokens/s  {self._time_left(state)} left"
        )

    def _show_validation(self, state: TrainerState, logs: dict[str, float]) -> None:
        scores = {
            k.removeprefix(VALIDATION): v for k, v in logs.items() if k.startswith(VALIDATION)
        }
        value = scores.get(self.best_score)
        is_best = value is not None and (
            self.best is None or (value < self.best if self.lower_is_better else value > self.best)
        )
        if is_best:
            self.best = value
        text = "  ".join(f"{name} {score:.2f}" for name, score in scores.items())
        line = (
            f"step {state.global_step:,}  {format_seconds(self.log.elapsed_seconds)}  "
            f"validation: {text}{'  (best so far)' if is_best else ''}"
        )
        if self.live is not None:
            self.live.console.print(line)
        else:
            say(line)

    def close(self) -> None:
        """Take the live display down, whatever happened."""
        if self.live is not None:
            self.live.stop()
            self.live = None
