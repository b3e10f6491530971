"""The model section of a recipe: a pretrained model, or sizes of one with random weights."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, model_validator

from t5tune.recipe.sections.adapter_section import AdapterSection
from t5tune.recipe.sections.from_scratch_section import FromScratchSection
from t5tune.recipe.sections.new_language_section import NewLanguageSection
from t5tune.recipe.sections.section import Section

# Parts that can be frozen; layers count from 0 at the embeddings, and ranges include both ends.
FROZEN_PART = r"^(embeddings|(encoder|decoder)(\.layers\.\d+(-\d+)?)?)$"
FROZEN_EXAMPLES = ["encoder", "decoder", "embeddings", "encoder.layers.0-8", "decoder.layers.3"]


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
    allow_pickle: bool = Field(
        default=False,
        description="Whether weights that exist only as a pickle may be read: only tensors are, "
        "once, and then kept as safetensors in the cache.",
    )
    trust_remote_code: bool = Field(
        default=False,
        description="Whether Python code that the model's repository brings along may run; it "
        "also needs --allow-code on the command line, every time.",
    )
    adapter: AdapterSection | None = Field(
        default=None,
        description="A small adapter is trained, and the weights of the model stay as they are.",
    )
    freeze: list[Annotated[str, Field(pattern=FROZEN_PART, examples=FROZEN_EXAMPLES)]] = Field(
        default=[], description="Parts of the model that are not trained."
    )
    new_tokens: list[Annotated[str, Field(pattern=r"^\S+$")]] = Field(
        default=[],
        description="Tokens that the model's vocabulary lacks: letters, words, or markers such as "
        "<formal>.",
    )
    new_language: NewLanguageSection | None = Field(
        default=None,
        description="A language that the model does not know; its token starts as that of another "
        "one.",
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
        for key in ("revision", "allow_pickle"):
            if getattr(self, key) and self.name is None:
                raise ValueError(f"`{key}` requires `name`")
        return self

    @model_validator(mode="after")
    def _vocabulary_can_grow(self) -> ModelSection:
        key = "new_tokens" if self.new_tokens else "new_language"
        if not self.new_tokens and self.new_language is None:
            return self
        if len(set(self.new_tokens)) < len(self.new_tokens):
            raise ValueError("a token is listed twice in `new_tokens`")
        if self.is_from_scratch:
            raise ValueError(
                f"`{key}` and `from_scratch` exclude each other: a vocabulary from scratch is "
                "learned from the training text"
            )
        if "embeddings" in self.freeze:
            raise ValueError(
                f"`{key}` and `freeze: [embeddings]` exclude each other: new tokens have to be "
                "learned"
            )
        if self.adapter is not None:
            raise ValueError(
                f"`{key}` and `adapter` exclude each other: an adapter leaves the embeddings as "
                "they are, and new tokens have to be learned; a run with `freeze: [encoder, "
                "decoder]` teaches them, and one with an adapter can start from its model"
            )
        return self

    @model_validator(mode="after")
    def _what_is_trained_fits(self) -> ModelSection:
        if self.adapter is not None and self.is_from_scratch:
            raise ValueError(
                "`adapter` and `from_scratch` exclude each other: an adapter changes what "
                "pretrained weights compute, and random ones have to be trained themselves"
            )
        if self.adapter is not None and self.freeze:
            raise ValueError(
                "`adapter` and `freeze` exclude each other: with an adapter all weights of the "
                "model are frozen, and `adapter.targets` names the layers that have one"
            )
        if self.adapter is not None and self.trust_remote_code:
            raise ValueError(
                "`adapter` and `trust_remote_code` exclude each other: the layers of a model with "
                "code of its own are not known"
            )
        for part in self.freeze:
            first, _, last = part.rpartition(".")[2].partition("-")
            if last and int(first) > int(last):
                raise ValueError(f"`freeze` has {part}, which ends before it begins")
        if {"encoder", "decoder", "embeddings"} <= set(self.freeze):
            raise ValueError("`freeze` leaves nothing to train: it names every part of the model")
        return self
