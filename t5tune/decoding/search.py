"""The search settings of Transformers' `generate`: those of `DecodingOptions`, and no others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from transformers import GenerationConfig, PreTrainedModel

from t5tune.decoding.translator import DecodingOptions
from t5tune.models.generation import FORCED_BOS, read_needs
from t5tune.models.input_settings import OWN, Beginning


def build_generation_config(
    model: PreTrainedModel, options: DecodingOptions, beginning: Beginning = OWN
) -> GenerationConfig:
    """Return the search settings, with those that the model's family needs.

    A run saves them with its model, so that any program that loads the model generates the same
    texts, without the library's limit of 20 tokens. What `beginning` leaves open
    is left to the model.
    """
    values: dict[str, Any] = read_needs(model.generation_config, model.config)
    values |= options.for_generate()
    if options.num_hypotheses > 1:
        values["num_return_sequences"] = options.num_hypotheses
    if beginning.decoder_start_token_id is not None:
        values.pop(FORCED_BOS, None)  # a language that an earlier version forced
    values |= {key: token for key, token in asdict(beginning).items() if token is not None}
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
