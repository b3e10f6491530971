"""A language that a multilingual model does not know yet."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from t5tune.recipe.sections.section import Section

_CODE = r"^[A-Za-z]{2,8}([_-][A-Za-z0-9]{2,8})*$"


class NewLanguageSection(Section):
    """A language that the model does not know; its token starts as that of another one."""

    code: Annotated[str, Field(pattern=_CODE, examples=["xyz_Latn"])] = Field(
        description="Code of the new language, of the form that the model's other codes have. It "
        "is the source_lang or the target_lang of the recipe."
    )
    like: str = Field(
        description="Language of the model whose token the new one starts as: a near relative."
    )

    @model_validator(mode="after")
    def _two_languages(self) -> NewLanguageSection:
        if self.code == self.like:
            raise ValueError("`code` is a new language and `like` one that the model knows")
        return self
