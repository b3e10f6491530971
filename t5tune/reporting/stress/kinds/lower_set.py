"""Everything in small letters, as users of search boxes and chats type."""

from __future__ import annotations

from t5tune.data.noise.casing import lower
from t5tune.reporting.stress.hard_set import CleanSet, HardExample, StressKind, change_sources


def _build(test: CleanSet) -> list[HardExample]:
    return change_sources(
        test, KIND.name, lambda source, draw: lower(source, draw, language=test.source_lang)
    )


KIND = StressKind(
    "lower",
    "all in small letters",
    "Sources are written in small letters.",
    _build,
    judged="scored without regard to case, which a translation may keep or not",
    view=str.casefold,
    ignored="case",
)
