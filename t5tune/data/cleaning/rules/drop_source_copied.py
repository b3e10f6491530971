"""Pairs whose target is the source, or nearly."""

from __future__ import annotations

from rapidfuzz.distance import Indel

from t5tune.data.cleaning.cleaning_rule import CleaningRule, Drops, RuleSetting

_FEWEST_CHARACTERS = 10  # "Hotel" may be the right translation of "Hotel"


def _build(setting: RuleSetting) -> Drops:
    least: float = setting.options.similarity

    def drops(source: str, target: str) -> bool:
        plain = " ".join(source.casefold().split())
        if len(plain) < _FEWEST_CHARACTERS or not any(map(str.isalpha, plain)):
            return False
        other = " ".join(target.casefold().split())
        return Indel.normalized_similarity(plain, other, score_cutoff=least) >= least

    return drops


RULE = CleaningRule("source_copied", _build)
