"""`training.extra`: how each field of `transformers.Seq2SeqTrainingArguments` is treated.

Each field is in one of three lists, so that none is silently ignored: it is forwarded, the recipe
has a key of its own for it, or it is refused with the reason.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from t5tune.recipe.resolve import choose_optim
from t5tune.recipe.section import PositiveInt, Share, WholeNumber
from t5tune.recipe.training_section import TrainingSection

NAME = "training.extra"
MOST_WORKERS = 64

# Trackers that Transformers can log to.
Tracker = Literal[
    "azure_ml",
    "clearml",
    "codecarbon",
    "comet_ml",
    "dagshub",
    "dvclive",
    "flyte",
    "kubeflow",
    "mlflow",
    "neptune",
    "swanlab",
    "tensorboard",
    "trackio",
    "wandb",
]
PositiveFloat = Annotated[float, Field(gt=0)]
Seed = Annotated[int, Field(ge=0, lt=2**32), WholeNumber]
Workers = Annotated[int, Field(ge=0, le=MOST_WORKERS), WholeNumber]

# Forwarded, with the values that each one takes.
FORWARDED: dict[str, Any] = {
    "activation_checkpointing_kwargs": dict[str, Any],
    "adam_beta1": Share,
    "adam_beta2": Share,
    "adam_epsilon": PositiveFloat,
    "data_seed": Seed,
    "dataloader_multiprocessing_context": Literal["fork", "forkserver", "spawn"],
    "dataloader_num_workers": Workers,
    "dataloader_persistent_workers": bool,
    "dataloader_pin_memory": bool,
    "dataloader_prefetch_factor": PositiveInt,
    "ddp_broadcast_buffers": bool,
    "ddp_bucket_cap_mb": PositiveInt,
    "ddp_find_unused_parameters": bool,
    "eval_delay": Annotated[float, Field(ge=0)],
    "full_determinism": bool,
    "gradient_checkpointing_kwargs": dict[str, Any],
    "logging_first_step": bool,
    "lr_scheduler_kwargs": dict[str, Annotated[float, Field(ge=0)]],
    "project": str,
    "report_to": Literal["all", "none"] | Tracker | list[Tracker],
    "run_name": str,
    "tf32": bool,
    "torch_empty_cache_steps": PositiveInt,
    "trackio_bucket_id": str,
    "trackio_space_id": str,
    "trackio_static_space_id": str | Literal[False],
}

# Set by a key of the recipe or an option of the command.
RECIPE_KEYS: dict[str, str] = {
    "activation_checkpointing": "training.gradient_checkpointing",
    "auto_find_batch_size": "training.tokens_per_batch: auto",
    "bf16": "training.bf16",
    "deepspeed": "training.sharding and training.deepspeed_config",
    "eval_steps": "training.eval_steps",
    "eval_strategy": "training.eval_steps",
    "fsdp": "training.sharding",
    "fsdp_config": "training.sharding and training.cpu_offload",
    "generation_config": "the section decoding",
    "generation_max_length": "decoding.max_new_tokens",
    "generation_num_beams": "decoding.num_beams",
    "gradient_accumulation_steps": "training.gradient_accumulation_steps",
    "gradient_checkpointing": "training.gradient_checkpointing",
    "greater_is_better": "evaluation.best_metric",
    "label_smoothing_factor": "training.label_smoothing_factor",
    "learning_rate": "training.learning_rate",
    "logging_steps": "training.logging_steps",
    "logging_strategy": "training.logging_steps",
    "lr_scheduler_type": "training.lr_scheduler_type",
    "max_grad_norm": "training.max_grad_norm",
    "max_steps": "training.max_steps",
    "metric_for_best_model": "evaluation.best_metric",
    "num_train_epochs": "training.num_train_epochs",
    "optim": "training.optim",
    "output_dir": "name, or --output-dir on the command line",
    "per_device_eval_batch_size": "decoding.tokens_per_batch",
    "per_device_train_batch_size": "training.per_device_train_batch_size",
    "save_steps": "training.eval_steps: each validation saves a checkpoint",
    "save_strategy": "training.eval_steps: each validation saves a checkpoint",
    "save_total_limit": "training.save_total_limit",
    "seed": "training.seed",
    "torch_compile": "training.torch_compile",
    "torch_compile_backend": "training.torch_compile",
    "torch_compile_mode": "training.torch_compile",
    "warmup_steps": "training.warmup_steps",
    "weight_decay": "training.weight_decay",
}

_UPLOADS = "a recipe uploads nothing"
_VALIDATION = "a validation of t5tune translates and scores, and computes no loss"
_OWN_LOADER = "t5tune deals the batches to the processes itself"
_OWN_BATCHES = "t5tune forms the batches itself, of similar lengths, from training.tokens_per_batch"
_OWN_PROCESSES = "t5tune connects the processes before the Trainer exists"
_OWN_DISPLAY = "t5tune shows progress and messages itself"
_SCRIPTS = "only Transformers' example scripts read it"

# Not supported, or contrary to what t5tune promises.
REFUSED: dict[str, str] = {
    "accelerator_config": _OWN_LOADER,
    "average_tokens_across_devices": "the loss is always the mean over the target tokens of all "
    "processes",
    "batch_eval_metrics": _VALIDATION,
    "bf16_full_eval": "validation translates in the precision of the weights, fp32",
    "dataloader_drop_last": "every example is trained once an epoch",
    "dataloader_in_order": "the order of the batches is part of the run",
    "ddp_backend": f"{_OWN_PROCESSES}, by NCCL on GPUs and by Gloo elsewhere",
    "ddp_static_graph": "the number of batches in a step varies, and DDP's graph with it",
    "ddp_timeout": _OWN_PROCESSES,
    "debug": "a loss that is not finite ends the run with the step named",
    "disable_tqdm": _OWN_DISPLAY,
    "do_eval": _SCRIPTS,
    "do_predict": _SCRIPTS,
    "do_train": _SCRIPTS,
    "enable_jit_checkpoint": "SIGTERM saves a checkpoint anyway",
    "eval_accumulation_steps": _VALIDATION,
    "eval_do_concat_batches": _VALIDATION,
    "eval_on_start": "t5tune eval MODEL --recipe RECIPE scores a model before training",
    "eval_use_gather_object": _VALIDATION,
    "fp16": "T5 and its relatives overflow in fp16; training.bf16 computes in half precision",
    "fp16_full_eval": "T5 and its relatives overflow in fp16",
    "hub_always_push": _UPLOADS,
    "hub_model_id": _UPLOADS,
    "hub_private_repo": _UPLOADS,
    "hub_revision": _UPLOADS,
    "hub_strategy": _UPLOADS,
    "hub_token": f"{_UPLOADS}; HF_TOKEN in the environment opens gated repositories",
    "ignore_data_skip": "a resumed run takes every example once",
    "include_for_metrics": _VALIDATION,
    "include_num_input_tokens_seen": "log.jsonl counts tokens: real_tokens_per_second",
    "label_names": "an encoder-decoder model has one kind of labels",
    "length_column_name": _OWN_BATCHES,
    "liger_kernel_config": "Liger has no kernels for encoder-decoder models",
    "load_best_model_at_end": "model/ holds the best model anyway",
    "local_rank": "t5tune train --num-processes N starts the processes and numbers them",
    "log_level": _OWN_DISPLAY,
    "log_level_replica": _OWN_DISPLAY,
    "log_on_each_node": _OWN_DISPLAY,
    "logging_nan_inf_filter": "a loss that is not finite ends the run, and is not hidden",
    "neftune_noise_alpha": "Transformers adds this noise where an encoder-decoder model does not "
    "read its embeddings; model.config.dropout_rate regularises",
    "optim_args": "Transformers reads it for optimizers that t5tune does not have; AdamW takes "
    "adam_beta1, adam_beta2 and adam_epsilon",
    "optim_target_modules": "it belongs to optimizers that t5tune does not have",
    "parallelism_config": "training.sharding shards models",
    "predict_with_generate": "every validation generates",
    "prediction_loss_only": _VALIDATION,
    "push_to_hub": _UPLOADS,
    "remove_unused_columns": "the columns are those that the section data names",
    "restore_callback_states_from_checkpoint": "a resumed run restores what it needs",
    "resume_from_checkpoint": "the same command resumes",
    "save_on_each_node": "one process writes the checkpoints",
    "save_only_model": "checkpoints hold all that resuming needs",
    "skip_memory_metrics": "training.tokens_per_batch: auto measures memory",
    "sortish_sampler": _OWN_BATCHES,
    "train_sampling_strategy": _OWN_BATCHES,
    "use_cache": "training reads no cache, and generation always does",
    "use_cpu": "t5tune uses the accelerator that it finds; CUDA_VISIBLE_DEVICES= hides it",
    "use_liger_kernel": "Liger has no kernels for encoder-decoder models",
}

# Parameters of the schedules, as Transformers calls them.
SCHEDULE_PARAMETERS: dict[str, tuple[str, ...]] = {
    "linear": (),
    "cosine": ("num_cycles",),
    "constant": (),
    "constant_with_warmup": (),
    "inverse_sqrt": ("timescale",),
    "polynomial": ("lr_end", "power"),
}

# They change where a run is shown or how fast its batches come, and nothing that is trained. What
# is refused today did nothing in a run that was begun when it was not, fp16 aside.
HARMLESS: tuple[str, ...] = (
    *RECIPE_KEYS,
    *(key for key in REFUSED if key != "fp16"),
    "dataloader_multiprocessing_context",
    "dataloader_num_workers",
    "dataloader_persistent_workers",
    "dataloader_pin_memory",
    "dataloader_prefetch_factor",
    "logging_first_step",
    "project",
    "report_to",
    "run_name",
    "trackio_bucket_id",
    "trackio_space_id",
    "trackio_static_space_id",
)

ADAM = ("adam_beta1", "adam_beta2", "adam_epsilon")
OF_TRACKIO = ("trackio_bucket_id", "trackio_space_id", "trackio_static_space_id")


def find_extra_problems(
    extra: Mapping[Any, Any], training: TrainingSection | None = None, *, from_scratch: bool = False
) -> Iterator[tuple[Any, str]]:
    """Return the problems, by key.

    Args:
        extra: Fields as the user wrote them.
        training: Section around them; without one, keys are not compared with each other.
        from_scratch: Whether the weights are random, which decides the optimizer.
    """
    wrong = {key: problem for key, value in extra.items() if (problem := _describe(key, value))}
    yield from wrong.items()
    if training is not None and not wrong:
        yield from _contradictions(
            extra, training, choose_optim(training, from_scratch=from_scratch)
        )


def _describe(key: Any, value: Any) -> str | None:
    if key in RECIPE_KEYS:
        return f"the recipe says this with {RECIPE_KEYS[key]}"
    if key in REFUSED:
        return f"not taken: {REFUSED[key]}"
    if key not in FORWARDED:
        # A name that the recipe has too means the recipe's key.
        own = {
            near: f"training.{near}" for near in RECIPE_KEYS if near in TrainingSection.model_fields
        }
        names = {near: own.get(near, near) for near in (*FORWARDED, *RECIPE_KEYS, *REFUSED)}
        near = difflib.get_close_matches(str(key), names, n=1)
        hint = f"; did you mean {names[near[0]]}?" if near else ""
        return f"Seq2SeqTrainingArguments has no such field{hint}"
    if value is None:
        return "expected a value, found nothing; leave the key out instead"
    try:
        TypeAdapter(FORWARDED[key]).validate_python(value, strict=True)
    except ValidationError as error:
        return _describe_value(key, error)
    return None


def _describe_value(key: str, error: ValidationError) -> str:
    details = error.errors(include_url=False)
    found = repr(details[0]["input"])[:100]
    if key == "report_to":
        names = Tracker.__args__  # type: ignore[attr-defined]
        return f"expected all, none, or some of {', '.join(names)}; found {found}"
    return f"{details[0]['msg'].replace('Input should be', 'has to be')}, found {found}"


def _contradictions(
    extra: Mapping[str, Any], training: TrainingSection, optim: str
) -> Iterator[tuple[str, str]]:
    for key in ADAM:
        if key in extra and optim != "adamw_torch":
            yield key, f"it goes with training.optim: adamw_torch, and this run has {optim}"
    for key in ("activation_checkpointing_kwargs", "gradient_checkpointing_kwargs"):
        if key in extra and not training.gradient_checkpointing:
            yield key, "it goes with training.gradient_checkpointing: true"
    if {"activation_checkpointing_kwargs", "gradient_checkpointing_kwargs"} <= set(extra):
        yield (
            "gradient_checkpointing_kwargs",
            ("it is the former name of activation_checkpointing_kwargs; give one of them"),
        )
    reported = extra.get("report_to", "none")
    trackers = [reported] if isinstance(reported, str) else reported
    for key in ("project", "run_name"):
        if key in extra and trackers in (["none"], []):
            yield key, f"it goes with {NAME}.report_to"
    for key in OF_TRACKIO:
        if key in extra and not {"trackio", "all"} & set(trackers):
            yield key, f"it goes with {NAME}.report_to: trackio"
    known = SCHEDULE_PARAMETERS[training.lr_scheduler_type]
    for name, value in extra.get("lr_scheduler_kwargs", {}).items():
        if name not in known:
            has = f"it has {' and '.join(known)}" if known else "it has none"
            yield (
                "lr_scheduler_kwargs",
                (f"the schedule {training.lr_scheduler_type} has no parameter {name}; {has}"),
            )
        elif value == 0 and name != "lr_end":
            yield "lr_scheduler_kwargs", f"{name} has to be greater than 0"
        elif name == "lr_end" and training.learning_rate and value >= training.learning_rate:
            peak = f"training.learning_rate {training.learning_rate:g}"
            yield "lr_scheduler_kwargs", f"lr_end {value:g} is not below {peak}"
