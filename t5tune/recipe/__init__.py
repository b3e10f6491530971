"""Recipes: the schema, reading and checking, the choices for what is left out, and the recipes that
ship.

Nothing here opens a file other than the recipe, reads the environment or imports torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
