"""The registry of rules by which training pairs are left out: one module each.

Every module here that ends with a `RULE` is found; only the recipe names it as well.
"""

from __future__ import annotations

from t5tune.data.cleaning.cleaning_rule import CleaningRule
from t5tune.files.registered_modules import find_registered

_FOUND: list[CleaningRule] = list(find_registered(__name__, "RULE").values())
RULES = {rule.name: rule for rule in _FOUND}
