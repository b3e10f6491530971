"""Hugging Face's training arguments, from a recipe."""

from __future__ import annotations

import dataclasses
import functools
from typing import Any, get_type_hints

import torch
from pydantic import TypeAdapter, ValidationError
from transformers import Seq2SeqTrainingArguments

from t5tune.errors import T5TuneError, did_you_mean
from t5tune.loaded_model import default_device
from t5tune.recipe.schema import Recipe
from t5tune.run_directory import RunDirectory
from t5tune.scoring.names import LOWER_IS_BETTER, SCORE_OF_METRIC

MOST_WORKERS = 64

# What a recipe from elsewhere must not do, or what would undo a promise of ours.
REFUSED = {
    "push_to_hub": "a recipe uploads nothing",
    "hub_": "a recipe uploads nothing",
    "save_only_model": "checkpoints hold all that resuming needs",
    "ignore_data_skip": "a resumed run takes every example once",
    "load_best_model_at_end": "model/ holds the best model anyway",
    "auto_find_batch_size": "use training.tokens_per_batch: auto",
    "resume_from_checkpoint": "the same command resumes",
}


def build_training_arguments(
    recipe: Recipe, run: RunDirectory, num_steps: int
) -> Seq2SeqTrainingArguments:
    """Hugging Face's arguments for a recipe.

    Raises:
        T5TuneError: `training.extra` holds something that is no such argument, or one that the
            recipe has a key of its own for.
    """
    training = recipe.training
    values: dict[str, Any] = {
        "output_dir": str(run.checkpoints),
        "max_steps": num_steps,
        "gradient_accumulation_steps": 1,  # T5TuneTrainer accumulates within one of its steps
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": training.lr_scheduler_type,
        "warmup_steps": training.warmup_steps,
        "weight_decay": training.weight_decay,
        "max_grad_norm": training.max_grad_norm,
        "bf16": training.bf16,
        # Without it the library takes bf16 for a wish that only a GPU can grant.
        "use_cpu": default_device() == "cpu",
        "torch_compile": False,  # the recipe's key of this name compiles less, and only once
        "activation_checkpointing": training.gradient_checkpointing,
        "eval_strategy": "steps",
        "eval_steps": training.eval_steps,
        "save_strategy": "steps",
        "save_steps": training.eval_steps,
        "logging_steps": training.logging_steps,
        "logging_nan_inf_filter": False,  # a NaN must be seen, not replaced by a mean
        "metric_for_best_model": SCORE_OF_METRIC[recipe.best_metric],
        "greater_is_better": recipe.best_metric not in LOWER_IS_BETTER,
        "seed": training.seed,
        "report_to": "none",
        "disable_tqdm": True,
        "remove_unused_columns": False,
    }
    if training.per_device_train_batch_size is not None:
        values["per_device_train_batch_size"] = training.per_device_train_batch_size
    _check_extra(training.extra, {**values, "gradient_checkpointing": None})
    # A search costs time, and is not needed where every weight takes part in every step.
    values["ddp_find_unused_parameters"] = False
    if torch.cuda.is_available():  # tensors are made while the GPU computes
        values["dataloader_num_workers"] = 1
    try:
        arguments = Seq2SeqTrainingArguments(**(values | training.extra))
    except (ValueError, TypeError, ImportError) as error:
        if not training.extra:
            raise
        reason = str(error).strip().split("\n")[0][:300]
        raise T5TuneError(
            f"training.extra ({', '.join(training.extra)}): {reason}",
            next_command="correct or remove these keys in the recipe",
        ) from error
    # Several GPUs would make the Trainer replicate the model in threads (nn.DataParallel), which
    # is slower than one GPU and computes another mean.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def _check_extra(extra: dict[str, Any], own: dict[str, Any]) -> None:
    types = _field_types()
    for key, value in extra.items():
        name = f"training.extra.{key}"
        if key in own:
            raise T5TuneError(
                f"{name}: t5tune sets this argument itself.",
                next_command=f"use the recipe's own key instead, or remove {name}",
            )
        if key not in types:
            raise T5TuneError(
                f"{name}: Seq2SeqTrainingArguments has no such field{did_you_mean(key, types)}",
                next_command=f"correct or remove {name} in the recipe",
            )
        for prefix, reason in REFUSED.items():
            if key.startswith(prefix):
                raise T5TuneError(f"{name}: {reason}.", next_command=f"remove {name}")
        _check_value(name, value, types[key])


def _check_value(name: str, value: Any, expected: Any) -> None:
    try:
        TypeAdapter(expected).validate_python(value)
    except ValidationError as error:
        reason = error.errors()[0]["msg"]
        raise T5TuneError(
            f"{name}: {reason}, found {str(value)[:100]!r}.",
            next_command=f"correct or remove {name}",
        ) from error
    if name.endswith("dataloader_num_workers") and not 0 <= value <= MOST_WORKERS:
        raise T5TuneError(
            f"{name}: from 0 to {MOST_WORKERS} processes, found {value}.",
            next_command=f"{name}=1",
        )


@functools.cache
def _field_types() -> dict[str, Any]:
    """What each argument takes."""
    hints = get_type_hints(Seq2SeqTrainingArguments)
    fields = dataclasses.fields(Seq2SeqTrainingArguments)
    return {field.name: hints[field.name] for field in fields if field.init}
