"""An architecture that models from scratch can have."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PreTrainedConfig, PreTrainedTokenizerBase

    from t5tune.recipe.sections.from_scratch_section import FromScratchSection


@dataclass(frozen=True)
class Architecture:
    """An architecture.

    Attributes:
        name: Value of `model.from_scratch.architecture`.
        model_class: Name of its class in Transformers.
        build_config: Function that returns the configuration for sizes and a tokenizer.
        takes_separate_vocabs: Whether sources and targets can have a vocabulary each.
    """

    name: str
    model_class: str
    build_config: Callable[[FromScratchSection, PreTrainedTokenizerBase], PreTrainedConfig]
    takes_separate_vocabs: bool = False


def name_sizes_as_bart(
    section: FromScratchSection, tokenizer: PreTrainedTokenizerBase
) -> dict[str, Any]:
    """Return sizes and special tokens by the names that BART and Marian have for them."""
    return {
        "vocab_size": len(tokenizer),
        "d_model": section.d_model,
        "encoder_layers": section.num_layers,
        "decoder_layers": section.num_decoder_layers or section.num_layers,
        "encoder_attention_heads": section.num_heads,
        "decoder_attention_heads": section.num_heads,
        "encoder_ffn_dim": section.d_ff,
        "decoder_ffn_dim": section.d_ff,
        "pad_token_id": tokenizer.pad_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        # Left to themselves, both would have the ids of their released vocabularies.
        "bos_token_id": tokenizer.bos_token_id,
        "forced_eos_token_id": None,
    }
