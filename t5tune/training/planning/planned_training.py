"""What `t5tune plan` finds out, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from t5tune.models.missing_weights import MissingWeights
from t5tune.training.planning.measuring import Measurement
from t5tune.training.planning.planned_data import PlannedEntry
from t5tune.training.planning.prediction import Prediction
from t5tune.training.run_sizes import RunSizes
from t5tune.training.training_plan import TrainingPlan


@dataclass(frozen=True)
class PlannedTraining:
    """The plan of a training, and what it takes.

    Attributes:
        run: Directory of the run.
        plan: What training goes by.
        lines: What `train` says of it.
        entries: Training data; none of a stream.
        num_examples: Number of examples of the other splits.
        sizes: Sizes on the disk and in memory.
        missing: Weights that are downloaded; None if all are here.
        free_disk: Number of free bytes on the disk of the run.
        free_memory: Number of bytes of main memory that training could use.
        measurement: What was measured; None without a measurement.
        prediction: What follows for the run.
    """

    run: Path
    plan: TrainingPlan
    lines: Sequence[str]
    entries: Sequence[PlannedEntry]
    num_examples: Mapping[str, int]
    sizes: RunSizes
    missing: MissingWeights | None
    free_disk: int
    free_memory: int
    measurement: Measurement | None
    prediction: Prediction | None

    def to_json(self) -> dict[str, Any]:
        """Return JSON values, in the key order that other programs see."""
        plan, recipe = self.plan, self.plan.recipe
        training, tokens = recipe.training, plan.tokens
        return {
            "recipe": recipe.name,
            "run": str(self.run),
            "choices": [
                {"key": one.key, "value": one.value, "reason": one.reason} for one in plan.choices
            ],
            "data": {
                "train": [_entry_to_json(one) for one in self.entries],
                **dict(self.num_examples),
            },
            "steps": {
                "total": plan.num_steps,
                "per_epoch": plan.steps_per_epoch,
                "warmup": training.warmup_steps,
                "between_validations": training.eval_steps,
                "validations": plan.num_validations,
            },
            "batches": tokens
            and {
                "per_epoch": tokens.num_batches if plan.steps_per_epoch else None,
                "examples": tokens.num_examples,
                "tokens": tokens.real,
                "positions": tokens.padded,
                "real_token_share": round(tokens.real_share, 4),
            },
            "downloads": self.missing and {"model": self.missing.name, "files": self.missing.files},
            "disk": {
                "checkpoint_bytes": self.sizes.checkpoint,
                "most_checkpoints": self.sizes.most_checkpoints,
                "model_bytes": self.sizes.model,
                "export_bytes": self.sizes.export,
                "tokens_bytes": sum(one.store_bytes for one in self.entries),
                "free_bytes": self.free_disk,
            },
            "memory": {"state_bytes": self.sizes.state, "free_bytes": self.free_memory},
            "measured": self.measurement and asdict(self.measurement),
            "predicted": self.prediction and self.prediction.to_json(),
        }


def _entry_to_json(entry: PlannedEntry) -> dict[str, Any]:
    return {**asdict(entry), "store": str(entry.store)}
