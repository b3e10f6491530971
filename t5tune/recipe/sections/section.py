"""The base of all parts of a recipe: strict types, and numbers with bounds."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _whole_number(value: Any) -> Any:
    """Return a whole number for `1e5`, which YAML reads as a fraction."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


WholeNumber = BeforeValidator(_whole_number)
MOST = 1_000_000_000  # a larger count is a typing mistake
PositiveInt = Annotated[int, Field(ge=1, le=MOST), WholeNumber]
Count = Annotated[int, Field(ge=0, le=MOST), WholeNumber]
Width = Annotated[int, Field(ge=1, le=65_536), WholeNumber]
Depth = Annotated[int, Field(ge=1, le=1_000), WholeNumber]
Share = Annotated[float, Field(ge=0.0, lt=1.0)]


class Section(BaseModel):
    """A part of the recipe. Unknown keys are refused; values never change after validation.

    Types are strict: pydantic would otherwise read `true` as the number 1 and `no` as False.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, strict=True)
