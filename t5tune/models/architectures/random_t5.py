"""T5 (Raffel et al. 2020), and with gated layers T5 v1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t5tune.models.architecture import Architecture

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

    from t5tune.recipe.sections.from_scratch_section import FromScratchSection


def _build_config(
    section: FromScratchSection, tokenizer: PreTrainedTokenizerBase
) -> PreTrainedConfig:
    from transformers import T5Config

    return T5Config(
        vocab_size=len(tokenizer),
        d_model=section.d_model,
        d_kv=section.d_kv or section.d_model // section.num_heads,
        d_ff=section.d_ff,
        num_layers=section.num_layers,
        num_decoder_layers=section.num_decoder_layers or section.num_layers,
        num_heads=section.num_heads,
        feed_forward_proj=section.feed_forward_proj,
        pad_token_id=tokenizer.pad_token_id,
        eos_token_id=tokenizer.eos_token_id,
        decoder_start_token_id=tokenizer.pad_token_id,
    )


ARCHITECTURE = Architecture("t5", "T5ForConditionalGeneration", _build_config)
