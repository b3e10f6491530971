"""Examples with other names: those of a file, or of the training data."""

from __future__ import annotations

from functools import partial

from t5tune.data.augmentation.augmentation_kind import (
    AugmentationKind,
    Change,
    Setting,
    Stage,
    jointly,
)
from t5tune.data.augmentation.word_tables import read_names
from t5tune.data.noise.names import replace_names


def _build(setting: Setting) -> Change:
    file = setting.options.file
    names = setting.find_names() if file is None else read_names(file)
    return jointly(partial(replace_names, names=names), setting)


KIND = AugmentationKind("names", "both", Stage.CONTENT, _build)
