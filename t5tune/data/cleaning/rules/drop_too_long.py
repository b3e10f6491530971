"""Texts that are too long."""

from __future__ import annotations

from t5tune.data.cleaning.cleaning_rule import CleaningRule, Drops, RuleSetting


def _build(setting: RuleSetting) -> Drops:
    most: int = setting.options.characters
    return lambda source, target: len(source) > most or len(target) > most


RULE = CleaningRule("too_long", _build)
