"""The registry of hard sets: one module each.

Every module here that ends with a `KIND` is found; `evaluation.stress` needs its name in
`recipe/stress_names.py`.
"""

from __future__ import annotations

from t5tune.files.registered_modules import find_registered
from t5tune.recipe.stress_names import STRESS_NAMES
from t5tune.reporting.stress.hard_set import StressKind

_FOUND: dict[str, StressKind] = {
    kind.name: kind for kind in find_registered(__name__, "KIND").values()
}
KINDS = {name: _FOUND[name] for name in STRESS_NAMES}
