"""Examples in small letters."""

from __future__ import annotations

from t5tune.data.augmentation.augmentation_kind import (
    AugmentationKind,
    Change,
    Setting,
    Stage,
    on_sides,
)
from t5tune.data.noise.casing import lower


def _build(setting: Setting) -> Change:
    return on_sides(lower, setting)


KIND = AugmentationKind("lower", "both", Stage.LETTER_CASE, _build)
