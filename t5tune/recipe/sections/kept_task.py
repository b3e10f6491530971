"""`evaluation.keep`: directions and tasks that a model could do before and should still do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pydantic import Field, model_validator

from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.scoring.registry import METRICS, default_metrics, is_computed_here, ranks_models

if TYPE_CHECKING:
    KeptMetric = str
else:  # no type checker can read a table
    KeptMetric = Literal[
        tuple(name for name in METRICS if ranks_models(name) and is_computed_here(name))
    ]


class KeptTask(DataEntry):
    """A direction or task that base model and tuned model are compared on."""

    name: str | None = Field(
        default=None, min_length=1, description="Name in the report; the languages if left out."
    )
    task: Literal["translation", "summarization", "text2text"] = Field(
        default="translation", description="Chooses the default metrics and the prefix."
    )
    source_lang: str | None = Field(default=None, description="Language code, such as en.")
    target_lang: str | None = Field(default=None, description="Language code, such as fr.")
    metrics: list[KeptMetric] | None = Field(
        default=None, min_length=1, description="Metrics, the first decides; by task if left out."
    )

    @property
    def title(self) -> str:
        """Name in reports."""
        if self.name is not None:
            return self.name
        if self.source_lang and self.target_lang:
            return f"{self.source_lang} to {self.target_lang}"
        return self.task

    @property
    def chosen_metrics(self) -> tuple[str, ...]:
        """Metrics by which both models are compared, at least one."""
        return tuple(self.metrics or default_metrics(self.task))

    @model_validator(mode="after")
    def _fits_an_evaluation(self) -> KeptTask:
        if self._has("from"):
            raise ValueError("`from` is for splits of the recipe's own data; name another place")
        if self.streaming:
            raise ValueError("`streaming` is for data.train; this is read as a whole")
        if self.task == "translation" and not (self.source_lang and self.target_lang):
            raise ValueError("a translation needs `source_lang` and `target_lang`")
        return self
