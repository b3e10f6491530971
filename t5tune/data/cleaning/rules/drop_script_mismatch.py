"""Texts that are not in the script of their language."""

from __future__ import annotations

from t5tune.data.cleaning.cleaning_rule import CleaningRule, Drops, IsBad, RuleSetting
from t5tune.scoring.writing_systems import FEWEST_LETTERS, find_scripts, is_plain_latin, script_of


def _build(setting: RuleSetting) -> Drops:
    least: float = setting.options.share
    is_foreign = [_build_side(find_scripts(language), least) for language in setting.languages]
    of_source, of_target = is_foreign
    return lambda source, target: bool(of_source(source) or of_target(target))


def _build_side(scripts: frozenset[str], least: float) -> IsBad:
    if not scripts:  # of an unknown language
        return lambda _: False

    def is_foreign(text: str) -> bool:
        if "LATIN" in scripts and is_plain_latin(text):
            return False
        letters = [one for one in text if one.isalpha()]
        if len(letters) < FEWEST_LETTERS:
            return False
        return sum(script_of(one) in scripts for one in letters) < least * len(letters)

    return is_foreign


RULE = CleaningRule("script_mismatch", _build)
