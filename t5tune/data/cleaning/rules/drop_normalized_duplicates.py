"""Pairs that occurred before, apart from case, spaces and punctuation."""

from __future__ import annotations

import unicodedata

from t5tune.data.cleaning.cleaning_rule import CleaningRule, MakeKey, RuleSetting
from t5tune.data.cleaning.rules.drop_duplicates import build_key


class _Kept(dict[int, int | None]):
    """A table for `str.translate` that keeps letters, marks and digits, by code."""

    def __missing__(self, code: int) -> int | None:
        self[code] = code if unicodedata.category(chr(code))[0] in "LMN" else None
        return self[code]


_KEPT = _Kept()


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text).casefold()
    return folded.translate(_KEPT) or folded


def _build(setting: RuleSetting) -> MakeKey:
    key = build_key(setting)
    return lambda source, target: key(_plain(source), _plain(target))


RULE = CleaningRule("normalized_duplicates", build_key=_build)
