"""A few steps, a part of a validation and a checkpoint, measured as training does them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import torch
from transformers import PreTrainedModel, TrainerControl, TrainerState

from t5tune.console import track
from t5tune.data.batching.epoch_tokens import count_positions
from t5tune.data.batching.packing import PackedBatches
from t5tune.data.batching.plans import BatchPlan
from t5tune.data.encoding import EncodedDataset, encode_texts
from t5tune.data.examples import Examples
from t5tune.decoding.loaded_model import LoadedModel
from t5tune.decoding.source_batches import form_batches
from t5tune.decoding.translator import DecodingOptions
from t5tune.run.directory import RunDirectory
from t5tune.scoring.compute import score_hypotheses
from t5tune.scoring.registry import metrics_of_validation
from t5tune.scoring.system_output import SystemOutput
from t5tune.training.callbacks.log import EndOfTraining
from t5tune.training.determinism import deterministic_kernels
from t5tune.training.preparation.start import Start
from t5tune.training.step.memory import GpuMemory, MainMemory
from t5tune.training.trainer_building import build_silent_watchers, build_trainer
from t5tune.training.training_plan import TrainingPlan

NUM_WARM = 3  # steps before those that are timed: memory is allocated, and the largest batches come
MOST_STEPS = 400  # that are timed
ENOUGH_STEPS, ENOUGH_SECONDS = 30, 10.0  # both, unless one of the following comes first
MOST_SECONDS = 90.0
# Kernels and freed blocks are kept for each new shape, so that memory grows for a while.
SETTLING_STEPS, SETTLED = 50, 1.01  # steps in which it grows by no larger factor
DECODING_SECONDS = 10.0  # of each search, after which no other batch is translated
MOST_SAVED = 2_000_000_000  # bytes of a checkpoint that is written to measure it


@dataclass(frozen=True)
class Measurement:
    """What was measured.

    Attributes:
        num_steps: Number of steps that were timed.
        step_seconds: Mean time of a step, from one to the next.
        validation_seconds: Time of a validation of a model whose hypotheses are as long as the
            references.
        report_seconds: The same of the translation of the report's set, with its search.
        checkpoint_seconds: Time for which training waits for a checkpoint; None if none was
            written, because it is too large.
        checkpoint_bytes: Its size.
        memory_bytes: Most main memory of the process.
        device_bytes: Most memory on the accelerator; None without one.
    """

    num_steps: int
    step_seconds: float
    validation_seconds: float
    report_seconds: float
    checkpoint_seconds: float | None
    checkpoint_bytes: int | None
    memory_bytes: int
    device_bytes: int | None


def measure(start: Start, plan: TrainingPlan, run: RunDirectory, *, saves: bool) -> Measurement:
    """Train a few of the planned steps, and throw away what was learned.

    Args:
        start: A prepared training, whose weights change.
        plan: Its plan.
        run: A directory that is not kept.
        saves: Whether a checkpoint is written there.
    """
    memory = MainMemory()
    device = GpuMemory() if torch.cuda.is_available() else None
    for meter in (memory, device):
        if meter is not None:
            meter.reset_peak()
    stopwatch = Stopwatch(memory, saves=saves)
    extra = plan.recipe.training.extra
    few = (
        plan if plan.tokens is None else replace(plan, batches=choose_batches(plan, start.dataset))
    )
    trainer = build_trainer(
        _without_validations(few),
        run,
        start,
        lambda: {},
        build_silent_watchers(stopwatch),
        is_trial=True,
    )
    with (
        deterministic_kernels(enabled=extra.get("full_determinism", True)),
        track("measuring the steps", None, "steps") as stopwatch.advance,
    ):
        trainer.train()
    writer = trainer.saver.writer
    writer.finish()
    files = [path for path in run.checkpoints.rglob("*") if path.is_file()]
    evaluation, model = plan.recipe.evaluation, start.model
    examples = start.validation.first(evaluation.max_validation_examples)
    reported = start.reported.get()
    with track("measuring a validation"), _never_ending(model.translator.model):
        validation = _time_search(model, examples, model.options.without_beams())
        report = _time_search(model, reported, model.options)
    metrics = metrics_of_validation(evaluation.metrics, evaluation.best_metric)
    texts = [of_one[0] for of_one in examples.references]
    scoring = _time(
        lambda: score_hypotheses(
            metrics,
            SystemOutput(texts, examples.references, examples.sources),
            plan.recipe.scoring_options,
        )
    )
    return Measurement(
        len(stopwatch.seconds),
        sum(stopwatch.seconds) / len(stopwatch.seconds),
        validation + scoring,
        report,
        writer.waited_seconds if files else None,
        sum(path.stat().st_size for path in files) or None,
        memory.peak(),
        None if device is None else device.peak(),
    )


class Stopwatch(EndOfTraining):
    """Callback that times steps, and ends training when they are enough.

    Args:
        memory: Meter of the memory, which is to have stopped growing.
        saves: Whether a checkpoint is written then.

    Attributes:
        seconds: Times of the steps after the first ones.
        used: Bytes in use after each of these steps.
    """

    def __init__(self, memory: MainMemory, *, saves: bool) -> None:
        super().__init__()
        self.seconds: list[float] = []
        self.used: list[int] = []
        self._memory = memory
        self.advance: Callable[[int], None] = lambda _: None
        self._saves = saves
        self._last = 0.0

    def on_step_end(self, _: Any, state: TrainerState, control: TrainerControl, **__: Any) -> None:
        if torch.cuda.is_available():
            torch.cuda.synchronize()
        now = time.perf_counter()
        if state.global_step > NUM_WARM:
            self.seconds.append(now - self._last)
            self.used.append(self._memory.used())
        self._last = time.perf_counter()
        self.advance(1)
        if self._is_enough():
            control.should_training_stop, control.should_save = True, self._saves

    def _is_enough(self) -> bool:
        num, total = len(self.seconds), sum(self.seconds)
        has_settled = num >= ENOUGH_STEPS + SETTLING_STEPS and (
            self.used[-1] <= SETTLED * self.used[-1 - SETTLING_STEPS]
        )
        enough = num >= ENOUGH_STEPS and total >= ENOUGH_SECONDS and has_settled
        return enough or num >= MOST_STEPS or total >= MOST_SECONDS


def _without_validations(plan: TrainingPlan) -> TrainingPlan:
    """Return a plan of the same steps that nothing interrupts."""
    never = plan.num_steps + NUM_WARM + MOST_STEPS + 1
    changed = {"training": plan.recipe.training.model_copy(update={"eval_steps": never})}
    return replace(plan, recipe=plan.recipe.model_copy(update=changed), num_steps=never)


class _GivenBatches(BatchPlan):
    """The same batches in every epoch.

    Args:
        plan: Plan that they are from.
        batches: Batches.
    """

    def __init__(self, plan: BatchPlan, batches: Sequence[Any]) -> None:
        super().__init__(plan.seed)
        self._former, self._batches = plan.former, batches

    @property
    def former(self) -> BatchPlan:
        return self._former

    def plan_epoch(self, epoch: int) -> Sequence[Any]:
        return self._batches

    def __len__(self) -> int:
        return len(self._batches)


def choose_batches(plan: TrainingPlan, dataset: EncodedDataset) -> BatchPlan:
    """Return the batches of some steps: the largest first, then random ones of the first epoch.

    Of a mixture that changes, each phase has its share of the steps.
    """
    per_step, parts = plan.recipe.training.gradient_accumulation_steps, plan.batches.list_parts()
    total = sum(num_batches for _, num_batches in parts)
    rng = np.random.default_rng(plan.batches.seed)
    largest: list[Sequence[Any]] = []
    others: list[Sequence[Any]] = []
    for part, num_batches in parts:
        batches = part.plan_epoch(0)
        whole = max(1, len(batches) // per_step)
        wanted = max(1, round(MOST_STEPS * num_batches / total))
        chosen = np.resize(rng.permutation(whole), wanted).tolist()
        steps = [batches[step * per_step : (step + 1) * per_step] for step in chosen]
        others += steps
        # All batches of packed rows are alike.
        sizes = [] if isinstance(part, PackedBatches) else _find_largest(batches, dataset)
        places = [min(place // per_step, whole - 1) for place in sizes]
        largest += [batches[at * per_step : (at + 1) * per_step] for at in places] or steps[:1]
    warm = [largest[number % len(largest)] for number in range(NUM_WARM)]
    mixed = [others[place] for place in rng.permutation(len(others)).tolist()]
    return _GivenBatches(plan.batches, list(chain.from_iterable([*warm, *mixed])))


def _find_largest(batches: Sequence[Any], dataset: EncodedDataset) -> list[int]:
    """Return the batches with most positions, with the longest target, and the longest source."""
    sources, targets = dataset.sources.lengths, dataset.targets.lengths
    sizes = [
        count_positions(batches, sources, targets),
        *(np.array([side[batch].max() for batch in batches]) for side in (targets, sources)),
    ]
    return [int(of_batches.argmax()) for of_batches in sizes]


@contextmanager
def _never_ending(model: PreTrainedModel) -> Iterator[None]:
    """Let hypotheses become as long as they may: what a model writes tells when it has learned."""
    generation = model.generation_config
    before, ends = generation.suppress_tokens, generation.eos_token_id
    generation.suppress_tokens = [*(before or []), *(ends if isinstance(ends, list) else [ends])]
    try:
        yield
    finally:
        generation.suppress_tokens = before


def _time_search(model: LoadedModel, examples: Examples, options: DecodingOptions) -> float:
    """Return the seconds of a search whose batches are as long as their longest references."""
    translator = model.translator
    sources = [source for one in (examples, *examples.others) for source in one.sources]
    texts = [of[0] for one in (examples, *examples.others) for of in one.references]
    encoded, _ = encode_texts(texts, model.tokenizer, max_length=None, as_target=True)
    batches = list(form_batches(translator.encode(sources).lengths.tolist(), options))
    limits = [min(max(len(encoded[i]) for i in batch), options.max_new_tokens) for batch in batches]
    costs = [limit * len(batch) for limit, batch in zip(limits, batches, strict=True)]
    seconds = cost = 0.0
    for number in np.random.default_rng(0).permutation(len(batches)).tolist():
        own = replace(options, max_new_tokens=limits[number])
        chosen = [sources[i] for i in batches[number]]
        seconds += _time(partial(translator.translate, chosen, own))
        cost += costs[number]
        if seconds > DECODING_SECONDS:
            break
    return seconds * sum(costs) / max(cost, 1.0)


def _time(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
