"""Text without what tells of the user: the home directory, names, the token."""

from __future__ import annotations

import getpass
import os
import platform
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any


def make_anonymous(value: Any) -> Any:
    """Return JSON values in which home is `~`, and names of user and machine are replaced."""
    if isinstance(value, str):
        for pattern, word in _find_private():
            value = re.sub(pattern, word, value)
        return value
    if isinstance(value, Mapping):
        return {make_anonymous(key): make_anonymous(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [make_anonymous(one) for one in value]
    return value


def _find_private() -> Iterator[tuple[str, str]]:
    """Yield patterns of what is private, and the words in their place."""
    for token in _find_tokens():
        yield re.escape(token), "TOKEN"
    homes = {os.environ.get("HOME", "")}
    with suppress(RuntimeError):  # no home is known
        homes |= {str(Path.home()), os.path.realpath(Path.home())}
    for home in sorted(homes, key=len, reverse=True):
        if len(home) > 1:
            yield rf"{re.escape(home.rstrip('/'))}(?![\w.-])", "~"
    names = [(platform.node(), "HOST")]
    with suppress(KeyError, OSError):  # a user without a name, as in some containers
        names.append((getpass.getuser(), "USER"))
    for name, word in names:
        # Only in paths and addresses: elsewhere it may be any word, such as that of a package.
        if name and name != "root":
            yield rf"(?<=[/@]){re.escape(name)}(?![\w-])", word


def _find_tokens() -> Iterator[str]:
    try:
        from huggingface_hub import get_token
    except Exception:  # a broken library is a finding of its own
        return
    if token := get_token():
        yield token
