"""The search settings of Transformers' `generate`: those of `DecodingOptions`, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from transformers import GenerationConfig, PreTrainedModel

from t5tune.decoding.translator import DecodingOptions
from t5tune.models.generation import read_needs


def build_generation_config(
    model: PreTrainedModel, options: DecodingOptions, forced_bos_token_id: int | None = None
) -> GenerationConfig:
    """Return the search settings, with those that the model's family needs.

    A run saves them with its model, so that any program that loads the model generates the same
    texts, without the library's limit of 20 tokens. Without `forced_bos_token_id`, the first
    generated token is left to the model.
    """
    values: dict[str, Any] = read_needs(model.generation_config, model.config)
    values |= options.for_generate()
    if options.num_hypotheses > 1:
        values["num_return_sequences"] = options.num_hypotheses
    if forced_bos_token_id is not None:
        values["forced_bos_token_id"] = forced_bos_token_id
    return GenerationConfig(**values)


@contextmanager
def generating_with(model: PreTrainedModel, generation: GenerationConfig) -> Iterator[None]:
    """Let `generate` use this configuration alone inside the block.

    As an argument of `generate`, it would be completed from the model's own configuration.
    """
    own = model.generation_config
    model.generation_config = generation
    try:
        yield
    finally:
        model.generation_config = own
