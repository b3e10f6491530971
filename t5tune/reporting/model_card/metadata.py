"""What the hub reads of a model card: languages, task, data sets, scores."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from t5tune.recipe.places import HubSplit, Place
from t5tune.recipe.resolved_recipe import ResolvedRecipe
from t5tune.recipe.sections.data_section import DataSection
from t5tune.reporting.model_card.facts import ModelFacts, describe_data, is_hub_id
from t5tune.reporting.reports.report import Report
from t5tune.scoring.languages import without_region
from t5tune.scoring.registry import metric_of_score
from t5tune.scoring.score import Score

if TYPE_CHECKING:
    from huggingface_hub import EvalResult, ModelCardData

PIPELINES = {
    "translation": "translation",
    "summarization": "summarization",
    "text2text": "text2text-generation",
    "denoise": "text2text-generation",
}


def build_metadata(
    name: str, recipe: ResolvedRecipe, report: Report, facts: ModelFacts
) -> ModelCardData:
    """Return the card's metadata; what is unknown, such as the licence, is left out."""
    from huggingface_hub import ModelCardData

    split = report.split or "test"
    entry = recipe.data.entries.get(recipe.data.key_of(split))
    data: dict[str, Any] = {
        "dataset_name": split,
        "dataset_type": recipe.name,
        "dataset_split": split,
    }
    if entry is not None:
        data |= _data_fields(entry.place)
    results = _eval_results(PIPELINES[recipe.task], report.scores, data)
    base = recipe.model.name
    return ModelCardData(
        language=_languages(recipe.source_lang, recipe.target_lang) or None,
        library_name="transformers",
        pipeline_tag=PIPELINES[recipe.task],
        tags=list(dict.fromkeys(["t5tune", recipe.task, facts.model_type])),
        datasets=_hub_data_sets(recipe.data) or None,
        base_model=base if is_hub_id(base) else None,
        metrics=list(dict.fromkeys(result.metric_type for result in results)),
        model_name=name,
        eval_results=results,
    )


def _languages(*both: str | None) -> list[str]:
    """Return ISO 639 codes of two or three letters; the hub takes neither regions nor scripts."""
    codes = [without_region(language) for language in both if language]
    return list(dict.fromkeys(found for found in codes if re.fullmatch(r"[a-z]{2,3}", found)))


def _hub_data_sets(data: DataSection) -> list[str]:
    places = [entry.place for entry in data.entries.values()]
    return list(dict.fromkeys(place.hub for place in places if isinstance(place, HubSplit)))


def _eval_results(task: str, scores: Sequence[Score], data: Mapping[str, Any]) -> list[EvalResult]:
    from huggingface_hub import EvalResult

    return [
        EvalResult(
            task_type=task,
            metric_type=_metric_type(score.name),
            metric_name=score.name,
            metric_value=round(score.value, 2),
            metric_args=_arguments(score.signature, score.confidence_interval),
            verified=False,
            **data,
        )
        for score in scores
    ]


def _metric_type(score_name: str) -> str:
    """Return the hub's id of the metric that gives this score (huggingface.co/metrics)."""
    metric = metric_of_score(score_name)
    return (metric and metric.hub_id) or score_name.lower()


def _data_fields(place: Place) -> dict[str, Any]:
    """Return the fields of a result that name its data."""
    if not isinstance(place, HubSplit):
        return {"dataset_name": describe_data(place)}
    return {
        "dataset_name": place.hub,
        "dataset_type": place.hub,
        "dataset_config": place.config,
        "dataset_revision": place.revision,
        "dataset_split": place.split,
    }


def _arguments(signature: str, interval: tuple[float, float] | None) -> dict[str, Any]:
    if interval is None:
        return {"signature": signature}
    ends = [round(end, 2) for end in interval]
    return {"signature": signature, "confidence_interval": ends}
