"""BART (Lewis et al. 2020)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t5tune.models.architecture import Architecture, name_sizes_as_bart

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

    from t5tune.recipe.sections.from_scratch_section import FromScratchSection


def _build_config(
    section: FromScratchSection, tokenizer: PreTrainedTokenizerBase
) -> PreTrainedConfig:
    from transformers import BartConfig

    return BartConfig(
        **name_sizes_as_bart(section, tokenizer),
        activation_function=section.activation or "gelu",
        decoder_start_token_id=tokenizer.eos_token_id,
    )


ARCHITECTURE = Architecture("bart", "BartForConditionalGeneration", _build_config)
