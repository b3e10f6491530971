"""The registry of sections beside the test set: one module each.

Every module here that ends with a `KIND` is found; nothing else has to name it. What is heavy is
imported inside functions.
"""

from __future__ import annotations

import importlib
import pkgutil

from t5tune.recipe.schema import Recipe
from t5tune.reporting.beside.kind import SectionKind


def _find_kinds() -> tuple[SectionKind, ...]:
    modules = [
        importlib.import_module(f"{__name__}.{found.name}")
        for found in pkgutil.iter_modules(__path__)
    ]
    kinds: list[SectionKind] = [module.KIND for module in modules]
    return tuple(sorted(kinds, key=lambda one: (one.precedence, one.name)))


KINDS = _find_kinds()


def wanted_kinds(recipe: Recipe) -> list[SectionKind]:
    """Return the kinds of section that a recipe asks for, in the order of the report."""
    return [kind for kind in KINDS if kind.is_wanted(recipe)]


def check_sections(recipe: Recipe) -> None:
    """Refuse what the sections of a recipe's report would fail on, before anything takes long.

    Raises:
        T5TuneError: A file is missing or damaged, for example.
    """
    for kind in wanted_kinds(recipe):
        kind.check(recipe)
