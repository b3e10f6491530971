"""The text of a recipe whose keys have their reasons beside them."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

from t5tune.errors import visible
from t5tune.recipe.loading import dump_flow

_WIDTH = 100
_COMMENT_AT = 40  # column of comments, where the keys are not longer


def write_recipe(values: Mapping[str, Any], comments: Mapping[str, str]) -> str:
    """Return YAML with a comment beside each key that has a reason, or above a long one.

    Args:
        values: Values of the recipe; data entries are written on one line.
        comments: Reasons by the paths of keys, such as `model.name`.
    """
    return "".join(f"{line}\n" for line in _lines(values, comments, "", 0))


def _lines(
    values: Mapping[str, Any], comments: Mapping[str, str], before: str, depth: int
) -> Iterator[str]:
    indent = "  " * depth
    for key, value in values.items():
        path = f"{before}{key}"
        is_section = isinstance(value, Mapping) and not _is_entry(path)
        text = f"{indent}{key}:" + ("" if is_section else f" {dump_flow(value)}")
        yield from _with_comment(text, comments.get(path, ""), indent)
        if is_section:
            yield from _lines(value, comments, f"{path}.", depth + 1)


def _is_entry(path: str) -> bool:
    return path in ("data.train", "data.validation", "data.test")


def _with_comment(text: str, comment: str, indent: str) -> Iterator[str]:
    comment = visible(comment, one_line=True)
    beside = f"{text.ljust(_COMMENT_AT)}  # {comment}"
    if not comment:
        yield text
    elif len(beside) <= _WIDTH:
        yield beside
    else:
        for line in textwrap.wrap(comment, _WIDTH - len(indent) - 2):
            yield f"{indent}# {line}"
        yield text
