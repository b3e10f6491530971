"""A rule by which training pairs are left out, and how it is built from its settings."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple


class RuleSetting(NamedTuple):
    """What a rule is built with.

    Attributes:
        options: Section of the rule in the recipe.
        languages: Source and target language codes of the recipe.
    """

    options: Any
    languages: tuple[str | None, str | None]


Drops = Callable[[str, str], bool]  # of source and target
IsBad = Callable[[str], object]  # of one text
MakeKey = Callable[[str, str], str]  # pairs with the same key repeat each other


@dataclass(frozen=True)
class CleaningRule:
    """A rule, which has one of the two functions.

    Attributes:
        name: Key in `data.cleaning`.
        build: Function that makes the rule from its setting, for what a pair shows by itself.
        build_key: The same for pairs that occurred before.
    """

    name: str
    build: Callable[[RuleSetting], Drops] | None = None
    build_key: Callable[[RuleSetting], MakeKey] | None = None


def on_either_side(is_bad: IsBad) -> Callable[[RuleSetting], Drops]:
    """Return what builds a rule without settings that drops pairs of which one text is bad."""

    def drops(source: str, target: str) -> bool:
        return bool(is_bad(source) or is_bad(target))

    return lambda _: drops
