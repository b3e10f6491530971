"""Choices for what a recipe leaves out, each with its reason.

`Recipe` is as written; `ResolvedRecipe` has nothing left to choose. Two facts become known on the
way: the model, when it is loaded, and the number of optimizer steps, when the batches are planned.
Both are passed in as plain values; nothing here opens a file or measures anything.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from t5tune.recipe.resolved_recipe import FittedRecipe, ResolvedData, ResolvedRecipe
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.augment_section import ROUNDS
from t5tune.recipe.sections.denoise_section import RATES, ObjectiveName
from t5tune.recipe.sections.model_section import ModelSection
from t5tune.recipe.sections.training_section import OptimName, TrainingSection
from t5tune.scoring.registry import default_metrics, ranks_models

TOKENS_PER_BATCH = 4096
MAX_VALIDATIONS = 20
MAX_WARMUP_STEPS = 400

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

SHARED_PREFIX = "data.prefix"  # why an entry has its prefix
SHARED_SEED = "training.seed"  # why the augmentation has its seed
AS_WRITTEN = "as the recipe says"
# What depends on the family of a pretrained model, by the keys that change it.
OF_FAMILY = ("data.prefix", "training.bf16", "training.optim", "training.learning_rate")

SomeRecipe = TypeVar("SomeRecipe", bound=Recipe)


@dataclass(frozen=True)
class Choice:
    """A value that the recipe left to t5tune.

    Attributes:
        key: Path of the key, such as `training.learning_rate`.
        value: Value that was chosen.
        reason: Reason in a few words.
        is_compromise: Whether the rest of the recipe rules out a better value.
    """

    key: str
    value: Any
    reason: str
    is_compromise: bool = False

    def __str__(self) -> str:
        return f"{self.key} = {_format(self.value)}: {self.reason}"


@dataclass(frozen=True)
class ModelFacts:
    """Facts that choices depend on beside the recipe: model, data and machine.

    Attributes:
        model_type: Type in the model's configuration, such as `t5`.
        learning_rate: Peak for fine-tuning this family with AdamW.
        prefix: Prefix that the model was pretrained with for the task; empty if there is none.
        length_limit: Number of tokens of the longest validation reference; None if it was not
            counted, because the recipe has a limit.
        gains_by_bf16: Whether bfloat16 is faster on this machine; None if it was not measured,
            because the recipe decides.
        began_in_bf16: Whether the checkpoint that training resumes from was trained in bfloat16;
            None without one.
        began_with_rounds: Number of rounds of augmentation that it was trained in; None without
            one.
        is_tag: Whether the prefix is a token that names the target language.
        adapter_targets: Layers that get the adapter of the recipe by default; None without one.
        objective: Objective with which plain text becomes examples; None for pairs.
        direction_prefixes: Prefix of each direction by its languages, where there are several.
    """

    model_type: str
    learning_rate: float
    prefix: str
    length_limit: int | None = None
    gains_by_bf16: bool | None = None
    began_in_bf16: bool | None = None
    began_with_rounds: int | None = None
    is_tag: bool = False
    adapter_targets: list[str] | None = None
    objective: ObjectiveName | None = None
    direction_prefixes: Mapping[tuple[str | None, str | None], str] = field(default_factory=dict)


def resolve_for_model(recipe: Recipe, facts: ModelFacts) -> tuple[FittedRecipe, list[Choice]]:
    """Choose every value that does not depend on the number of steps.

    Args:
        recipe: Recipe as written.
        facts: Facts about model, data and machine.

    Returns:
        The recipe with these values, and the choices in the order of the schema.
    """
    choices = [
        *_choose_adapter(recipe, facts),
        *_choose_prefixes(recipe, facts),
        *_choose_denoising(recipe, facts),
        *_choose_rounds(recipe, facts),
        *_choose_training(recipe, facts),
        *_choose_length(recipe, facts),
        *_choose_scores(recipe),
    ]
    return _apply(FittedRecipe, recipe, choices), choices


def resolve_data(recipe: Recipe, facts: ModelFacts) -> ResolvedData:
    """Choose every value that decides the tokens of the data, as `resolve_for_model` does."""
    choices = [
        *_choose_prefixes(recipe, facts),
        *_choose_denoising(recipe, facts),
        *_choose_rounds(recipe, facts),
    ]
    return ResolvedData.model_validate(_apply(Recipe, recipe, choices).data.model_dump())


def resolve_for_steps(
    recipe: FittedRecipe, *, num_steps: int, steps_per_epoch: int | None
) -> tuple[ResolvedRecipe, list[Choice]]:
    """Choose every value that depends on the length of the run.

    Args:
        recipe: Recipe resolved for the model.
        num_steps: Number of optimizer steps of the run.
        steps_per_epoch: Number of optimizer steps of one epoch; None if the data is streamed.

    Returns:
        The recipe with nothing left to choose, and the choices.
    """
    training = recipe.training
    choices = []
    if training.warmup_steps is None:
        tenth = num_steps // 10
        reason = "a tenth of the run" if tenth <= MAX_WARMUP_STEPS else "enough for a long run"
        choices.append(_training("warmup_steps", min(tenth, MAX_WARMUP_STEPS), reason))
    between, reason = training.eval_steps, AS_WRITTEN
    if between is None:
        rarest = -(-num_steps // MAX_VALIDATIONS)
        between, reason = steps_per_epoch or rarest, "once an epoch"
        if steps_per_epoch is None or rarest > steps_per_epoch:
            between, reason = rarest, f"{MAX_VALIDATIONS} times in the run"
    if between > num_steps:
        between, reason = num_steps, "once, when the run ends"
    if between != training.eval_steps:
        choices.append(_training("eval_steps", between, reason))
    return _apply(ResolvedRecipe, recipe, choices), choices


def choose_metrics(recipe: Recipe) -> tuple[str, ...]:
    """Return the metrics of the report, in order; those of the task if the recipe names none."""
    named, best = recipe.evaluation.metrics, recipe.evaluation.best_metric
    if named:
        return tuple(named)
    usual = default_metrics(recipe.task)
    return usual if best is None else (best, *(name for name in usual if name != best))


def choose_best_metric(recipe: Recipe) -> str:
    """Return the metric that chooses the best checkpoint."""
    return recipe.evaluation.best_metric or next(filter(ranks_models, choose_metrics(recipe)))


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


def _choose_adapter(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
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


def _choose_prefixes(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    prefix, main = recipe.data.prefix, (recipe.source_lang, recipe.target_lang)
    of_directions = dict(facts.direction_prefixes)
    if of_directions:  # a direction has the prefix that an entry for training says
        of_directions |= {
            recipe.data.languages_of(key, main): entry.prefix
            for key, entry in recipe.data.training_entries.items()
            if entry.prefix is not None
        }
    if prefix is None:
        prefix = "" if recipe.model.is_from_scratch else facts.prefix
        reason = "how the original T5 was told this task"
        if facts.is_tag:
            reason = "the model's token of target_lang"
        if not prefix:
            reason = "the model knows no prefix for the task"
        if main in of_directions:
            prefix, reason = of_directions[main], "one of several directions"
        yield Choice("data.prefix", prefix, reason)
    for key, entry in recipe.data.entries.items():
        languages = recipe.data.languages_of(key, main)
        own = of_directions.get(languages, prefix)
        if entry.prefix is None:
            reason = SHARED_PREFIX if own == prefix else f"from {languages[0]} to {languages[1]}"
            yield Choice(f"data.{key}.prefix", own, reason)


def choose_rounds(recipe: Recipe) -> int:
    """Return the number of variants of augmented training data, if the recipe asks for any."""
    section, training = recipe.data.augment or recipe.data.denoise, recipe.training
    if section is not None and section.rounds is not None:
        return section.rounds
    is_counted_in_steps = training.max_steps is not None or training.num_train_epochs > ROUNDS
    return ROUNDS if is_counted_in_steps else math.ceil(training.num_train_epochs)


def _choose_denoising(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    section = recipe.data.denoise
    if section is None:
        return
    objective = section.objective or facts.objective
    if section.objective is None:
        reason = f"usual for {facts.model_type}"
        yield Choice("data.denoise.objective", objective, reason)
    if section.rate is None and objective is not None:
        yield Choice("data.denoise.rate", RATES[objective], f"usual for {objective}")


def _choose_rounds(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    key = "data.augment" if recipe.data.denoise is None else "data.denoise"
    section, training = recipe.data.augment or recipe.data.denoise, recipe.training
    if section is None:
        return
    if section.rounds is None and not recipe.data.is_streamed:
        before = facts.began_with_rounds
        rounds, reason = choose_rounds(recipe), "variants enough for the number of epochs"
        if before is not None and before != rounds:
            rounds, reason = before, "as this run began"
        yield Choice(f"{key}.rounds", rounds, reason)
    if section.seed is None:
        yield Choice(f"{key}.seed", training.seed, SHARED_SEED)


def _choose_training(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    training, from_scratch = recipe.training, recipe.model.is_from_scratch
    if training.per_device_train_batch_size is None and training.tokens_per_batch is None:
        yield _training("tokens_per_batch", choose_batch_size(training).count, "the default")
    if training.tokens_per_batch == "auto" and training.tokens_per_step is None:
        reason = f"{TOKENS_PER_BATCH} times gradient_accumulation_steps"
        yield _training("tokens_per_step", _choose_tokens_per_step(training), reason)
    optim = choose_optim(training, from_scratch=from_scratch)
    if training.optim is None:
        yield _choose_optim(optim, from_scratch=from_scratch)
    if training.learning_rate is None:
        yield _choose_learning_rate(optim, facts, recipe.model)
    if training.label_smoothing_factor is None:
        smoothing = SCRATCH_LABEL_SMOOTHING if from_scratch else 0.0
        reason = "helps random weights" if from_scratch else "fine-tuning needs none"
        yield _training("label_smoothing_factor", smoothing, reason)
    if training.bf16 == "auto":
        yield _choose_precision(facts)


def _choose_optim(optim: OptimName, *, from_scratch: bool) -> Choice:
    if not from_scratch:
        return _training("optim", optim, "usual for fine-tuning")
    if optim == "adafactor":
        return _training("optim", optim, "suits random weights")
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
    return _training("learning_rate", rate, reason)


def _choose_precision(facts: ModelFacts) -> Choice:
    """Choose the precision that the run began with, whatever a measurement says today."""
    before, gains = facts.began_in_bf16, facts.gains_by_bf16
    if before is not None and before != gains:
        return _training("bf16", before, "as this run began")
    return _training("bf16", gains, "faster on this machine" if gains else "not faster here")


def _choose_length(recipe: Recipe, facts: ModelFacts) -> Iterator[Choice]:
    if recipe.decoding.max_new_tokens is None:
        reason = "the longest validation reference and a reserve"
        yield Choice("decoding.max_new_tokens", facts.length_limit, reason)


def _choose_scores(recipe: Recipe) -> Iterator[Choice]:
    if not recipe.evaluation.metrics:
        reason = f"usual for {recipe.task}"
        yield Choice("evaluation.metrics", list(choose_metrics(recipe)), reason)
    if recipe.evaluation.best_metric is None:
        reason = "the first of the metrics that can rank models"
        yield Choice("evaluation.best_metric", choose_best_metric(recipe), reason)


def _training(key: str, value: Any, reason: str) -> Choice:
    return Choice(f"training.{key}", value, reason)


def _apply(kind: type[SomeRecipe], recipe: Recipe, choices: Iterable[Choice]) -> SomeRecipe:
    """Return the recipe with the chosen values, checked to be complete."""
    values = recipe.model_dump()
    for choice in choices:
        *sections, name = choice.key.split(".")
        section: Any = values
        for part in sections:
            key, _, number = part.partition("[")  # train[0] is the first entry of a mixture
            section = section[key][int(number.rstrip("]"))] if number else section[key]
        section[name] = choice.value
    return kind.model_validate(values)


def list_of_family(recipe: FittedRecipe, choices: Iterable[Choice]) -> list[Choice]:
    """Return what depends on the model's family, also what the recipe itself says."""
    chosen = {choice.key: choice for choice in choices}
    found = []
    for key in OF_FAMILY:
        section, _, name = key.partition(".")
        written = getattr(getattr(recipe, section), name)
        found.append(chosen.get(key, Choice(key, written, AS_WRITTEN)))
    return found


def describe_choices(choices: Iterable[Choice]) -> str:
    """Return the choices in one line for people, without sections and reasons."""
    said = [choice for choice in choices if choice.reason not in (SHARED_PREFIX, SHARED_SEED)]
    return ", ".join(f"{c.key.rpartition('.')[2]} {_format(c.value)}" for c in said)


def _format(value: Any) -> str:
    is_word = isinstance(value, str) and value.isidentifier()
    return value if is_word else json.dumps(value, ensure_ascii=False)
