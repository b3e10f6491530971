"""The task that pairs of texts are for, by their languages, lengths and shapes."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from t5tune.drafting.pair_survey import PairSurvey
from t5tune.scoring.languages import short_code

_SHARE_OF_WORDS = 0.9  # of the sources that are one word, where targets are phones
_LONGEST_PHONE = 3.0  # mean characters of a symbol
_FEWEST_PHONES = 3.0  # mean symbols of a target
_SHORTER = 0.5  # summary beside document
_LONG = 300  # characters of a text that is worth a summary
_MOST_LABELS = 50


@dataclass(frozen=True)
class TaskShape:
    """What is made of a source.

    Attributes:
        task: Task of the recipe.
        reason: Why.
        is_phones: Whether sources are words and targets symbols that spaces separate.
        is_labels: Whether targets are a few labels.
        is_open: Whether it could as well be a translation, between languages that nobody knows.
    """

    task: str
    reason: str
    is_phones: bool = False
    is_labels: bool = False
    is_open: bool = False


def recognize_task(
    survey: PairSurvey,
    languages: tuple[str | None, str | None],
    *,
    by_names: str | None,
    given: str | None,
) -> TaskShape:
    """Return the task.

    Args:
        survey: The pairs.
        languages: Languages of source and target, if known.
        by_names: Task that the names of the columns tell.
        given: Task that the user gives.
    """
    is_phones = given in (None, "text2text") and _are_phones(survey.sample)
    is_labels = _are_labels(survey)
    source, target = map(short_code, languages)
    if given is not None:
        return TaskShape(given, "as you said", is_phones, is_labels)
    if is_phones:
        reason = "each source is a word, and its target is symbols that spaces separate"
        return TaskShape("text2text", reason, is_phones=True)
    if by_names is not None:
        return TaskShape(by_names, "the names of the columns", is_labels=is_labels)
    if is_labels:
        reason = f"the targets are {survey.num_targets:,} labels"
        return TaskShape("text2text", reason, is_labels=True)
    if source is not None and target is not None and source != target:
        return TaskShape("translation", "the two sides are in two languages")
    medians = [statistics.median(map(len, side)) for side in zip(*survey.sample, strict=True)]
    if medians[0] >= _LONG and medians[1] <= _SHORTER * medians[0]:
        reason = "targets are much shorter than sources, and in the same language"
        return TaskShape("summarization", reason)
    reason = "the two sides are not known to be in two languages"
    return TaskShape("text2text", reason, is_open=source is None or target is None)


def _are_phones(sample: Sequence[tuple[str, str]]) -> bool:
    words = sum(len(source.split()) == 1 for source, _ in sample)
    symbols = [target.split() for _, target in sample]
    num = sum(map(len, symbols))
    length = sum(len(symbol) for target in symbols for symbol in target)
    return (
        words >= _SHARE_OF_WORDS * len(sample)
        and num >= _FEWEST_PHONES * len(sample)
        and length <= _LONGEST_PHONE * num
    )


def _are_labels(survey: PairSurvey) -> bool:
    few = min(_MOST_LABELS, survey.num_pairs / 20)
    return survey.num_targets <= few and all("\n" not in target for _, target in survey.sample)
