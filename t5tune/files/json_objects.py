"""Reads JSON exactly: numbers keep their spelling, and nothing is dropped silently."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from t5tune.errors import T5TuneError, visible


class JsonNumber(str):
    """A number as spelled in the file: as a float, 1.50 loses its zero and 1e400 is infinite."""

    __slots__ = ()


@dataclass(frozen=True)
class JsonConstant:
    """`NaN` or `Infinity`, which Python writes although JSON has no such values."""

    name: str


class RepeatedNameError(ValueError):
    """Error about an object that has a name twice."""


def _build_object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        repeated = next(name for name in names if names.count(name) > 1)
        raise RepeatedNameError(describe_repeated(repeated))
    return found


def describe_repeated(name: str) -> str:
    """Return the clause that an object has a name twice."""
    return f"an object names {visible(name, one_line=True)} twice"


DECODER = json.JSONDecoder(
    parse_int=JsonNumber,
    parse_float=JsonNumber,
    parse_constant=JsonConstant,
    object_pairs_hook=_build_object,
)
# Tells whether a text is JSON, whatever its objects and numbers are.
LAX_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)


def parse_exact_json(text: str, place: str, next_command: str) -> Any:
    """Return the value that a JSON text holds.

    Returns:
        The result of `json.loads`, but with numbers as `JsonNumber` and NaN as `JsonConstant`.

    Raises:
        T5TuneError: The text is not JSON, is nested too deeply, or has a name twice.
    """
    try:
        return DECODER.decode(text)
    except json.JSONDecodeError as error:
        line = "" if error.lineno == 1 else f"line {error.lineno}, "
        reason = f"not JSON: {error.msg} at {line}character {error.colno}"
    except RepeatedNameError as error:
        reason = f"ambiguous: {error}"
    except RecursionError:
        reason = "nested too deeply to be read"
    raise T5TuneError(f"{place} is {reason}.", next_command=next_command)
