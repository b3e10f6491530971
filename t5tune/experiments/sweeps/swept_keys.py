"""KEY=A,B,C on the command line: the keys of a sweep and the values that they take."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from t5tune.errors import T5TuneError
from t5tune.recipe.overrides import parse_override

_EXAMPLE = "t5tune sweep RECIPE training.learning_rate=1e-4,3e-4   # for example"
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\.\.({_NUMBER})")
_OPENING, _CLOSING = "[{(", "]})"


@dataclass(frozen=True)
class Range:
    """Numbers from LOW to HIGH, both included, as LOW..HIGH.

    Whole numbers are drawn with equal probability; so are the logarithms of other numbers if both
    ends are positive, and otherwise the numbers themselves.
    """

    low: float
    high: float
    is_whole: bool

    def draw(self, share: float) -> str:
        """Return the number at a share, from 0 to 1, of the range, with three digits."""
        if self.is_whole:
            return str(int(self.low + math.floor(share * (self.high - self.low + 1))))
        if self.low > 0:
            return f"{self.low * (self.high / self.low) ** share:.3g}"
        return f"{self.low + share * (self.high - self.low):.3g}"


@dataclass(frozen=True)
class SweptKey:
    """A key and its values, as texts that YAML reads, or the range that they are drawn from."""

    key: str
    values: tuple[str, ...] | Range

    def draw(self, random: Random) -> str:
        """Return a value; only `random()` is asked for, which is the same in every Python."""
        share = random.random()
        if isinstance(self.values, Range):
            return self.values.draw(share)
        return self.values[math.floor(share * len(self.values))]


def read_swept(arguments: Sequence[str]) -> tuple[list[SweptKey], list[str]]:
    """Return the keys with several values, and the changes that all trainings have.

    Raises:
        T5TuneError: An argument is not KEY=VALUE, or a key is given twice.
    """
    swept: list[SweptKey] = []
    fixed: list[str] = []
    seen: set[str] = set()
    for argument in arguments:
        name, equals, text = argument.partition("=")
        key = parse_override(f"{name}=null" if equals else argument).key
        if key in seen:
            raise T5TuneError(
                f"{key} is given twice; its values belong together.",
                next_command=f"{key}=A,B   # instead",
            )
        seen.add(key)
        values = list(dict.fromkeys(split_values(text)))
        if "" in values:
            raise T5TuneError(
                f"{argument}: a value is empty; null removes a key, and '' is an empty text.",
                next_command=_EXAMPLE,
            )
        found = _RANGE.fullmatch(values[0]) if len(values) == 1 else None
        if found:
            swept.append(SweptKey(key, _read_range(argument, *found.groups())))
        elif len(values) > 1:
            swept.append(SweptKey(key, tuple(values)))
        else:
            fixed.append(argument)
    return swept, fixed


def _read_range(argument: str, low: str, high: str) -> Range:
    ends = float(low), float(high)
    if ends[0] >= ends[1]:
        raise T5TuneError(
            f"{argument}: a range begins with its smaller end.", next_command=_EXAMPLE
        )
    return Range(*ends, is_whole=all(end.lstrip("+-").isdecimal() for end in (low, high)))


def split_values(text: str) -> list[str]:
    """Return the values between commas, except for commas in brackets, braces and quotes."""
    values = [""]
    depth, quote = 0, ""
    for character in text:
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'" and not values[-1].strip(" [{(,:"):
            quote = character  # an apostrophe inside a word opens nothing
        elif character in _OPENING:
            depth += 1
        elif character in _CLOSING:
            depth -= 1
        if character == "," and depth <= 0 and not quote:
            values.append("")
        else:
            values[-1] += character
    return [value.strip() for value in values]


def list_combinations(keys: Sequence[SweptKey]) -> Iterator[tuple[str, ...]]:
    """Yield KEY=VALUE for each combination of values, those of the last key first.

    Raises:
        T5TuneError: A key has a range, whose values only `--random` can draw.
    """
    if not keys:
        yield ()
        return
    first, *others = keys
    if isinstance(first.values, Range):
        raise T5TuneError(
            f"{first.key} has a range of values, of which a number is drawn by --random.",
            next_command="the same command with --random 10",
        )
    for value in first.values:
        for rest in list_combinations(others):
            yield (f"{first.key}={value}", *rest)


def draw_combinations(keys: Sequence[SweptKey], num: int, seed: int) -> list[tuple[str, ...]]:
    """Return different combinations, drawn at random: with a greater number, these and others.

    All are returned if there are not more.
    """
    random = Random(seed)
    sizes = [math.inf if isinstance(k.values, Range) else len(k.values) for k in keys]
    if math.prod(sizes) <= num:
        return list(list_combinations(keys))
    drawn: dict[tuple[str, ...], None] = {}
    for _ in range(1000 * num):  # a range of few whole numbers may not have as many
        drawn[tuple(f"{key.key}={key.draw(random)}" for key in keys)] = None
        if len(drawn) == num:
            break
    return list(drawn)
