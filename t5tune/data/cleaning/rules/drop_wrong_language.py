"""Texts that are surely in another language than they should be."""

from __future__ import annotations

from t5tune.data.cleaning.cleaning_rule import CleaningRule, Drops, IsBad, RuleSetting
from t5tune.scoring.language_identity import is_known, other_language, seems_to_be
from t5tune.scoring.languages import short_code


def _build(setting: RuleSetting) -> Drops:
    least: float = setting.options.probability
    source_lang, target_lang = map(short_code, setting.languages)
    of_source = _build_side(source_lang, target_lang, least)
    of_target = _build_side(target_lang, source_lang, least)
    return lambda source, target: bool(of_source(source) or of_target(target))


def _build_side(expected: str | None, other_side: str | None, least: float) -> IsBad:
    if expected is None or not is_known(expected):
        return lambda _: False

    def is_other(text: str) -> bool:
        if seems_to_be(text, expected, other_side):
            return False
        return other_language(text, expected, other_side, sure=least) > 0

    return is_other


RULE = CleaningRule("wrong_language", _build)
