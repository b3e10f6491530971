"""Examples with other numbers."""

from __future__ import annotations

from t5tune.data.augmentation.augmentation_kind import (
    AugmentationKind,
    Change,
    Setting,
    Stage,
    jointly,
)
from t5tune.data.noise.numbers import replace_numbers


def _build(setting: Setting) -> Change:
    return jointly(replace_numbers, setting)


KIND = AugmentationKind("numbers", "both", Stage.CONTENT, _build)
