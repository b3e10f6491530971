"""The registry of routes: one module for each kind.

Every module here that ends with its `ROUTES`, a list of Starlette's routes, is found; nothing else
has to name it.
"""

from __future__ import annotations

from starlette.routing import BaseRoute

from t5tune.files.registered_modules import find_registered

ALL_ROUTES: list[BaseRoute] = [
    route for routes in find_registered(__name__, "ROUTES").values() for route in routes
]
