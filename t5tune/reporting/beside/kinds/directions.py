"""A model of several directions: the scores of each, and their means."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from t5tune.distributed.processes import on_main_process
from t5tune.recipe.resolve import choose_metrics
from t5tune.recipe.schema import Recipe
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.reporting.beside.kind import Evaluated, SectionKind
from t5tune.reporting.beside.report_section import Section, SectionTable
from t5tune.scoring.score import Score

if TYPE_CHECKING:
    from t5tune.data.examples import Examples
    from t5tune.decoding.found_model import FoundModel

_HEADER = ("direction", "examples", "score", "value", "95 % interval")
_MEAN = "mean"


def _is_wanted(recipe: Recipe) -> bool:
    entries = recipe.data.validation if recipe.data.test is None else recipe.data.test
    return not isinstance(entries, DataEntry) and len(entries) > 1


def _measure(evaluated: Evaluated) -> Callable[[], Section]:
    """Translate the other directions, in all processes together."""
    outputs = {evaluated.examples.direction: [one.text for one in evaluated.hypotheses]}
    for other in evaluated.examples.others:
        outputs[other.direction] = _translate(other, evaluated)
    return lambda: _build_section(evaluated, outputs)


def _translate(examples: Examples, evaluated: Evaluated) -> list[str]:
    from t5tune.reporting.kept_outputs import translate_task

    def turn() -> FoundModel:
        model = evaluated.model.get()
        if model.settings.directions:
            return model.turned(*examples.languages)
        length = evaluated.recipe.data.max_source_length
        task = evaluated.recipe.task
        return model.for_task(task, *examples.languages, None, max_source_length=length)

    limit = evaluated.options.max_new_tokens
    return translate_task(on_main_process(turn), examples, evaluated, limit, evaluated.export)


def _build_section(evaluated: Evaluated, outputs: Mapping[str, list[str]]) -> Section:
    sets = [evaluated.examples, *evaluated.examples.others]
    scores = {one.direction: _score(one, outputs[one.direction], evaluated.recipe) for one in sets}
    sizes = {one.direction: len(one.sources) for one in sets}
    scores[_MEAN] = _average(list(scores.values()))
    rows = [row for name, found in scores.items() for row in _rows(name, sizes.get(name), found)]
    sentence = (
        "The other scores of this report are those of the first direction. The interval of a mean "
        "takes the directions for independent, which test sets with the same sentences are not."
    )
    files = {
        f"{one.split}.txt": "".join(f"{text}\n" for text in outputs[one.direction])
        for one in evaluated.examples.others
    }
    values: dict[str, Any] = {
        name: [score.to_json() for score in found] for name, found in scores.items()
    }
    tables = (SectionTable(_HEADER, tuple(rows)),)
    return Section("directions", "Directions", (sentence,), tables, values, files=files)


def _score(examples: Examples, texts: list[str], recipe: Recipe) -> list[Score]:
    from t5tune.scoring.compute import DEFAULT_NUM_RESAMPLES, score_hypotheses
    from t5tune.scoring.system_output import SystemOutput

    options = replace(recipe.scoring_options, target_lang=examples.languages[1])
    output = SystemOutput(texts, examples.references, examples.sources)
    metrics = choose_metrics(recipe)
    return score_hypotheses(metrics, output, options, num_resamples=DEFAULT_NUM_RESAMPLES)


def _average(found: Sequence[Sequence[Score]]) -> list[Score]:
    """Return the mean of each score, with the interval of a mean of independent scores."""
    means = []
    for same in zip(*found, strict=True):
        value = sum(score.value for score in same) / len(same)
        intervals = [score.confidence_interval for score in same]
        interval = None
        if all(intervals):
            halves = [(one[1] - one[0]) / 2 for one in intervals if one is not None]
            half = math.sqrt(sum(half * half for half in halves)) / len(halves)
            interval = (value - half, value + half)
        signature = f"mean of {len(same)} directions"
        means.append(Score(same[0].name, value, signature, interval))
    return means


def _rows(
    name: str, num_examples: int | None, scores: Sequence[Score]
) -> Iterator[tuple[str, ...]]:
    from t5tune.scoring.registry import format_value

    size = "" if num_examples is None else f"{num_examples:,}"
    for score in scores:
        interval = " to ".join(score.shown_interval or ())
        yield name, size, score.name, format_value(score.name, score.value), interval


KIND = SectionKind("directions", _is_wanted, _measure, precedence=-1)
