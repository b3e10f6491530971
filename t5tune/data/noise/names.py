"""Names that stand on both sides, replaced by others."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

_WORD = re.compile(r"[^\W\d_](?:[\w'’-]*\w)?")
# A word behind one of these, or at the very beginning, has a capital whatever it is.
_BEFORE_SENTENCE = re.compile(r"(?:^|[.!?…:;。！？\"“”„«»(\[–—])\W*$")
_SHORTEST = 3


def find_names(texts: Sequence[str]) -> list[str]:
    """Return what seem to be names in a source and its targets, in the order of the source.

    They are words with a capital that stand unchanged on every side, and on none of them at the
    beginning of a sentence.

    Args:
        texts: The source, and one target or more.
    """
    first, *others = (_capitalized(text) for text in texts)
    return [word for word in dict.fromkeys(first) if all(word in other for other in others)]


def replace_names(texts: Sequence[str], draw: Random, *, names: Sequence[str]) -> list[str]:
    """Return a source and its targets with other names, the same ones on all sides.

    Arguments as in `choose_names`.
    """
    new = choose_names(texts, draw, names=names)
    return [write_names(text, new) for text in texts]


def choose_names(texts: Sequence[str], draw: Random, *, names: Sequence[str]) -> dict[str, str]:
    """Return other names for those that occur equally often on every side.

    Args:
        texts: The source, and one target or more.
        draw: Source of the choices.
        names: Names to replace, which are those that replace them; one word each.
    """
    known = set(names)
    counts = [Counter(word for word in _WORD.findall(text) if word in known) for text in texts]
    shared = [
        name for name, number in counts[0].items() if all(one[name] == number for one in counts)
    ]
    new: dict[str, str] = {}
    if not shared or len(known) < 2:
        return new
    for name in shared:
        free = draw.choice(names)
        while free == name or free in new.values():
            if len(known) <= len(new) + 1:
                return {}
            free = draw.choice(names)
        new[name] = free
    return new


def write_names(text: str, new: Mapping[str, str]) -> str:
    """Return the text with other names.

    Args:
        text: Any text.
        new: Names, and those that replace them.
    """
    return _WORD.sub(lambda found: new.get(found.group(), found.group()), text)


def _capitalized(text: str) -> list[str]:
    return [
        match.group()
        for match in _WORD.finditer(text)
        if len(match.group()) >= _SHORTEST
        and match.group()[0].isupper()
        and not match.group().isupper()
        and not _BEFORE_SENTENCE.search(text, 0, match.start())
    ]
