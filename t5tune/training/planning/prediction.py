"""Time and memory of a run, from what was measured of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from t5tune.training.planning.measuring import Measurement
from t5tune.training.training_plan import TrainingPlan


@dataclass(frozen=True)
class Prediction:
    """What a run takes on this machine, as busy as it was when it was measured.

    Attributes:
        steps_seconds: Time of the optimizer steps.
        validations_seconds: Time of the validations.
        checkpoints_seconds: Time for which training waits for checkpoints.
        report_seconds: Time of translating the report's set, after training.
        memory_bytes: Most main memory.
        device_bytes: Most memory of the accelerator; None without one.
        max_seconds: Time after which the recipe ends training; None if it does not.
    """

    steps_seconds: float
    validations_seconds: float
    checkpoints_seconds: float
    report_seconds: float
    memory_bytes: int
    device_bytes: int | None
    max_seconds: float | None

    @property
    def uncut_seconds(self) -> float:
        """Time of training, if it is not ended early."""
        return self.steps_seconds + self.validations_seconds + self.checkpoints_seconds

    @property
    def training_seconds(self) -> float:
        """Time of training, from the first step to the last validation."""
        return min(self.uncut_seconds, self.max_seconds or self.uncut_seconds)

    def to_json(self) -> dict[str, Any]:
        """Return JSON values."""
        seconds = {
            "training_seconds": self.training_seconds,
            "steps_seconds": self.steps_seconds,
            "validations_seconds": self.validations_seconds,
            "checkpoints_seconds": self.checkpoints_seconds,
            "report_seconds": self.report_seconds,
        }
        return {
            **{name: round(value, 3) for name, value in seconds.items()},
            "memory_bytes": self.memory_bytes,
            "device_bytes": self.device_bytes,
        }


def predict(plan: TrainingPlan, measured: Measurement) -> Prediction:
    """Return what a planned run takes."""
    training = plan.recipe.training
    # Averages of weights are validated once more when training ends.
    num_averages = sum(
        one is not None for one in (training.ema_decay, training.average_checkpoints)
    )
    return Prediction(
        plan.num_steps * measured.step_seconds,
        (plan.num_validations + num_averages) * measured.validation_seconds,
        plan.num_validations * (measured.checkpoint_seconds or 0.0),
        measured.report_seconds,
        measured.memory_bytes,
        measured.device_bytes,
        None if training.max_minutes is None else 60 * training.max_minutes,
    )
