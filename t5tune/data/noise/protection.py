"""Parts of a text that noise leaves as they are."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from random import Random

Noise = Callable[[str, Random], str]
JointNoise = Callable[[Sequence[str], Random], list[str]]

# Tags of languages (>>de<<, <2de>) and special tokens (</s>, <extra_id_0>, [MASK]).
TAGS = r">>[\w-]+<<|<2[\w-]+>|</?\w+>|\[[A-Z]{2,}\]"


def protect(noise: Noise, parts: Iterable[str] = (TAGS,)) -> Noise:
    """Return a noise that leaves parts of each text as they are, and changes what is between.

    Args:
        noise: Noise of one text.
        parts: Regular expressions of what stays, without groups.
    """
    pattern = re.compile("|".join(parts))

    def protected(text: str, draw: Random) -> str:
        if not pattern.search(text):
            return noise(text, draw)
        places = [0, *(place for found in pattern.finditer(text) for place in found.span())]
        pieces = [text[a:b] for a, b in zip(places, [*places[1:], len(text)], strict=True)]
        return "".join(
            piece if i % 2 or not piece.strip() else noise(piece, draw)
            for i, piece in enumerate(pieces)
        )

    return protected
