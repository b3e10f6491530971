"""Pairs of which one text is much longer: one is cut, or they do not belong together."""

from __future__ import annotations

import re

from t5tune.data.cleaning.cleaning_rule import CleaningRule, Drops, RuleSetting

_ADDED = 10  # to both lengths, since "OK" may be a whole sentence on the other side
# Characters that say as much as two or three letters: ideographs, kana, Hangul.
_DENSE = re.compile("[\u1100-\u11ff\u2e80-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff]")
_FURTHER = 1.5  # letters that such a character stands for beside one


def _measure(text: str) -> float:
    dense = 0 if text.isascii() else len(_DENSE.findall(text))
    return len(text) + _FURTHER * dense + _ADDED


def _build(setting: RuleSetting) -> Drops:
    most: float = setting.options.most

    def drops(source: str, target: str) -> bool:
        one, other = _measure(source), _measure(target)
        return one > most * other or other > most * one

    return drops


RULE = CleaningRule("length_ratio", _build)
