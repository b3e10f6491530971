"""Marian (Junczys-Dowmunt et al. 2018), in the shape of OPUS-MT."""

from __future__ import annotations

from typing import TYPE_CHECKING

from t5tune.data.side_encoding import choose_side, has_own_targets
from t5tune.models.architecture import Architecture, name_sizes_as_bart

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

    from t5tune.recipe.sections.from_scratch_section import FromScratchSection


def _build_config(
    section: FromScratchSection, tokenizer: PreTrainedTokenizerBase
) -> PreTrainedConfig:
    from transformers import MarianConfig

    targets = choose_side(tokenizer, as_target=True)
    return MarianConfig(
        **name_sizes_as_bart(section, tokenizer),
        decoder_vocab_size=len(targets),
        share_encoder_decoder_embeddings=not has_own_targets(tokenizer),
        activation_function=section.activation or "swish",
        decoder_start_token_id=tokenizer.pad_token_id,
        max_position_embeddings=512,
        scale_embedding=True,
    )


ARCHITECTURE = Architecture("marian", "MarianMTModel", _build_config, takes_separate_vocabs=True)
