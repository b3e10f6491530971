"""The model section of a recipe: a pretrained model, or sizes of one with random weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from t5tune.recipe.section import Depth, PositiveInt, Section, WholeNumber, Width

DEFAULT_VOCAB_SIZE = 8000


class TokenizerSection(Section):
    """The tokenizer of a model that is trained from scratch."""

    type: Literal["unigram", "characters", "words", "bytes", "existing"] = Field(
        default="unigram",
        description="unigram: subwords trained on the training text; characters; words (split at "
        "white space); bytes (ByT5's, no vocabulary to train); existing: the one called `name`.",
    )
    vocab_size: Annotated[int, Field(ge=16), WholeNumber] = Field(
        default=DEFAULT_VOCAB_SIZE,
        description="Size of a unigram vocabulary, special tokens included.",
    )
    whole_target_words: bool = Field(
        default=False,
        description="characters only: target words are single tokens (phones, tags, actions).",
    )
    name: str | None = Field(
        default=None, description="existing only: hub id or directory of the tokenizer."
    )

    @model_validator(mode="after")
    def _options_fit_type(self) -> TokenizerSection:
        if (self.type == "existing") != (self.name is not None):
            raise ValueError("`name` and `type: existing` go together")
        if self.whole_target_words and self.type != "characters":
            raise ValueError("`whole_target_words` requires `type: characters`")
        if self.type != "unigram" and self.vocab_size != DEFAULT_VOCAB_SIZE:
            raise ValueError("`vocab_size` requires `type: unigram`")
        return self


class FromScratchSection(Section):
    """Sizes of a T5 with random weights. Names as in `transformers.T5Config`."""

    d_model: Width = Field(default=256, description="Width of the residual stream.")
    d_kv: Width | None = Field(
        default=None, description="Width of one attention head; d_model / num_heads if left out."
    )
    d_ff: PositiveInt = Field(default=1024, description="Width of the feed-forward layers.")
    num_layers: Depth = Field(default=4, description="Encoder layers.")
    num_decoder_layers: Depth | None = Field(
        default=None, description="Decoder layers; as many as the encoder has if left out."
    )
    num_heads: Depth = Field(default=4, description="Attention heads.")
    feed_forward_proj: Literal["relu", "gated-gelu", "gated-silu"] = Field(
        default="relu", description="relu as in T5, gated-gelu as in T5 v1.1."
    )
    tokenizer: TokenizerSection = Field(default_factory=TokenizerSection)

    @model_validator(mode="after")
    def _heads_divide_width(self) -> FromScratchSection:
        if self.d_kv is None and self.d_model % self.num_heads:
            raise ValueError(
                f"d_model {self.d_model} is not a multiple of num_heads {self.num_heads}; "
                "change one or give d_kv"
            )
        if (self.num_decoder_layers or 0) > self.num_layers:
            raise ValueError(
                f"num_decoder_layers {self.num_decoder_layers} is more than num_layers "
                f"{self.num_layers}; Transformers 5.23 cannot generate with such a model"
            )
        return self


@dataclass(frozen=True)
class PretrainedModel:
    """A model to fine-tune: hub id or local directory, and a branch, tag or commit on the hub."""

    name: str
    revision: str | None


class ModelSection(Section):
    """Which model to start from."""

    name: str | None = Field(default=None, description="Hub id or local directory.")
    revision: str | None = Field(default=None, description="Branch, tag or commit on the hub.")
    from_scratch: FromScratchSection | None = Field(
        default=None, description="Random weights of these sizes instead of `name`."
    )
    config: dict[str, Any] = Field(
        default_factory=dict, description="Any field of the model's own configuration."
    )

    @property
    def origin(self) -> PretrainedModel | FromScratchSection:
        """Model to start from, as the given keys determine it."""
        if self.from_scratch is not None:
            return self.from_scratch
        return PretrainedModel(str(self.name), self.revision)

    @property
    def is_from_scratch(self) -> bool:
        """Whether the weights are random."""
        return self.from_scratch is not None

    @property
    def origin_key(self) -> str:
        """Key that names the origin of the model, for messages."""
        return "model.from_scratch" if self.is_from_scratch else "model.name"

    @model_validator(mode="after")
    def _one_origin(self) -> ModelSection:
        if (self.name is None) == (self.from_scratch is None):
            raise ValueError("give either `name` or `from_scratch`")
        if self.revision is not None and self.name is None:
            raise ValueError("`revision` requires `name`")
        return self
