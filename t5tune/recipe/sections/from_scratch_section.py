"""The section `model.from_scratch` of a recipe: sizes of a model with random weights."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from t5tune.recipe.sections.section import Depth, PositiveInt, Section, WholeNumber, Width

DEFAULT_VOCAB_SIZE = 8000
SUBWORDS = ("unigram", "bpe")  # types of tokenizers whose vocabulary has a size
# Each has a module in `models/architectures`.
ArchitectureName = Literal["t5", "marian", "bart"]


class TokenizerSection(Section):
    """The tokenizer of a model that is trained from scratch."""

    type: Literal["unigram", "bpe", "characters", "words", "bytes", "existing"] = Field(
        default="unigram",
        description="unigram: subwords trained on the training text; bpe: the same with byte-pair "
        "merges; characters; words (split at white space); bytes (ByT5's, no vocabulary to "
        "train); existing: the one called `name`.",
    )
    vocab_size: Annotated[int, Field(ge=16), WholeNumber] = Field(
        default=DEFAULT_VOCAB_SIZE,
        description="Size of a unigram or bpe vocabulary, special tokens included.",
    )
    separate_vocabs: bool = Field(
        default=False,
        description="marian with unigram or bpe only: sources and targets have a vocabulary each, "
        "both of `vocab_size`; otherwise they share one.",
    )
    augmented: bool = Field(
        default=False,
        description="The vocabulary is learned from the training text as `data.augment` changes "
        "it in the first round, so that words in capitals, for example, are no longer spelled in "
        "letters.",
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
        if self.type not in SUBWORDS and self.vocab_size != DEFAULT_VOCAB_SIZE:
            raise ValueError("`vocab_size` requires `type: unigram` or `type: bpe`")
        if self.type not in SUBWORDS and self.separate_vocabs:
            raise ValueError("`separate_vocabs` requires `type: unigram` or `type: bpe`")
        if self.augmented and self.type in ("bytes", "existing"):
            raise ValueError(f"`augmented` excludes `type: {self.type}`, which learns nothing")
        return self


class FromScratchSection(Section):
    """Sizes of a model with random weights. Names as in `transformers.T5Config`."""

    architecture: ArchitectureName = Field(
        default="t5",
        description="t5: relative positions, which packing needs; marian: the shape of OPUS-MT, "
        "for translation; bart: learned positions.",
    )
    d_model: Width = Field(default=256, description="Width of the residual stream.")
    d_kv: Width | None = Field(
        default=None,
        description="t5 only: width of one attention head; d_model / num_heads if left out.",
    )
    d_ff: PositiveInt = Field(default=1024, description="Width of the feed-forward layers.")
    num_layers: Depth = Field(default=4, description="Encoder layers.")
    num_decoder_layers: Depth | None = Field(
        default=None, description="Decoder layers; as many as the encoder has if left out."
    )
    num_heads: Depth = Field(default=4, description="Attention heads.")
    feed_forward_proj: Literal["relu", "gated-gelu", "gated-silu"] = Field(
        default="relu", description="t5 only: relu as in T5, gated-gelu as in T5 v1.1."
    )
    activation: Literal["relu", "gelu", "swish"] | None = Field(
        default=None,
        description="marian and bart only: function between the feed-forward layers; swish for "
        "marian and gelu for bart if left out, as in OPUS-MT and BART.",
    )
    tokenizer: TokenizerSection = Field(default_factory=TokenizerSection)

    @model_validator(mode="after")
    def _keys_fit_architecture(self) -> FromScratchSection:
        kind = self.architecture
        if self.tokenizer.separate_vocabs and kind != "marian":
            raise ValueError(
                f"a {kind} has one vocabulary for sources and targets: `tokenizer.separate_vocabs` "
                "requires `architecture: marian`"
            )
        if kind == "t5" and self.activation is not None:
            raise ValueError("a t5 has no `activation`; `feed_forward_proj` chooses its layers")
        if kind == "t5":
            return self
        if self.d_kv is not None:
            raise ValueError(f"a {kind} has no `d_kv`: its heads divide `d_model` among them")
        # A resolved recipe has all keys, those that nobody wrote too.
        is_written = {"feed_forward_proj", "activation"} & self.model_fields_set == {
            "feed_forward_proj"
        }
        if is_written or self.feed_forward_proj != "relu":
            raise ValueError(
                f"a {kind} has no `feed_forward_proj`; `activation` takes relu, gelu or swish"
            )
        return self

    @model_validator(mode="after")
    def _heads_divide_width(self) -> FromScratchSection:
        if self.d_kv is None and self.d_model % self.num_heads:
            give = " or give d_kv" if self.architecture == "t5" else ""
            raise ValueError(
                f"d_model {self.d_model} is not a multiple of num_heads {self.num_heads}; "
                f"change one{give}"
            )
        is_deeper = (self.num_decoder_layers or 0) > self.num_layers
        if is_deeper and self.architecture == "t5":
            raise ValueError(
                f"num_decoder_layers {self.num_decoder_layers} is more than num_layers "
                f"{self.num_layers}; Transformers 5.23 cannot generate with such a T5; "
                "`architecture: marian` and `architecture: bart` allow it"
            )
        return self
