"""What a user writes: the schema, reading it, what is wrong with it, what is chosen where it says
nothing, and the recipes that ship.

Nothing here opens another file than the recipe, reads the environment or imports torch.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
