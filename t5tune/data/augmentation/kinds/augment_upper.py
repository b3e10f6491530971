"""Examples in capitals."""

from __future__ import annotations

from t5tune.data.augmentation.augmentation_kind import (
    AugmentationKind,
    Change,
    Setting,
    Stage,
    on_sides,
)
from t5tune.data.noise.casing import upper


def _build(setting: Setting) -> Change:
    return on_sides(upper, setting)


KIND = AugmentationKind("upper", "both", Stage.LETTER_CASE, _build)
