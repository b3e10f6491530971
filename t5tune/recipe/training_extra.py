"""Check `training.extra`, the further fields of `transformers.Seq2SeqTrainingArguments`.

Each field is in one of three lists, so that none is silently ignored: it is forwarded, the recipe
has its own key for it, or it is refused with the reason. `training_extra.yaml` holds the last
two.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Annotated, Any, Literal

from pydantic import Field, TypeAdapter, ValidationError

from t5tune.recipe.sections.section import PositiveInt, Share, WholeNumber
from t5tune.recipe.sections.training_section import TrainingSection
from t5tune.recipe.training_choices import choose_optim
from t5tune.recipe.yaml_lines import by_name, load_table

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

# The fields that are forwarded, with the values that each of them takes.
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

# Parameters of the schedules, as Transformers calls them.
SCHEDULE_PARAMETERS: dict[str, tuple[str, ...]] = {
    "linear": (),
    "cosine": ("num_cycles",),
    "constant": (),
    "constant_with_warmup": (),
    "inverse_sqrt": ("timescale",),
    "polynomial": ("lr_end", "power"),
}

ADAM = ("adam_beta1", "adam_beta2", "adam_epsilon")
OF_TRACKIO = ("trackio_bucket_id", "trackio_space_id", "trackio_static_space_id")


@cache
def recipe_keys() -> dict[str, str]:
    """Return the recipe key or command option that replaces each field."""
    return by_name(load_table("training_extra")["recipe_keys"])


@cache
def refused_fields() -> dict[str, str]:
    """Return the fields that are not supported or conflict with t5tune's promises, with reasons."""
    return by_name(load_table("training_extra")["refused"])


def harmless_fields() -> list[str]:
    """Return the fields that do not change what is trained.

    They change where a run is shown or how fast its batches come. Fields that are refused now had
    no effect in runs that were started when they were accepted, except fp16.
    """
    shown = ("dataloader_", "logging_", "project", "report_to", "run_name", "trackio_")
    refused = [key for key in refused_fields() if key != "fp16"]
    return [*recipe_keys(), *refused, *(key for key in FORWARDED if key.startswith(shown))]


def find_extra_problems(
    extra: Mapping[Any, Any], training: TrainingSection | None = None, *, from_scratch: bool = False
) -> Iterator[tuple[Any, str]]:
    """Return pairs of a key and its problem.

    Args:
        training: Section around them; without one, keys are not compared with each other.
        from_scratch: Whether the initial weights are random, which decides the optimizer.
    """
    wrong = {key: problem for key, value in extra.items() if (problem := _describe(key, value))}
    yield from wrong.items()
    if training is not None and not wrong:
        yield from _contradictions(
            extra, training, choose_optim(training, from_scratch=from_scratch)
        )


def _describe(key: Any, value: Any) -> str | None:
    if key in recipe_keys():
        return f"the recipe says this with {recipe_keys()[key]}"
    if key in refused_fields():
        return f"not supported: {refused_fields()[key]}"
    if key not in FORWARDED:
        # A name that the recipe also has refers to the recipe's key.
        known = (*FORWARDED, *recipe_keys(), *refused_fields())
        own = TrainingSection.model_fields.keys() & recipe_keys().keys()
        names = {name: f"training.{name}" if name in own else name for name in known}
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
            yield key, f"it needs training.optim: adamw_torch, and this run has {optim}"
    for key in ("activation_checkpointing_kwargs", "gradient_checkpointing_kwargs"):
        if key in extra and not training.gradient_checkpointing:
            yield key, "it needs training.gradient_checkpointing: true"
    if {"activation_checkpointing_kwargs", "gradient_checkpointing_kwargs"} <= set(extra):
        yield (
            "gradient_checkpointing_kwargs",
            ("it is the former name of activation_checkpointing_kwargs; give only one of them"),
        )
    reported = extra.get("report_to", "none")
    trackers = [reported] if isinstance(reported, str) else reported
    for key in ("project", "run_name"):
        if key in extra and trackers in (["none"], []):
            yield key, f"it needs {NAME}.report_to"
    for key in OF_TRACKIO:
        if key in extra and not {"trackio", "all"} & set(trackers):
            yield key, f"it needs {NAME}.report_to: trackio"
    known = SCHEDULE_PARAMETERS[training.lr_scheduler_type]
    for name, value in extra.get("lr_scheduler_kwargs", {}).items():
        if name not in known:
            has = f"it has {' and '.join(known)}" if known else "it has no parameters"
            yield (
                "lr_scheduler_kwargs",
                (f"the schedule {training.lr_scheduler_type} has no parameter {name}; {has}"),
            )
        elif value == 0 and name != "lr_end":
            yield "lr_scheduler_kwargs", f"{name} has to be greater than 0"
        elif name == "lr_end" and training.learning_rate and value >= training.learning_rate:
            peak = f"training.learning_rate {training.learning_rate:g}"
            yield "lr_scheduler_kwargs", f"lr_end {value:g} is not below {peak}"
