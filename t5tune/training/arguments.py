"""Hugging Face's training arguments, from a recipe."""

from __future__ import annotations

from typing import Any

import torch
from transformers import Seq2SeqTrainingArguments

from t5tune.decoding.loaded_model import default_device
from t5tune.errors import T5TuneError, shorten_reason
from t5tune.recipe.resolved_recipe import ResolvedTraining
from t5tune.recipe.sections.training_section import TrainingSection
from t5tune.recipe.training_extra import NAME, find_extra_problems
from t5tune.run.directory import RunDirectory
from t5tune.scoring.registry import METRICS

# Keys of `training.extra` that go to the optimizer, the batches or the trackers.
NOT_OF_THE_TRAINER = ("data_seed", "report_to")
FORMER_NAMES = {"gradient_checkpointing_kwargs": "activation_checkpointing_kwargs"}
OF_WORKERS = (
    "dataloader_multiprocessing_context",
    "dataloader_persistent_workers",
    "dataloader_prefetch_factor",
)


def build_training_arguments(
    training: ResolvedTraining,
    run: RunDirectory,
    num_steps: int,
    *,
    best_metric: str,
    from_scratch: bool,
) -> Seq2SeqTrainingArguments:
    """Return Hugging Face's arguments for a recipe.

    Raises:
        T5TuneError: `training.extra` asks for something that is not supported.
    """
    check_extra(training, from_scratch=from_scratch)
    values: dict[str, Any] = {
        "output_dir": str(run.checkpoints),
        "run_name": run.name,
        "max_steps": num_steps,
        "gradient_accumulation_steps": 1,  # T5TuneTrainer accumulates within one of its steps
        "learning_rate": training.learning_rate,
        "lr_scheduler_type": training.lr_scheduler_type,
        "warmup_steps": training.warmup_steps,
        "weight_decay": training.weight_decay,
        "max_grad_norm": training.max_grad_norm,
        "bf16": training.bf16,
        # Without it the library supposes that bf16 needs a GPU.
        "use_cpu": default_device() == "cpu",
        "torch_compile": False,  # the recipe's key of this name compiles less, and only once
        "activation_checkpointing": training.gradient_checkpointing,
        "eval_strategy": "steps",
        "eval_steps": training.eval_steps,
        "save_strategy": "steps",
        "save_steps": training.eval_steps,
        "logging_steps": training.logging_steps,
        "logging_nan_inf_filter": False,  # a NaN must be seen, not replaced by a mean
        "metric_for_best_model": METRICS[best_metric].main_score,
        "greater_is_better": not METRICS[best_metric].lower_is_better,
        "seed": training.seed,
        "report_to": "none",  # the trackers are callbacks that t5tune builds itself
        "disable_tqdm": True,
        "remove_unused_columns": False,
        # The search takes time, and every weight takes part in every step.
        "ddp_find_unused_parameters": False,
    }
    if training.per_device_train_batch_size is not None:
        values["per_device_train_batch_size"] = training.per_device_train_batch_size
    if torch.cuda.is_available():  # the next tensors are made while the GPU computes
        values["dataloader_num_workers"] = 1
    values |= {
        FORMER_NAMES.get(key, key): value
        for key, value in training.extra.items()
        if key not in NOT_OF_THE_TRAINER
    }
    try:
        arguments = Seq2SeqTrainingArguments(**values)
    except (ValueError, TypeError, ImportError) as error:
        if not training.extra:
            raise
        raise _refuse(training.extra, error) from error
    _check_workers(arguments, training.extra)
    # Several GPUs would make the Trainer replicate the model in threads (nn.DataParallel), which
    # is slower than one GPU and computes another mean.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def check_extra(training: TrainingSection, *, from_scratch: bool) -> None:
    """Refuse what `training.extra` asks for and t5tune does not support.

    Raises:
        T5TuneError: The message has each problem on a line of its own.
    """
    found = find_extra_problems(training.extra, training, from_scratch=from_scratch)
    if lines := [f"{NAME}.{key}: {problem}" for key, problem in found]:
        raise T5TuneError(
            "\n".join(lines),
            next_command=f"correct or remove {'these keys' if lines[1:] else 'it'} in the recipe",
        )


def _refuse(extra: dict[str, Any], error: Exception) -> T5TuneError:
    """Return the error for what the class itself refuses."""
    reason = shorten_reason(error)
    keys = [key for key in extra if key in reason] or list(extra)
    return T5TuneError(
        f"{', '.join(f'{NAME}.{key}' for key in keys)}: {reason}",
        next_command=f"correct or remove {'these keys' if keys[1:] else 'it'} in the recipe",
    )


def _check_workers(arguments: Seq2SeqTrainingArguments, extra: dict[str, Any]) -> None:
    given = [key for key in OF_WORKERS if extra.get(key)]
    if given and arguments.dataloader_num_workers == 0:
        raise T5TuneError(
            f"{', '.join(f'{NAME}.{key}' for key in given)}: without a process of their own, "
            "batches are made in the one that trains.",
            next_command=f"{NAME}.dataloader_num_workers=1",
        )
