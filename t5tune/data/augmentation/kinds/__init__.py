"""The registry of kinds of augmentation: one module each.

Every module here that ends with a `KIND` is found; only the recipe names it as well.
"""

from __future__ import annotations

from t5tune.data.augmentation.augmentation_kind import AugmentationKind
from t5tune.files.registered_modules import find_registered

_FOUND: list[AugmentationKind] = list(find_registered(__name__, "KIND").values())
KINDS = {kind.name: kind for kind in sorted(_FOUND, key=lambda one: (one.stage, one.name))}
