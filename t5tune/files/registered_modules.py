"""Registries whose members are modules of a package: a new file there is all that they need."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any


def find_registered(package: str, attribute: str) -> dict[str, Any]:
    """Return an attribute of every module of a package, by the module's name, in its order.

    Args:
        package: Full name of the package; the registry itself, in its `__init__.py`, may ask.
        attribute: Name that each module ends with, such as FORMAT.

    Raises:
        AttributeError: A module lacks it.
    """
    path = importlib.import_module(package).__path__
    return {
        found.name: getattr(importlib.import_module(f"{package}.{found.name}"), attribute)
        for found in sorted(pkgutil.iter_modules(path), key=lambda one: one.name)
    }
