"""Choices of how the model is trained: adapter, batches, optimizer, precision."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from t5tune.recipe.choices import Choice, ModelFacts
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.model_section import ModelSection
from t5tune.recipe.sections.training_section import OptimName, TrainingSection

TOKENS_PER_BATCH = 4096

# From scratch: Adafactor with steps relative to the size of the parameters (Shazeer and Stern
# 2018, section 8), without which a T5 of a few million parameters learns far more slowly.
SCRATCH_ADAFACTOR_RATE = 2e-2
SCRATCH_ADAMW_RATE = 1e-3
# LoRA's best rate is about ten times that of full fine-tuning, whatever its rank (Schulman 2025,
# "LoRA Without Regret"); 1e-3 is that of peft's own examples with T5.
ADAPTER_RATE_FACTOR, MAX_ADAPTER_RATE = 10, 1e-3
IA3_RATE = 3e-3  # Liu et al. 2022, section 3.5
FINE_TUNING_ADAFACTOR_RATE = 1e-3  # constant in Raffel et al. 2020, section 3.1.2
SCRATCH_LABEL_SMOOTHING = 0.1


def choose_optim(training: TrainingSection, *, from_scratch: bool) -> OptimName:
    """Return the optimizer that the recipe gives, or the one that suits the weights.

    Args:
        training: Section as written.
        from_scratch: Whether the weights are random.
    """
    if training.optim is not None:
        return training.optim
    return "adafactor" if from_scratch and training.sharding != "deepspeed" else "adamw_torch"


@dataclass(frozen=True)
class BatchSize:
    """Upper limit of a batch.

    Attributes:
        count: Number of units.
        unit: `examples`, or source plus target `tokens`, padding counted.
    """

    count: int
    unit: str


def choose_batch_size(training: TrainingSection) -> BatchSize:
    """Return the size of a batch; with `tokens_per_batch: auto`, the largest that a step allows.

    Batches that exceed memory are computed in pieces.
    """
    if training.per_device_train_batch_size is not None:
        return BatchSize(training.per_device_train_batch_size, "examples")
    if training.tokens_per_batch == "auto":
        tokens = _choose_tokens_per_step(training) // training.gradient_accumulation_steps
        return BatchSize(max(1, tokens), "tokens")
    return BatchSize(training.tokens_per_batch or TOKENS_PER_BATCH, "tokens")


def _choose_tokens_per_step(training: TrainingSection) -> int:
    return training.tokens_per_step or TOKENS_PER_BATCH * training.gradient_accumulation_steps


def choose_adapter(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    """Yield what an adapter's section leaves open."""
    section = recipe.model.adapter
    if section is None:
        return
    if section.alpha is None and section.type != "ia3":
        yield Choice("model.adapter.alpha", section.scale, "twice the rank")
    if section.targets is None:
        what = "keys, values and feed-forward" if section.type == "ia3" else "all linear layers"
        yield Choice(
            "model.adapter.targets", facts.adapter_targets, f"{what} of {facts.model_type}"
        )


def choose_training(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    """Yield what `training` leaves open and does not depend on the number of steps."""
    training, from_scratch = recipe.training, recipe.model.is_from_scratch
    if training.per_device_train_batch_size is None and training.tokens_per_batch is None:
        yield of_training("tokens_per_batch", choose_batch_size(training).count, "the default")
    if training.tokens_per_batch == "auto" and training.tokens_per_step is None:
        reason = f"{TOKENS_PER_BATCH} times gradient_accumulation_steps"
        yield of_training("tokens_per_step", _choose_tokens_per_step(training), reason)
    optim = choose_optim(training, from_scratch=from_scratch)
    if training.optim is None:
        yield _choose_optim(optim, from_scratch=from_scratch)
    if training.learning_rate is None:
        yield _choose_learning_rate(optim, facts, recipe.model)
    if training.label_smoothing_factor is None:
        smoothing = SCRATCH_LABEL_SMOOTHING if from_scratch else 0.0
        reason = "helps random weights" if from_scratch else "fine-tuning needs none"
        yield of_training("label_smoothing_factor", smoothing, reason)
    if training.bf16 == "auto":
        yield _choose_precision(facts)


def _choose_optim(optim: OptimName, *, from_scratch: bool) -> Choice:
    if not from_scratch:
        return of_training("optim", optim, "usual for fine-tuning")
    if optim == "adafactor":
        return of_training("optim", optim, "suits random weights")
    reason = (
        "adafactor, which suits random weights better, works with training.sharding=fsdp but "
        "not with deepspeed"
    )
    return Choice("training.optim", optim, reason, is_compromise=True)


def _choose_learning_rate(optim: OptimName, facts: ModelFacts, model: ModelSection) -> Choice:
    is_adafactor = optim == "adafactor"
    if model.adapter is not None:
        rate = min(ADAPTER_RATE_FACTOR * facts.learning_rate, MAX_ADAPTER_RATE)
        rate = IA3_RATE if model.adapter.type == "ia3" else rate
        reason = f"higher than that of all weights, for {model.adapter.title}"
    elif model.is_from_scratch:
        rate = SCRATCH_ADAFACTOR_RATE if is_adafactor else SCRATCH_ADAMW_RATE
        reason = f"{optim} on random weights"
    elif is_adafactor:
        rate, reason = FINE_TUNING_ADAFACTOR_RATE, "how T5 was fine-tuned with adafactor"
    else:
        rate, reason = facts.learning_rate, f"usual for fine-tuning {facts.model_type}"
    return of_training("learning_rate", rate, reason)


def _choose_precision(facts: ModelFacts) -> Choice:
    """Choose the precision that the run began with, whatever a measurement says today."""
    before, gains = facts.began_in_bf16, facts.gains_by_bf16
    if before is not None and before != gains:
        return of_training("bf16", before, "as this run began")
    return of_training("bf16", gains, "faster on this machine" if gains else "not faster here")


def of_training(key: str, value: Any, reason: str) -> Choice:
    """Return the choice of a key of `training`."""
    return Choice(f"training.{key}", value, reason)
