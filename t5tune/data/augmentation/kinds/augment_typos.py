"""Sources with errors of typing."""

from __future__ import annotations

from functools import partial

from t5tune.data.augmentation.augmentation_kind import (
    AugmentationKind,
    Change,
    Setting,
    Stage,
    on_source,
)
from t5tune.data.noise.typos import RATE, typos


def _build(setting: Setting) -> Change:
    options = setting.options
    language = options.keyboard or setting.languages[0]
    return on_source(partial(typos, rate=options.rate or RATE, language=language), setting)


KIND = AugmentationKind("typos", "source", Stage.NOISE, _build)
