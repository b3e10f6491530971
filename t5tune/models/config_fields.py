"""Fields of a model's configuration that a recipe sets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from huggingface_hub.errors import StrictDataclassError
from transformers import PreTrainedConfig

from t5tune.errors import T5TuneError, did_you_mean, shorten_reason
from t5tune.models.generation import FORCED_BOS


def apply_overrides(config: PreTrainedConfig, overrides: Mapping[str, Any]) -> PreTrainedConfig:
    """Set fields of a configuration.

    Raises:
        T5TuneError: The configuration has no such field.
    """
    known = {*config.to_dict(), *getattr(config, "attribute_map", {}), FORCED_BOS}
    for key, value in overrides.items():
        if key not in known:
            raise T5TuneError(
                f"model.config.{key}: a {config.model_type} configuration has no such field"
                f"{did_you_mean(key, known)}",
                next_command=f"correct or remove model.config.{key} in the recipe",
            )
        if key == FORCED_BOS:  # of the generation configuration, `override_needs`
            continue
        try:
            setattr(config, key, value)
        except (ValueError, TypeError, StrictDataclassError) as error:
            raise refuse_fields(error, f"model.config.{key}") from error
    return config


def refuse_fields(error: Exception, key: str = "model.config") -> T5TuneError:
    """Return the error for what a configuration or its model raises about changed fields."""
    return T5TuneError(
        f"{key}: the model does not accept this: {shorten_reason(error)}",
        next_command=f"correct or remove {key} in the recipe",
    )
