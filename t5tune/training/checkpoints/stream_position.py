"""The position in a stream of training data that checkpoints keep."""

from __future__ import annotations

from transformers import TrainerState

from t5tune.data.batching.streamed_steps import StreamedSteps

POSITION = "stream_position"  # key in trainer_state.json


def keep_position(state: TrainerState, steps: object) -> None:
    """Put the position in a stream into the state that a checkpoint saves."""
    if isinstance(steps, StreamedSteps):
        position = steps.find_position(state.global_step)
        state.stateful_callbacks[POSITION] = position.to_json()
