"""The interpreter's search for garbage, kept off what libraries have made for good.

Transformers and torch leave 400,000 objects that live as long as the process. Each full search
goes through all of them: a fifth of a second, now and then while training and once it is over.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def importing_for_good() -> Iterator[None]:
    """Search for no garbage while the block imports: a fifth of the time, for next to none."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextmanager
def leaving_out_what_is_there() -> Iterator[None]:
    """Leave what is in memory out of all searches while the block runs.

    Garbage of before is collected first, so that nothing large is held on to. Where the process
    has left out something itself, nothing is changed.
    """
    if gc.get_freeze_count():
        yield
        return
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()
