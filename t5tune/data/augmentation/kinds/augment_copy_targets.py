"""Examples whose source is the target: what is in the target language is to be copied.

Currey, Miceli Barone and Heafield 2017 trained on copied targets.
"""

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


def _copy(pair: TextPair, _: Random, __: Sequence[TextPair]) -> TextPair:
    return TextPair(pair.target, pair.target)


def _build(_: Setting) -> Change:
    return _copy


KIND = AugmentationKind("copy_targets", "source", Stage.WHOLE, _build)
