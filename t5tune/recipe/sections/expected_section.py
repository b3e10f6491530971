"""The expected section of a recipe: the scores that it reaches, as measured over seeds."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, field_validator, model_validator

from t5tune.errors import did_you_mean
from t5tune.recipe.sections.section import MOST, Section, WholeNumber
from t5tune.scoring.registry import METRICS

FEWEST_SEEDS = 3  # fewer say too little about how much a score varies


class ExpectedScore(Section):
    """The band that a score lies in when the recipe is trained again."""

    name: str = Field(description="Name of the score as reports print it, such as BLEU.")
    low: float = Field(description="The least value that counts as the same result.")
    high: float = Field(description="The greatest value that counts as the same result.")
    num_seeds: Annotated[int, Field(ge=FEWEST_SEEDS, le=MOST), WholeNumber] = Field(
        description="Number of seeds that the band follows from; at least 3."
    )

    @field_validator("name")
    @classmethod
    def _name_is_spelled_right(cls, name: str) -> str:
        """Refuse a mistyped name; metrics of others may give a score any name."""
        known = [score for metric in METRICS.values() for score in metric.scores]
        if name not in known and (hint := did_you_mean(name, known)):
            raise ValueError(f"no score is called {name}{hint}")
        return name

    @model_validator(mode="after")
    def _low_is_below_high(self) -> ExpectedScore:
        if self.low > self.high:
            raise ValueError(f"`low` {self.low:g} is above `high` {self.high:g}")
        return self


class ExpectedSection(Section):
    """What the recipe reaches on its test split; only `t5tune reproduce` reads it."""

    scores: list[ExpectedScore] = Field(min_length=1, description="Bands of scores.")
    hardware: str | None = Field(
        default=None, description="Machine and precision of the measurements, for people."
    )

    @field_validator("scores")
    @classmethod
    def _no_score_twice(cls, scores: list[ExpectedScore]) -> list[ExpectedScore]:
        if len({score.name for score in scores}) < len(scores):
            raise ValueError("a score is listed twice")
        return scores
