"""The training display: live on a terminal, a line for each log elsewhere."""

from __future__ import annotations

import time
from contextlib import ExitStack
from typing import Any

from transformers import TrainerCallback, TrainerState

from t5tune.console import LINE_SECONDS, format_seconds, say, stderr_console
from t5tune.scoring.registry import MetricSpec
from t5tune.terminal_line import Field, live_line
from t5tune.training.callbacks.log import JsonLog, validation_scores
from t5tune.training.callbacks.throughput import Throughput


class TrainingDisplay(TrainerCallback):
    """Step, epoch, loss, learning rate, real tokens per second and time left.

    Fields that do not fit into one line of the terminal are left out. The log has the time so far,
    and the metric chooses the best checkpoint.
    """

    bar_priority = 4

    def __init__(
        self, log: JsonLog, throughput: Throughput, metric: MetricSpec, max_seconds: float | None
    ) -> None:
        self.log = log
        self.throughput = throughput
        self.metric = metric
        self.max_seconds = max_seconds
        self.is_live = stderr_console().is_interactive
        self.line = ExitStack()
        self.state = TrainerState()
        self.loss = self.rate = self.speed = ""  # unknown until the first log
        self.started = self.said_at = 0.0

    def on_train_begin(self, args: Any, state: TrainerState, *_: Any, **__: Any) -> None:
        self.state = state
        self.started = self.said_at = time.monotonic()
        self.line.enter_context(live_line(self, stderr_console(), stays=True))

    def fields(self) -> list[Field]:
        """See `Activity.fields`; on a narrow terminal the last ones to go are step and time."""
        state = self.state
        return [
            Field("training", 1, "bold"),
            Field(f"step {state.global_step:,}/{state.max_steps:,}", 0),
            Field(f"epoch {state.epoch or 0:.2f}", 6),
            Field(self.loss and f"loss {self.loss}", 3),
            Field(self.rate and f"lr {self.rate}", 7),
            Field(self.speed and f"{self.speed} tokens/s", 5),
            Field(f"{self._time_left(state)} left" if state.global_step else "", 2),
        ]

    def share(self) -> float:
        """See `Activity.share`."""
        return float(self.state.global_step / max(self.state.max_steps, 1))

    def on_step_end(self, args: Any, state: TrainerState, *_: Any, **__: Any) -> None:
        self.state = state
        # Steps may be slow, and logged lines far apart.
        if not self.is_live and time.monotonic() - self.said_at >= LINE_SECONDS:
            self._say_step(state)

    def on_log(
        self, args: Any, state: TrainerState, control: Any, logs: dict[str, float], **_: Any
    ) -> None:
        if scores := validation_scores(logs):
            self._show_validation(state, scores)
        elif "loss" in logs:
            self.loss, self.rate = f"{logs['loss']:.3f}", f"{logs.get('learning_rate', 0):.2e}"
            self.speed = f"{self.throughput.tokens_per_second:,.0f}"
            if not self.is_live:
                self._say_step(state)

    def _time_left(self, state: TrainerState) -> str:
        """Return the seconds until steps or time end, at the speed so far, validations included."""
        elapsed = self.log.elapsed_seconds
        left = elapsed / max(state.global_step, 1) * (state.max_steps - state.global_step)
        if self.max_seconds is not None:
            left = max(0.0, min(left, self.max_seconds - elapsed))
        return format_seconds(left)

    def _say_step(self, state: TrainerState) -> None:
        self.said_at = time.monotonic()
        fields = [field for field in self.fields() if field.text]
        say("  ".join(field.text for field in fields[1:]))  # "training" is understood

    def _show_validation(self, state: TrainerState, scores: dict[str, float]) -> None:
        value, best = scores[self.metric.main_score], state.best_metric  # of those before
        is_best = best is None or self.metric.is_better(value, best)
        text = "  ".join(f"{name} {score:.2f}" for name, score in scores.items())
        say(
            f"step {state.global_step:,}  {format_seconds(self.log.elapsed_seconds)}  "
            f"validation: {text}{'  (best so far)' if is_best else ''}"
        )

    def close(self) -> None:
        """Remove the live display, whatever happened."""
        self.line.close()
