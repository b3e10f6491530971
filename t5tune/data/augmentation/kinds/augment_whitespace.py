"""Sources with wrong white space."""

from __future__ import annotations

from functools import partial

from t5tune.data.augmentation.augmentation_kind import (
    AugmentationKind,
    Change,
    Setting,
    Stage,
    on_source,
)
from t5tune.data.noise.whitespace import RATE, whitespace


def _build(setting: Setting) -> Change:
    return on_source(partial(whitespace, rate=setting.options.rate or RATE), setting)


KIND = AugmentationKind("whitespace", "source", Stage.NOISE, _build)
