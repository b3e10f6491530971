"""Pairs that occurred before, letter for letter."""

from __future__ import annotations

from t5tune.data.cleaning.cleaning_rule import CleaningRule, MakeKey, RuleSetting


def build_key(setting: RuleSetting) -> MakeKey:
    """Return what makes the key of a pair: its texts, or one of them."""
    sides: str = setting.options.sides
    if sides == "both":
        return lambda source, target: f"{len(source)} {source}{target}"
    return (lambda source, _: source) if sides == "source" else (lambda _, target: target)


RULE = CleaningRule("duplicates", build_key=build_key)
