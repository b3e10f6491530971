"""The adapter of a recipe: a few new weights that are trained in place of the model's own."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from t5tune.recipe.sections.section import PositiveInt, Section, Share

DEFAULT_RANK = 16
DEFAULT_DROPOUT = 0.0
TITLES = {
    "lora": "LoRA (Hu et al. 2022)",
    "dora": "DoRA (Liu et al. 2024)",
    "ia3": "IA³ (Liu et al. 2022)",
}


class AdapterSection(Section):
    """A small adapter is trained, and the weights of the model stay as they are."""

    type: Literal["lora", "dora", "ia3"] = Field(
        default="lora",
        description="lora: the product of two thin matrices is added to each target. dora: the "
        "same, with a magnitude for each output. ia3: outputs of keys and values, and inputs of "
        "the last feed-forward layer, are scaled.",
    )
    r: PositiveInt = Field(
        default=DEFAULT_RANK, description="lora and dora: rank, the width of the thin matrices."
    )
    alpha: Annotated[float, Field(gt=0)] | None = Field(
        default=None,
        description="lora and dora: the product is scaled by alpha / r. Twice r if left out.",
    )
    dropout: Share = Field(
        default=DEFAULT_DROPOUT, description="lora and dora: dropout of the adapter's inputs."
    )
    targets: Annotated[list[Annotated[str, Field(min_length=1)]], Field(min_length=1)] | None = (
        Field(
            default=None,
            description="Linear layers by the last part of their names, such as q and v; chosen "
            "for the family if left out.",
        )
    )

    @property
    def title(self) -> str:
        """Name of the method with its paper."""
        return TITLES[self.type]

    def describe(self) -> str:
        """Return the adapter in a few words: `LoRA (Hu et al. 2022), r 16, alpha 32`."""
        if self.type == "ia3":
            return self.title
        dropout = f", dropout {self.dropout:g}" if self.dropout else ""
        return f"{self.title}, r {self.r}, alpha {self.scale:g}{dropout}"

    @property
    def scale(self) -> float:
        """Value of alpha: twice the rank if the recipe leaves it out."""
        return self.alpha if self.alpha is not None else 2.0 * self.r

    @model_validator(mode="after")
    def _ranks_are_of_lora(self) -> AdapterSection:
        has_rank = self.alpha is not None or self.dropout != DEFAULT_DROPOUT
        if self.type == "ia3" and (has_rank or self.r != DEFAULT_RANK):
            raise ValueError("`r`, `alpha` and `dropout` require `type: lora` or `type: dora`")
        return self
