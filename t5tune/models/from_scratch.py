"""A model with random weights, in one of several architectures."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psutil

from t5tune.data.side_encoding import has_own_targets
from t5tune.errors import T5TuneError
from t5tune.models.architectures import ARCHITECTURES
from t5tune.models.config_fields import apply_overrides, refuse_fields

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from transformers import PreTrainedModel, PreTrainedTokenizerBase

    from t5tune.recipe.sections.from_scratch_section import FromScratchSection


def build_model(
    section: FromScratchSection,
    tokenizer: PreTrainedTokenizerBase,
    overrides: Mapping[str, Any],
) -> PreTrainedModel:
    """Build a model with random weights from torch's current random state.

    `overrides` are further fields of its configuration.

    Raises:
        T5TuneError: The configuration has no such field or does not accept its value, the tokenizer
            has a vocabulary for each side and the architecture does not, or the model does not fit
            into the machine's memory.
    """
    import torch
    import transformers

    architecture = ARCHITECTURES[section.architecture]
    model_class = getattr(transformers, architecture.model_class)
    if has_own_targets(tokenizer) and not architecture.takes_separate_vocabs:
        raise T5TuneError(
            f"model.from_scratch.tokenizer.name: {section.tokenizer.name} has a vocabulary of "
            f"each side, and a {architecture.name} has one for both.",
            next_command="the same command with model.from_scratch.architecture=marian",
        )
    config = architecture.build_config(section, tokenizer)
    apply_overrides(config, overrides)
    try:
        with torch.device("meta"):
            num_parameters = model_class(config).num_parameters()
    except (ValueError, TypeError, RuntimeError, ArithmeticError, LookupError) as error:
        if not overrides:
            raise
        raise refuse_fields(error) from error
    _check_memory(num_parameters)
    # As loading gives them: Marian's sinusoids, which never have a gradient, are frozen only in a
    # new model, and an optimizer of the one would not fit the other.
    model: PreTrainedModel = model_class(config).requires_grad_()
    return model


def _check_memory(num_parameters: int) -> None:
    """Refuse weights and gradients in fp32 that do not fit; other needs are not known yet."""
    needed, there = 2 * 4 * num_parameters, psutil.virtual_memory().total
    if needed > there:
        raise T5TuneError(
            f"model.from_scratch: {num_parameters:,} parameters need {needed / 1e9:,.1f} GB for "
            f"weights and gradients; this machine has {there / 1e9:,.1f} GB.",
            next_command="choose a smaller d_model, d_ff, num_layers or vocab_size",
        )
