"""Pairs whose numbers differ."""

from __future__ import annotations

import re

from t5tune.data.cleaning.cleaning_rule import CleaningRule, Drops, RuleSetting
from t5tune.scoring.diagnosis.numbers_and_names import Number, find_numbers, is_among, list_readings

_DIGIT = re.compile(r"\d")
_HALF_A_DAY = 12


def _build(setting: RuleSetting) -> Drops:
    is_enough: bool = setting.options.one_side

    def drops(source: str, target: str) -> bool:
        # Most pairs have none; a number that the other side has in words is no mismatch.
        has_numbers = [_DIGIT.search(text) is not None for text in (source, target)]
        if not (any(has_numbers) if is_enough else all(has_numbers)):
            return False
        lacks = (_has_more(source, target), _has_more(target, source))
        return any(lacks) if is_enough else all(lacks)

    return drops


def _has_more(text: str, other: str) -> bool:
    readings = list_readings(other)
    return not all(
        is_among(number, readings) or _is_hour(number, readings) for number in find_numbers(text)
    )


def _is_hour(groups: Number, readings: set[str]) -> bool:
    """Return whether a number is there with its first group as the other clock has it."""
    first, *others = groups
    if len(first) > 2 or not all((group.lstrip("0") or "0") in readings for group in others):
        return False
    hour = int(first)
    return str(hour + (_HALF_A_DAY if hour < _HALF_A_DAY else -_HALF_A_DAY)) in readings


RULE = CleaningRule("number_mismatch", _build)
