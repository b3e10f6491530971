"""Errors of typing."""

from __future__ import annotations

from t5tune.data.noise.typos import RATE, typos
from t5tune.reporting.stress.hard_set import CleanSet, HardExample, StressKind, change_sources


def _build(test: CleanSet) -> list[HardExample]:
    return change_sources(
        test, KIND.name, lambda source, draw: typos(source, draw, language=test.source_lang)
    )


KIND = StressKind(
    "typos",
    "with errors of typing",
    f"{100 * RATE:.0f} % of the letters of the sources, one at least in each, are wrong, as "
    "fingers make them on a keyboard.",
    _build,
)
