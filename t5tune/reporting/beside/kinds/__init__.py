"""The registry of sections beside the test set: one module each.

Every module here that ends with a `KIND` is found; nothing else has to name it. What is heavy is
imported inside functions.
"""

from __future__ import annotations

from t5tune.files.registered_modules import find_registered
from t5tune.recipe.schema import Recipe
from t5tune.reporting.beside.kind import SectionKind

_FOUND: list[SectionKind] = list(find_registered(__name__, "KIND").values())
KINDS = sorted(_FOUND, key=lambda one: (one.precedence, one.name))


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
