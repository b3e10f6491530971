"""The five lines that say what a training will do: `train` before step 1, and `plan` first."""

from __future__ import annotations

import shutil

from transformers import PreTrainedModel

from t5tune.console import format_bytes
from t5tune.decoding.loaded_model import default_device
from t5tune.distributed.sharded_tensors import num_elements
from t5tune.models.adapters import count_trained
from t5tune.recipe.training_choices import choose_batch_size
from t5tune.run.directory import RunDirectory
from t5tune.training.checkpoints.disk_space import find_existing
from t5tune.training.run_sizes import RunSizes
from t5tune.training.training_plan import TrainingPlan


def describe_plan(
    plan: TrainingPlan, model: PreTrainedModel, sizes: RunSizes, run: RunDirectory
) -> list[str]:
    """Return what is trained, in which steps and batches, and what it takes in memory and disk."""
    return [
        f"model: {_describe_model(plan, model)}",
        f"training: {_describe_steps(plan)}",
        *([f"batches: {_describe_batches(plan)}"] if plan.tokens is not None else []),
        f"memory: {_describe_memory(plan, sizes)}",
        f"disk: {_describe_disk(sizes, run)}",
    ]


def _describe_model(plan: TrainingPlan, model: PreTrainedModel) -> str:
    parameters = sum(num_elements(p) for p in model.parameters())
    num_trained = count_trained(model)
    share = f", {num_trained:,} of them trained" if num_trained is not None else ""
    precision = "bf16" if plan.recipe.training.bf16 else "fp32"
    return (
        f"{plan.recipe.model.name or 'from scratch'}, {model.config.model_type}, "
        f"{parameters:,} parameters{share}, {precision} on {default_device()}"
    )


def _describe_steps(plan: TrainingPlan) -> str:
    training = plan.recipe.training
    size = choose_batch_size(training)
    epoch = "" if plan.steps_per_epoch is None else f" ({plan.steps_per_epoch:,} an epoch)"
    share = f"{100 * training.warmup_steps / plan.num_steps:.0f} %"
    if training.warmup_steps > plan.num_steps:
        share = "longer than the run"
    return (
        f"{plan.num_steps:,} steps{epoch} of "
        f"{training.gradient_accumulation_steps} x {size.count:,} {size.unit}, "
        f"{training.optim} at {training.learning_rate:g}, warm-up {training.warmup_steps:,} steps "
        f"({share}), validation every {training.eval_steps:,} steps"
    )


def _describe_batches(plan: TrainingPlan) -> str:
    tokens = plan.tokens
    assert tokens is not None
    share = f"{100 * tokens.real_share:.1f} % of the positions are tokens, the rest is padding"
    if plan.steps_per_epoch is None:
        return share
    return (
        f"{tokens.num_batches:,} an epoch of {tokens.num_examples:,} examples and "
        f"{tokens.real:,} tokens; {share}"
    )


def _describe_memory(plan: TrainingPlan, sizes: RunSizes) -> str:
    shared = ", shared by the processes" if plan.recipe.training.sharding != "none" else ""
    return (
        f"{format_bytes(sizes.state)} for weights, gradients and optimizer{shared}, beside "
        "the libraries and what a batch needs"
    )


def _describe_disk(sizes: RunSizes, run: RunDirectory) -> str:
    parts = [
        f"at most {sizes.most_checkpoints} checkpoints of {format_bytes(sizes.checkpoint)}",
        f"the model {format_bytes(sizes.model)}",
    ]
    if sizes.export:
        parts.append(f"its export {format_bytes(sizes.export)}")
    free = shutil.disk_usage(find_existing(run.path)).free
    return f"{', '.join(parts)}; {format_bytes(free)} are free"
