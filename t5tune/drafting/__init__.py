"""Drafts of recipes: what is in a user's data, and the recipe that suits it, with reasons.

`draft.py` says in which order: the tables, their columns, languages and task, then sizes and model.
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
