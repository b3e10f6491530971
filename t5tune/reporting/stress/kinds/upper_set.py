"""Everything in capitals, as users type whose caps lock is on."""

from __future__ import annotations

from t5tune.data.noise.casing import upper
from t5tune.reporting.stress.hard_set import CleanSet, HardExample, StressKind, change_sources


def _build(test: CleanSet) -> list[HardExample]:
    return change_sources(
        test, KIND.name, lambda source, draw: upper(source, draw, language=test.source_lang)
    )


KIND = StressKind(
    "upper",
    "all in capitals",
    "Sources are written in capitals.",
    _build,
    judged="scored without regard to case, which a translation may keep or not",
    view=str.casefold,
    ignored="case",
)
