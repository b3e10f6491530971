"""The regularizers of a recipe: what is added to training against overfitting and forgetting.

Each key has the name of its method in the literature. A module of the same name in
`t5tune/training/regularizers/kinds/` does it.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from t5tune.recipe.sections.section import Section, WholeNumber

Positive = Annotated[float, Field(gt=0)]
Probability = Annotated[float, Field(gt=0, lt=1)]

NEED_ALL_WEIGHTS = ("r_drop", "fgm", "free_lb", "layerwise_lr_decay", "l2_sp")


class FreeLbSection(Section):
    """FreeLB (Zhu et al. 2020): the mean of several passes, each from worse embeddings."""

    epsilon: Positive = Field(
        description="Longest perturbation of an example, as a share of the norm of its embeddings."
    )
    steps: Annotated[int, Field(ge=2, le=32), WholeNumber] = Field(
        default=3, description="Passes over each batch, the first one without perturbation."
    )
    step_size: Positive | None = Field(
        default=None,
        description="Length of one ascent, as a share of the same norm; "
        "epsilon / (steps - 1) if left out.",
    )


class RegularizationSection(Section):
    """Regularizers; each is off unless it is given."""

    r_drop: Positive | None = Field(
        default=None,
        title="R-Drop (Liang et al. 2021)",
        description="Two passes with different dropout, whose outputs are drawn together: weight "
        "of the divergence, 1 to 5 in the paper.",
    )
    fgm: Positive | None = Field(
        default=None,
        title="the fast gradient method (Miyato et al. 2017)",
        description="A second pass with embeddings moved to where the loss rises fastest: length "
        "of the move, as a share of the norm of the example's embeddings.",
    )
    free_lb: FreeLbSection | None = Field(
        default=None,
        title="FreeLB (Zhu et al. 2020)",
        description="Like fgm, with several smaller moves and the mean of all passes.",
    )
    word_dropout: Probability | None = Field(
        default=None,
        title="word dropout (Iyyer et al. 2015)",
        description="Share of source words that the model does not see, drawn in each step.",
    )
    token_masking: Probability | None = Field(
        default=None,
        title="token masking (Devlin et al. 2019)",
        description="Share of source tokens replaced by the family's mask, drawn in each step.",
    )
    layerwise_lr_decay: Probability | None = Field(
        default=None,
        title="layer-wise learning rates (Howard and Ruder 2018)",
        description="Factor of the learning rate from each layer to the one below; the "
        "embeddings are lowest.",
    )
    l2_sp: Positive | None = Field(
        default=None,
        title="decay towards the pretrained weights (Li et al. 2018)",
        description="Share of the distance from the pretrained weights that one step takes off, "
        "times the learning rate.",
    )

    @property
    def in_force(self) -> dict[str, Any]:
        """Values of the keys that are given, by name."""
        values = {name: getattr(self, name) for name in type(self).model_fields}
        return {name: value for name, value in values.items() if value is not None}

    def describe(self) -> list[str]:
        """Return each regularizer in force in words: `r_drop 5: R-Drop (Liang et al. 2021)`."""
        fields = type(self).model_fields
        return [
            f"{name} {_describe_value(value)}: {fields[name].title}"
            for name, value in self.in_force.items()
        ]

    @model_validator(mode="after")
    def _one_perturbation(self) -> RegularizationSection:
        if self.fgm is not None and self.free_lb is not None:
            raise ValueError("give `fgm` or `free_lb`, not both: both perturb the embeddings")
        return self


def _describe_value(value: Any) -> str:
    if isinstance(value, Section):
        given = value.model_dump(exclude_none=True)
        return ", ".join(f"{name} {number:g}" for name, number in given.items())
    return f"{value:g}"
