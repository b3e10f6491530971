"""Optimizer steps of data that is streamed: batches are formed within one window after another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import torch

from t5tune.data.batching.plans import BatchPlan
from t5tune.data.batching.steps import deal_batches
from t5tune.data.streaming import StreamPosition, Window


@dataclass(frozen=True)
class StepPosition:
    """Where training is in a stream after a number of steps.

    Attributes:
        step: Number of optimizer steps that are done.
        window: Position of the window of their last batch.
        num_batches: Number of batches of this window that they took.
    """

    step: int = 0
    window: StreamPosition = field(default_factory=StreamPosition)
    num_batches: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return the JSON values that `from_json` reads."""
        return {"step": self.step, "window": list(self.window), "num_batches": self.num_batches}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> StepPosition:
        """Read the values of `to_json`."""
        return cls(values["step"], StreamPosition(*values["window"]), values["num_batches"])


class StreamedSteps(torch.utils.data.Sampler[list[Any]]):
    """Optimizer steps of a run whose training data is streamed; a step is a list of batches.

    Steps are dealt out to processes as in `OptimizerSteps`. Batches hold examples, not indices.
    The steps of an earlier part of the run are empty, for the Trainer, which passes over them.

    Args:
        open_windows: Function that iterates over windows from a position on, in every process.
        plan: Function that plans the batches of a window; its first epoch is used.
        num_steps: Number of optimizer steps of the run.
        batches_per_step: Number of batches in one optimizer step.
        begin: Position to continue from.
        rank: Rank of this process, from 0.
        num_ranks: Number of processes.
    """

    def __init__(
        self,
        open_windows: Callable[[StreamPosition], Iterator[Window]],
        plan: Callable[[Window], BatchPlan],
        num_steps: int,
        batches_per_step: int,
        begin: StepPosition,
        rank: int = 0,
        num_ranks: int = 1,
    ) -> None:
        self._open_windows = open_windows
        self._plan = plan
        self._num_steps = num_steps
        self._batches_per_step = batches_per_step
        self._begin = begin
        self._rank = rank
        self._num_ranks = num_ranks
        # Windows that have started, with the number of batches before each since `begin`. Steps are
        # planned ahead of those that are trained.
        self._started: list[tuple[int, StreamPosition]] = []

    def set_epoch(self, epoch: int) -> None:
        """Do nothing: for the Trainer, the whole run is one epoch."""

    def __len__(self) -> int:
        """Return the number of steps of the run."""
        return self._num_steps

    def __iter__(self) -> Iterator[list[Any]]:
        for _ in range(self._begin.step):
            yield []
        batches = self._batches()
        for _ in range(self._begin.step, self._num_steps):
            step = list(islice(batches, self._batches_per_step))
            yield deal_batches(step, self._batches_per_step, self._rank, self._num_ranks)

    def _batches(self) -> Iterator[list[Any]]:
        num_done = self._begin.num_batches
        num_batches = -num_done
        self._started = []
        for window in self._open_windows(self._begin.window):
            self._started.append((num_batches, window.start))
            batches = self._plan(window).plan_epoch(0)
            for batch in islice(batches, num_done, None):
                yield [window.dataset[int(i)] for i in batch]
            num_batches += len(batches)
            num_done = 0

    def find_position(self, step: int) -> StepPosition:
        """Return the position after a step that was yielded.

        Windows before it are forgotten.
        """
        if not self._started:
            return self._begin
        num_batches = (step - self._begin.step) * self._batches_per_step
        while len(self._started) > 1 and self._started[1][0] <= num_batches:
            self._started.pop(0)
        before, window = self._started[0]
        return StepPosition(step, window, num_batches - before)


class GivenExamples(torch.utils.data.Dataset[Any]):
    """Data set for steps whose batches hold examples."""

    def __getitem__(self, batch: Any) -> Any:
        return batch
