"""The section `data.denoise` of a recipe: how plain text becomes examples."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from t5tune.recipe.places import SacrebleuSet, TextPair
from t5tune.recipe.sections.section import PositiveInt, Section, WholeNumber

if TYPE_CHECKING:
    from t5tune.recipe.sections.data_section import DataSection

ObjectiveName = Literal["span_corruption", "text_infilling"]
RATES = {"span_corruption": 0.15, "text_infilling": 0.3}


class DenoiseSection(Section):
    """How plain text becomes examples, with `task: denoise`."""

    objective: ObjectiveName | None = Field(
        default=None,
        description="span_corruption: spans become sentinels, and the target has the spans, as in "
        "T5; text_infilling: spans become `<mask>`, and the target is the text, as in BART; that "
        "of the model's pretraining if left out.",
    )
    rate: Annotated[float, Field(gt=0.0, lt=1.0)] | None = Field(
        default=None,
        description="Share of the tokens that are in spans; 0.15 for span_corruption and 0.3 for "
        "text_infilling if left out.",
    )
    mean_length: Annotated[float, Field(ge=1.0, le=100.0)] = Field(
        default=3.0, description="Mean number of tokens of a span."
    )
    rounds: PositiveInt | None = Field(
        default=None,
        description="Number of times that the spans of the training data are drawn, which epochs "
        "use in turn; as for data.augment if left out.",
    )
    seed: Annotated[int, Field(ge=0, lt=2**32), WholeNumber] | None = Field(
        default=None, description="Seed of the spans; training.seed if left out."
    )


def refuse_pairs(data: DataSection) -> None:
    """Refuse what plain text does not have: targets, and augmentation, which changes pairs.

    Raises:
        ValueError: The section names some.
    """
    if data.augment is not None:
        raise ValueError("`data.augment` and `task: denoise` exclude each other: it changes pairs")
    if data.target is not None:
        raise ValueError("`data.target`: with `task: denoise` a text is its own target")
    for split, entry in data.entries.items():
        for key in ("target", "references"):
            if getattr(entry, key):
                raise ValueError(f"`data.{split}.{key}`: with `task: denoise` a text has no {key}")
        if isinstance(entry.place, TextPair | SacrebleuSet):
            raise ValueError(
                f"data.{split}: with `task: denoise`, plain text comes from `file` (such as "
                "text.txt, a text in each line), from `hub`, or `from: train`"
            )
