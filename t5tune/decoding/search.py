"""How `generate` of Transformers is told to search: as `DecodingOptions` say, and nothing else."""

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
    """A search, with what the model's family needs for it.

    A run saves it with its model, so that whoever loads that model generates the same texts, and
    never with the library's limit of 20 tokens.

    Args:
        model: Gives special tokens and constraints.
        options: The search.
        forced_bos_token_id: First generated token; None leaves it to the model.
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
    """Inside the block `generate` knows this configuration alone.

    Given to `generate` as an argument it would be filled up from the model's own one.
    """
    own = model.generation_config
    model.generation_config = generation
    try:
        yield
    finally:
        model.generation_config = own
