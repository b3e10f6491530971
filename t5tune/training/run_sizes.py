"""The bytes that a run needs on its disk, and in memory whatever its batches are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from transformers import PreTrainedModel

from t5tune.decoding.export.settings import ENGINE_PREFIX
from t5tune.run.directory import RunDirectory
from t5tune.training.checkpoints.disk_space import (
    count_checkpoint_bytes,
    count_model_bytes,
    count_state_bytes,
)
from t5tune.training.training_plan import TrainingPlan

# Of a weight in an export; numbers of 8 bits have a scale for each row.
_EXPORT_BYTES = {"int8": 1.05, "float16": 2.0, "bfloat16": 2.0, "float32": 4.0}


@dataclass(frozen=True)
class RunSizes:
    """Estimated numbers of bytes.

    Attributes:
        checkpoint: A checkpoint.
        most_checkpoints: Number of those that exist at one time.
        model: The model that the run ends with.
        export: Its export; 0 without one.
        state: Weights, gradients, optimizer's state and average in memory.
    """

    checkpoint: int
    most_checkpoints: int
    model: int
    export: int
    state: int

    def list_needs(self, run: RunDirectory) -> Mapping[Path, int]:
        """Return what is still needed on the disks of the checkpoints and of the model."""
        there = [path for path in run.checkpoints.rglob("*") if path.is_file()]
        needed = self.most_checkpoints * self.checkpoint - sum(p.stat().st_size for p in there)
        return {run.checkpoints: max(0, needed), run.path: self.model}


def count_run_sizes(plan: TrainingPlan, model: PreTrainedModel) -> RunSizes:
    """Return the sizes of a planned run of a model, whose weights may be sharded."""
    training, export = plan.recipe.training, plan.recipe.export
    with_average = training.ema_decay is not None
    model_bytes = count_model_bytes(model)  # in fp32
    number_type = export.removeprefix(ENGINE_PREFIX).partition("_")[0]
    return RunSizes(
        count_checkpoint_bytes(model, training.optim, with_average=with_average),
        plan.most_checkpoints,
        model_bytes,
        0 if export == "none" else round(model_bytes / 4 * _EXPORT_BYTES[number_type]),
        count_state_bytes(model, training.optim, with_average=with_average),
    )
