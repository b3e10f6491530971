"""Values that a recipe leaves out, chosen for the model's family and the hardware."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import torch

from t5tune.console import say, track
from t5tune.models.families import Family

if TYPE_CHECKING:
    from t5tune.recipe.schema import TrainingSection

TOKENS_PER_BATCH = 4096
MAX_VALIDATIONS = 20
MAX_WARMUP_STEPS = 400

# From scratch: Adafactor with steps relative to the size of the parameters (Shazeer and Stern
# 2018, section 8), without which a T5 of a few million parameters learns far more slowly.
SCRATCH_ADAFACTOR_RATE = 2e-2
SCRATCH_ADAMW_RATE = 1e-3
FINE_TUNING_ADAFACTOR_RATE = 1e-3  # constant in Raffel et al. 2020, section 3.1.2
SCRATCH_LABEL_SMOOTHING = 0.1


def fill_training_defaults(
    section: TrainingSection, family: Family, *, from_scratch: bool
) -> TrainingSection:
    """Give every value that depends on the model.

    Values that depend on the number of steps are given by `fill_step_defaults`.

    Args:
        section: As the user wrote it.
        family: Of the model.
        from_scratch: The weights are random.
    """
    optim = section.choose_optim(from_scratch=from_scratch)
    if from_scratch and section.optim is None and optim != "adafactor":
        say(
            f"training.optim: {optim}; adafactor, which suits a T5 from scratch better, works "
            "with training.sharding=fsdp but not with deepspeed"
        )
    if from_scratch:
        rate = SCRATCH_ADAFACTOR_RATE if optim == "adafactor" else SCRATCH_ADAMW_RATE
    else:
        rate = FINE_TUNING_ADAFACTOR_RATE if optim == "adafactor" else family.learning_rate
    values: dict[str, Any] = {
        "optim": optim,
        "learning_rate": section.learning_rate or rate,
        "label_smoothing_factor": section.label_smoothing_factor
        if section.label_smoothing_factor is not None
        else (SCRATCH_LABEL_SMOOTHING if from_scratch else 0.0),
        "bf16": choose_bf16(section.bf16),
    }
    if section.per_device_train_batch_size is None and section.tokens_per_batch is None:
        values["tokens_per_batch"] = TOKENS_PER_BATCH
    if section.tokens_per_batch == "auto" and section.tokens_per_step is None:
        values["tokens_per_step"] = TOKENS_PER_BATCH * section.gradient_accumulation_steps
    return section.model_copy(update=values)


def fill_step_defaults(
    section: TrainingSection, *, num_steps: int, steps_per_epoch: int
) -> TrainingSection:
    """Give the values that depend on the length of the run.

    Args:
        section: With `fill_training_defaults` applied.
        num_steps: Optimizer steps of the run.
        steps_per_epoch: Optimizer steps of an epoch.
    """
    eval_steps = section.eval_steps or max(steps_per_epoch, -(-num_steps // MAX_VALIDATIONS))
    warmup_steps = section.warmup_steps
    if warmup_steps is None:
        warmup_steps = min(num_steps // 10, MAX_WARMUP_STEPS)
    return section.model_copy(
        update={"eval_steps": min(eval_steps, num_steps), "warmup_steps": warmup_steps}
    )


@track("measuring whether bf16 is faster")
def choose_bf16(setting: bool | str) -> bool:
    """Whether to compute in bfloat16.

    `auto` asks the hardware: on a GPU by its capability, on a CPU by timing a product of two
    matrices, because some processors run bfloat16 a hundred times slower than float32.
    """
    if setting != "auto":
        return bool(setting)
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    # The fastest of several rounds: other programs may disturb any one of them.
    rounds = [(_time_product(torch.bfloat16), _time_product(torch.float32)) for _ in range(6)]
    bf16, fp32 = (min(seconds) for seconds in zip(*rounds[1:], strict=True))
    return bool(bf16 < 0.7 * fp32)


def _time_product(dtype: torch.dtype, size: int = 256) -> float:
    """Seconds of one product of two size x size matrices."""
    matrix = torch.ones(size, size, dtype=dtype)
    start = time.perf_counter()
    torch.mm(matrix, matrix)
    return time.perf_counter() - start
