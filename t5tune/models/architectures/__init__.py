"""The registry of architectures that models from scratch can have: one module each.

Every module here that ends with an `ARCHITECTURE` is found; only the recipe names it as well.
"""

from __future__ import annotations

from t5tune.files.registered_modules import find_registered
from t5tune.models.architecture import Architecture

ARCHITECTURES: dict[str, Architecture] = {
    one.name: one for one in find_registered(__name__, "ARCHITECTURE").values()
}
