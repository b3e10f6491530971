"""Other numbers on both sides: does the model read them, or does it know them by heart?"""

from __future__ import annotations

from functools import partial

from t5tune.data.noise.numbers import choose_numbers, find_numbers, write_numbers
from t5tune.reporting.stress.hard_set import (
    CleanSet,
    HardExample,
    StressKind,
    count_replaced,
    draw_for,
    replace_parts,
)


def _build(test: CleanSet) -> list[HardExample]:
    made = []
    for number, source, references in test.rows():
        new = choose_numbers([source, *references], draw_for(KIND.name, source))
        if new:
            made.append(replace_parts((number, source, references), new, write_numbers))
    return made


def _has_part(text: str, part: str) -> bool:
    return part in find_numbers(text)


KIND = StressKind(
    "numbers",
    "with other numbers",
    "Numbers that stand in source and references alike are replaced by others of the same form, "
    "the same ones on both sides.",
    _build,
    judged="scored as the test set is; its outputs are compared with the same numbers replaced",
    replace=write_numbers,
    measure=partial(count_replaced, "numbers", _has_part),
)
