"""The registry of regularizers: one module each, with the name of its key in the recipe.

Every module here that ends with a `REGULARIZER` is found; nothing else has to name it.
"""

from __future__ import annotations

import importlib
import pkgutil

from t5tune.training.regularizers.regularizer import Regularizer


def _find_regularizers() -> dict[str, Regularizer]:
    return {
        found.name: importlib.import_module(f"{__name__}.{found.name}").REGULARIZER
        for found in pkgutil.iter_modules(__path__)
    }


REGULARIZERS = _find_regularizers()
