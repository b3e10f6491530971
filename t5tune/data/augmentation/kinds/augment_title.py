"""Examples with a capital at the beginning of each word."""

from __future__ import annotations

from t5tune.data.augmentation.augmentation_kind import (
    AugmentationKind,
    Change,
    Setting,
    Stage,
    on_sides,
)
from t5tune.data.noise.casing import title


def _build(setting: Setting) -> Change:
    return on_sides(title, setting)


KIND = AugmentationKind("title", "both", Stage.LETTER_CASE, _build)
