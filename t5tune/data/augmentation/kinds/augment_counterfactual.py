"""Examples in which words are exchanged with their counterparts, such as he and she.

Counterfactual data augmentation of Zhao et al. 2018 and Lu et al. 2018, on both sides.
"""

from __future__ import annotations

from t5tune.data.augmentation.augmentation_kind import (
    AugmentationKind,
    Change,
    Setting,
    Stage,
    jointly,
)
from t5tune.data.augmentation.word_tables import read_swaps
from t5tune.data.noise.swaps import SwapTable


def _build(setting: Setting) -> Change:
    return jointly(SwapTable(read_swaps(setting.options.file)).swap, setting)


KIND = AugmentationKind("counterfactual", "both", Stage.CONTENT, _build)
