"""A kind of augmentation: which sides it changes, when, and how it is built from its options."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import partial
from random import Random
from typing import Any, Literal, NamedTuple

from t5tune.data.noise.protection import JointNoise, Noise, protect


class TextPair(NamedTuple):
    """One training example.

    Attributes:
        source: Text without the prefix.
        target: Its target.
    """

    source: str
    target: str


class Stage(IntEnum):
    """When a kind is applied: first what an example says, at last how it is typed."""

    WHOLE = 1
    CONTENT = 2
    JOINING = 3
    LETTER_CASE = 4  # an example is in one case at most
    NOISE = 5


@dataclass(frozen=True)
class Setting:
    """What a kind is built with.

    Attributes:
        options: Section of the kind in the recipe.
        languages: Source and target language codes of the recipe.
        protected: Regular expressions of what stays as it is: the fixed text of templates, tags
            of languages and special tokens.
        find_names: Function that returns the names of the training data.
    """

    options: Any
    languages: tuple[str | None, str | None]
    protected: Sequence[str]
    find_names: Callable[[], Sequence[str]]


# A pair, a draw and the pairs behind it in the data; returns the pair itself where nothing can be
# changed.
Change = Callable[[TextPair, Random, Sequence[TextPair]], TextPair]


@dataclass(frozen=True)
class AugmentationKind:
    """A kind of augmentation.

    Attributes:
        name: Key in `data.augment`.
        sides: Texts that it changes.
        stage: When it is applied.
        build: Function that makes it from its setting.
    """

    name: str
    sides: Literal["both", "source"]
    stage: Stage
    build: Callable[[Setting], Change]


def on_source(noise: Noise, setting: Setting) -> Change:
    """Return a change of the source alone."""
    kept = protect(noise, setting.protected)

    def change(pair: TextPair, draw: Random, _: Sequence[TextPair]) -> TextPair:
        return TextPair(kept(pair.source, draw), pair.target)

    return change


def on_sides(noise: Callable[..., str], setting: Setting) -> Change:
    """Return a change of each side by itself, by a noise that takes the side's `language`.

    The target stays as it is where the options of the kind have `sides: source`.
    """
    is_one_sided = setting.options.sides == "source"
    of_source, of_target = (
        protect(partial(noise, language=language), setting.protected)
        for language in setting.languages
    )

    def change(pair: TextPair, draw: Random, _: Sequence[TextPair]) -> TextPair:
        target = pair.target if is_one_sided else of_target(pair.target, draw)
        return TextPair(of_source(pair.source, draw), target)

    return change


def jointly(noise: JointNoise, setting: Setting) -> Change:
    """Return a change of both sides together; there is none where it touches what stays."""
    protected = re.compile("|".join(setting.protected))

    def change(pair: TextPair, draw: Random, _: Sequence[TextPair]) -> TextPair:
        changed = TextPair(*noise(pair, draw))
        are_kept = map(protected.findall, pair), map(protected.findall, changed)
        return changed if list(are_kept[0]) == list(are_kept[1]) else pair

    return change
