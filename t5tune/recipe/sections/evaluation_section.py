"""The evaluation section of a recipe: metrics, and what is measured beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from t5tune.recipe.places import FileNames
from t5tune.recipe.sections.kept_task import KeptTask
from t5tune.recipe.sections.section import PositiveInt, Section
from t5tune.recipe.stress_names import STRESS_NAMES
from t5tune.scoring.registry import EVALUATE_PATTERN, METRICS, is_metric_name, ranks_models
from t5tune.scoring.score import Normalization

if TYPE_CHECKING:
    OwnMetricName = str
    BestMetricName = str
    StressName = str
else:  # no type checker can read a table
    OwnMetricName = Literal[tuple(METRICS)]
    BestMetricName = Literal[tuple(filter(ranks_models, METRICS))]
    StressName = Literal[STRESS_NAMES]
# Only the form of the name is checked; whether the metric exists shows when it is loaded.
MetricName = (
    OwnMetricName | Annotated[str, Field(pattern=EVALUATE_PATTERN, examples=["evaluate:NAME"])]
)


class EvaluationSection(Section):
    """How the model is scored."""

    metrics: list[MetricName] | None = Field(
        default=None, min_length=1, description="Metrics of the report; chosen by task if left out."
    )
    best_metric: BestMetricName | None = Field(
        default=None,
        description="Metric that chooses the best checkpoint; the first one that can if left out.",
    )
    max_validation_examples: PositiveInt = Field(
        default=500, description="Number of examples that each validation translates (greedily)."
    )
    tokenize: str | None = Field(
        default=None, description="sacreBLEU tokenizer; the one for target_lang if left out."
    )
    lowercase: bool = Field(default=False, description="Score without regard to case.")
    normalize: Normalization = Field(
        default="none", description="squad: exact match ignores case, punctuation and articles."
    )
    contrastive: FileNames | None = Field(
        default=None,
        description="Contrastive set, or a list of them: files, or occupations-en-de, which ships.",
    )
    keep: list[KeptTask] = Field(
        default=[],
        description="Directions and tasks that the base model and the tuned one are compared on.",
    )
    stress: list[StressName] = Field(
        default_factory=list,
        description="Hard sets that are made of the test set and reported beside it.",
    )
    generalization: bool = Field(
        default=False,
        description="Report scores by what of an example is new: length, combinations, words.",
    )

    @field_validator("keep")
    @classmethod
    def _no_task_twice(cls, tasks: list[KeptTask]) -> list[KeptTask]:
        titles = [task.title for task in tasks]
        if len(set(titles)) < len(titles):
            raise ValueError("two entries have the same name; give each a `name` of its own")
        return tasks

    @field_validator("stress")
    @classmethod
    def _no_hard_set_twice(cls, names: list[str]) -> list[str]:
        if len(set(names)) < len(names):
            raise ValueError("a hard set is listed twice")
        return names

    @field_validator("metrics")
    @classmethod
    def _no_metric_twice(cls, metrics: list[str] | None) -> list[str] | None:
        if metrics is not None and len(set(metrics)) < len(metrics):
            raise ValueError("a metric is listed twice")
        return metrics

    @field_validator("best_metric", mode="before")
    @classmethod
    def _best_metric_ranks(cls, name: Any) -> Any:
        if isinstance(name, str) and is_metric_name(name) and not ranks_models(name):
            raise ValueError(
                f"{name} cannot choose the best checkpoint: it is unknown whether higher is better"
            )
        return name

    @model_validator(mode="after")
    def _best_metric_is_measured(self) -> EvaluationSection:
        if self.best_metric and self.metrics and self.best_metric not in self.metrics:
            raise ValueError(f"best_metric {self.best_metric} is not in `metrics`")
        if self.metrics and not any(map(ranks_models, self.metrics)):
            raise ValueError(
                "none of `metrics` can choose the best checkpoint; add one that can, such as chrf"
            )
        return self
