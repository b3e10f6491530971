"""Sources whose punctuation is missing, another or more."""

from __future__ import annotations

from t5tune.data.augmentation.augmentation_kind import (
    AugmentationKind,
    Change,
    Setting,
    Stage,
    on_source,
)
from t5tune.data.noise.punctuation import punctuation


def _build(setting: Setting) -> Change:
    return on_source(punctuation, setting)


KIND = AugmentationKind("punctuation", "source", Stage.NOISE, _build)
