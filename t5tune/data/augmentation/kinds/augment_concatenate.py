"""Examples that are joined with another one, so that the model meets longer texts."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from t5tune.data.augmentation.augmentation_kind import (
    AugmentationKind,
    Change,
    Setting,
    Stage,
    TextPair,
)


def _join(pair: TextPair, draw: Random, following: Sequence[TextPair]) -> TextPair:
    if not following:
        return pair
    other = draw.choice(following)
    return TextPair(*(_with_space(a, b) for a, b in zip(pair, other, strict=True)))


def _with_space(first: str, second: str) -> str:
    is_spaceless = "\u3000" <= first.rstrip()[-1:] <= "\u9fff"  # Chinese and Japanese
    return first.rstrip() + ("" if is_spaceless else " ") + second.lstrip()


def _build(_: Setting) -> Change:
    return _join


KIND = AugmentationKind("concatenate", "both", Stage.JOINING, _build)
