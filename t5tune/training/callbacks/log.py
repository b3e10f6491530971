"""The log of a run, and its end by a signal or by its time."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from torch.optim.lr_scheduler import LambdaLR
from transformers import TrainerCallback, TrainerControl, TrainerState
from transformers.trainer_callback import ExportableState

from t5tune.distributed.processes import are_several, is_main_process, largest
from t5tune.files.json_values import read_log
from t5tune.files.writing import write_text
from t5tune.training.callbacks.clock import TrainingClock, end_with_time
from t5tune.training.callbacks.throughput import Throughput

VALIDATION = "eval_"  # the Trainer's prefix of validation scores
ECHO_SECONDS = 1.0  # seconds; a second signal within them is an echo of the first one


def validation_scores(logs: Mapping[str, float]) -> dict[str, float]:
    """Return the validation scores among logged values, by name."""
    return {k.removeprefix(VALIDATION): v for k, v in logs.items() if k.startswith(VALIDATION)}


class JsonLog(TrainerCallback, ExportableState):
    """Writer of log.jsonl: one object per line for each logged step and each validation.

    Without a path nothing is written. Lines after the step that a run resumes from are dropped; all
    of them if it begins.
    """

    def __init__(
        self, path: Path | None, throughput: Throughput, terms: Sequence[str] = ()
    ) -> None:
        self.path = path
        self.terms = terms  # parts of the loss that have values of their own
        self.throughput = throughput
        self._elapsed_before = 0.0
        self._start = time.monotonic()

    def on_train_begin(self, args: Any, state: TrainerState, *_: Any, **__: Any) -> None:
        saved = state.stateful_callbacks.get(type(self).__name__, {})
        self.start_from(state.global_step, saved.get("elapsed_seconds", 0.0))

    def state(self) -> dict[str, float]:
        """Return what a checkpoint keeps, since a run may stop between two lines."""
        return {"elapsed_seconds": self.elapsed_seconds}

    def start_from(self, step: int, elapsed_seconds: float = 0.0) -> None:
        """Keep the lines up to a step; at step 0, where a run begins, keep none.

        Validations of averages are dropped: they are made again when training ends. The checkpoint
        of the step has the time, if the last line was written before it.
        """
        kept = [
            line
            for line in self._read()
            if step > 0 and line["step"] <= step and "weights" not in line
        ]
        of_lines = kept[-1]["elapsed_seconds"] if kept else 0.0
        self._elapsed_before = max(of_lines, elapsed_seconds)
        self._start = time.monotonic()
        if self.path is not None:
            write_text(self.path, "".join(json.dumps(line) + "\n" for line in kept))

    def on_step_end(self, _: Any, state: TrainerState, control: TrainerControl, **__: Any) -> None:
        if control.should_save:
            control.should_log = True  # a line for every checkpoint

    @property
    def elapsed_seconds(self) -> float:
        """Seconds since training began, without interruptions."""
        return self._elapsed_before + time.monotonic() - self._start

    def on_log(
        self, args: Any, state: TrainerState, control: Any, logs: dict[str, float], **_: Any
    ) -> None:
        line = self._begin_line(state)
        if scores := validation_scores(logs):
            line["validation"] = scores
        elif "loss" in logs:
            names = ("loss", *self.terms, "grad_norm", "learning_rate")
            line |= {name: logs[name] for name in names if name in logs}
            line["real_tokens_per_second"] = round(self.throughput.tokens_per_second, 1)
            line["real_token_share"] = round(self.throughput.real_token_share, 4)
            self.throughput.start_window()
        else:
            return
        self._append(line)

    def write_average(self, state: TrainerState, name: str, scores: dict[str, float]) -> None:
        """Write the validation of the averaged weights, at the end of training."""
        self._append({**self._begin_line(state), "weights": name, "validation": scores})

    def write_batch_limit(self, state: TrainerState, limit: int) -> None:
        """Write how many tokens of a batch fit into memory; a resumed run reads it again."""
        self._append({**self._begin_line(state), "batch_limit": limit})

    def batch_limits(self) -> dict[int, int]:
        """Return the limits that were written, by the step after which each came into force."""
        return {line["step"]: line["batch_limit"] for line in self._read() if "batch_limit" in line}

    def _begin_line(self, state: TrainerState) -> dict[str, Any]:
        return {
            "step": state.global_step,
            "epoch": round(state.epoch or 0.0, 4),
            "elapsed_seconds": round(self.elapsed_seconds, 3),
        }

    def _read(self) -> list[dict[str, Any]]:
        return read_log(self.path) if self.path is not None else []

    def _append(self, line: dict[str, Any]) -> None:
        if self.path is None:
            return
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps(line) + "\n")


class ValidationInterrupted(Exception):  # noqa: N818 (no error: the user asked for it)
    """A signal asked to stop during a validation."""


class StopOnSignal(TrainerCallback):
    """Callback that ends training after the current step, with a checkpoint, on Ctrl-C or SIGTERM.

    A second Ctrl-C leaves at once. Any one of several processes may get the signal: they agree on
    it after each step.
    """

    def __init__(self) -> None:
        self.received: signal.Signals | None = None  # the signal that asked to stop
        self._asked_at: float | None = None
        self._previous: dict[int, Any] = {}

    @contextmanager
    def installed(self) -> Iterator[None]:
        """Handle the signals while the block runs."""
        for listened in (signal.SIGINT, signal.SIGTERM):
            if signal.getsignal(listened) is not signal.SIG_IGN:  # as nohup sets it
                self._previous[listened] = signal.signal(listened, self._handle)
        try:
            yield
        finally:
            for number, handler in self._previous.items():
                signal.signal(number, handler)

    def _handle(self, number: int, frame: FrameType | None) -> None:
        now = time.monotonic()
        if self._asked_at is None:
            self._asked_at = now
        elif number == signal.SIGINT:
            # torchrun repeats a signal that the terminal has already sent.
            is_echo = are_several() and now - self._asked_at < ECHO_SECONDS
            if not is_echo:
                self._previous[number](number, frame)
        self.received = self.received or signal.Signals(number)

    def agree(self) -> None:
        """Agree on whether any process has a signal; all processes call this at the same place."""
        number = int(largest(self.received or 0))
        self.received = signal.Signals(number) if number else None

    def check(self) -> None:
        """Leave a validation after a signal, all processes together.

        Raises:
            ValidationInterrupted: A signal was received.
        """
        self.agree()
        if self.received is not None:
            raise ValidationInterrupted

    def on_step_end(self, _: Any, state: TrainerState, control: TrainerControl, **__: Any) -> None:
        self.agree()
        if self.received is not None:
            # Not logged: the resumed run logs these steps with the rest of their window.
            control.should_save = control.should_training_stop = True


class EndOfTraining(TrainerCallback):
    """Callback that ends training and its schedule in time, and validates and saves the last step.

    The last step is validated whatever `eval_steps` is: it may be the best. Only a run with a time
    budget has a clock.
    """

    def __init__(self, clock: TrainingClock | None = None) -> None:
        self.clock = clock
        self.is_over = False  # whether the time or the steps are over
        self.share_of_time = 0.0  # that is over, from 0 to 1; the same in all processes

    def _look_at_clock(self, step: int) -> None:
        """Take the time of the main process."""
        if self.clock is None:
            return
        if is_main_process():
            self.clock.look(step)
        self.share_of_time = largest(self.clock.share)

    def on_train_begin(
        self, args: Any, state: TrainerState, control: Any, lr_scheduler: Any, **_: Any
    ) -> None:
        if self.clock is not None:
            self.clock.start_from(state.global_step)
            self._look_at_clock(state.global_step)
            if isinstance(lr_scheduler, LambdaLR):
                warmup_steps, steps = args.get_warmup_steps(state.max_steps), state.max_steps
                end_with_time(lr_scheduler, warmup_steps, steps, lambda: self.share_of_time)

    def on_step_end(self, _: Any, state: TrainerState, control: TrainerControl, **__: Any) -> None:
        self._look_at_clock(state.global_step)
        self.is_over = self.share_of_time >= 1.0 or state.global_step >= state.max_steps
        if self.is_over:
            control.should_training_stop = True
            control.should_evaluate = control.should_log = control.should_save = True
