"""Steps of a run whose training data is streamed."""

from __future__ import annotations

from collections.abc import Iterator

from transformers import TrainingArguments

from t5tune.data.batching.streamed_steps import StepPosition, StreamedSteps
from t5tune.data.streaming import StreamPosition, Window
from t5tune.distributed.processes import broadcast_result, is_main_process
from t5tune.recipe.resolved_recipe import ResolvedTraining
from t5tune.training.checkpoints.loop_state import read_loop_state
from t5tune.training.checkpoints.stream_position import POSITION
from t5tune.training.preparation.start import Start
from t5tune.training.recipe_batches import build_batch_plan


def build_streamed_steps(
    start: Start, training: ResolvedTraining, arguments: TrainingArguments
) -> StreamedSteps:
    """Return the steps of this process, from the position of the checkpoint if there is one."""
    begin = StepPosition()
    if start.checkpoint is not None:
        state = read_loop_state(start.checkpoint)
        begin = StepPosition.from_json(state.stateful_callbacks[POSITION])
    return StreamedSteps(
        lambda position: _share_windows(start, position),
        lambda window: build_batch_plan(training, window.dataset, window.start),
        arguments.max_steps,
        training.gradient_accumulation_steps,
        begin,
        arguments.process_index,
        arguments.world_size,
    )


def _share_windows(start: Start, position: StreamPosition) -> Iterator[Window]:
    """Yield the windows that the main process reads, in every process."""
    streamed = start.streamed.get() if is_main_process() else None
    windows = streamed.stream.windows(position) if streamed is not None else iter(())
    while True:
        yield broadcast_result(lambda: next(windows))
