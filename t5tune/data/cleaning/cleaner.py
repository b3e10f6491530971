"""The rules that a recipe names, applied to some pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import xxhash
from numpy.typing import NDArray

from t5tune.data.cleaning.cleaning_report import KEY
from t5tune.data.cleaning.cleaning_rule import Drops, MakeKey, RuleSetting
from t5tune.data.cleaning.rules import RULES
from t5tune.data.pairs import BLANK, Pairs, is_usable
from t5tune.recipe.sections.cleaning_section import CleaningSection

VERSION = 2  # of the rules; another one makes other training data


class Judged(NamedTuple):
    """What rules say about some pairs.

    Attributes:
        verdicts: Number of the first rule that leaves out each pair, from 1; 0 for a pair that
            stays, unless it occurred before. Shape (num_pairs,).
        keys: For each rule about pairs that occurred before, 8 bytes of the key of each pair,
            shape (num_keys, num_pairs).
    """

    verdicts: NDArray[np.uint8]
    keys: NDArray[np.uint64]


@dataclass(frozen=True)
class Cleaner:
    """Rules that are built.

    Attributes:
        drops: Rules about single pairs, by name, in order; blank pairs go first in any case.
        keys: Rules about pairs that occurred before, by name, which follow.
        key: Key of the rules in the recipe.
    """

    drops: dict[str, Drops]
    keys: dict[str, MakeKey]
    key: str = KEY

    @property
    def names(self) -> Sequence[str]:
        """Names of all rules, which verdicts count from 1."""
        return [*self.drops, *self.keys]

    def judge(self, pairs: Pairs) -> Judged:
        """Judge pairs, each by itself."""
        verdicts = np.zeros(len(pairs.sources), np.uint8)
        keys = np.zeros((len(self.keys), len(verdicts)), np.uint64)
        rules = list(enumerate(self.drops.values(), start=1))
        for i, (source, target) in enumerate(zip(*pairs, strict=True)):
            for number, drops in rules:
                if drops(source, target):
                    verdicts[i] = number
                    break
            else:
                for row, make_key in zip(keys, self.keys.values(), strict=True):
                    key = make_key(source, target).encode("utf-8", "surrogatepass")
                    row[i] = xxhash.xxh3_64_intdigest(key)
        return Judged(verdicts, keys)


def _is_blank(source: str, target: str) -> bool:
    return not is_usable(source, target)


BLANK_ALONE = Cleaner({BLANK: _is_blank}, {})  # what goes without any rules


def build_cleaner(
    section: CleaningSection | None, languages: tuple[str | None, str | None], key: str = KEY
) -> Cleaner | None:
    """Return the rules of a recipe; None if it names none, so that blank pairs alone go.

    Args:
        section: `data.cleaning`, or the `cleaning` of an entry.
        languages: Source and target language codes of the data.
        key: Key of the section, for messages.
    """
    if section is None or not section.rules:
        return None
    drops: dict[str, Drops] = {BLANK: _is_blank}
    keys: dict[str, MakeKey] = {}
    for name, options in section.rules.items():
        rule, setting = RULES[name], RuleSetting(options, languages)
        if rule.build is not None:
            drops[name] = rule.build(setting)
        if rule.build_key is not None:
            keys[name] = rule.build_key(setting)
    return Cleaner(drops, keys, key)


def identify_cleaning(section: CleaningSection | None) -> dict[str, Any]:
    """Return what decides which pairs stay, as JSON values; nothing without rules."""
    if section is None or not section.rules:
        return {}
    rules = {name: options.model_dump(mode="json") for name, options in section.rules.items()}
    return {"cleaning": {"version": VERSION, "rules": rules}}
