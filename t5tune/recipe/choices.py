"""What the recipe left to t5tune: values with their reasons, and the facts that they depend on."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from t5tune.recipe.resolved_recipe import FittedRecipe
    from t5tune.recipe.sections.denoise_section import ObjectiveName

SHARED_PREFIX = "data.prefix"  # why an entry has its prefix
SHARED_SEED = "training.seed"  # why the augmentation has its seed
AS_WRITTEN = "as the recipe says"
# What depends on the family of a pretrained model, by the keys that change it.
OF_FAMILY = ("data.prefix", "training.bf16", "training.optim", "training.learning_rate")


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
