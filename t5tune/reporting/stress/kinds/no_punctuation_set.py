"""Sentences without punctuation."""

from __future__ import annotations

from t5tune.data.noise.punctuation import strip_punctuation
from t5tune.reporting.stress.hard_set import CleanSet, HardExample, StressKind, change_sources


def _build(test: CleanSet) -> list[HardExample]:
    return change_sources(test, KIND.name, strip_punctuation)


KIND = StressKind(
    "no_punctuation",
    "without punctuation",
    "Sources have no punctuation, except in the middle of words and numbers.",
    _build,
    judged="scored without punctuation in outputs and references",
    view=strip_punctuation,
    ignored="punctuation",
)
