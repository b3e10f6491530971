"""Sources with damaged characters."""

from __future__ import annotations

from functools import partial

from t5tune.data.augmentation.augmentation_kind import (
    AugmentationKind,
    Change,
    Setting,
    Stage,
    on_source,
)
from t5tune.data.noise.typos import RATE, characters


def _build(setting: Setting) -> Change:
    return on_source(partial(characters, rate=setting.options.rate or RATE), setting)


KIND = AugmentationKind("characters", "source", Stage.NOISE, _build)
