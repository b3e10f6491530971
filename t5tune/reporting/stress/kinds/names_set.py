"""Other names on both sides: the rest of the output should stay as it is."""

from __future__ import annotations

from functools import partial

from t5tune.data.noise.names import choose_names, find_names, write_names
from t5tune.reporting.stress.hard_set import (
    CleanSet,
    HardExample,
    StressKind,
    count_replaced,
    draw_for,
    replace_parts,
)


def _build(test: CleanSet) -> list[HardExample]:
    found = [find_names([source, *references]) for _, source, references in test.rows()]
    known = sorted({name for names in found for name in names})
    made = []
    for number, source, references in test.rows():
        if not found[number]:
            continue
        new = choose_names([source, *references], draw_for(KIND.name, source), names=known)
        if new:
            made.append(replace_parts((number, source, references), new, write_names))
    return made


def _has_part(text: str, part: str) -> bool:
    return part in text


KIND = StressKind(
    "names",
    "with other names",
    "Names that stand unchanged in source and references are replaced by others of the test set, "
    "the same ones on both sides.",
    _build,
    judged="scored as the test set is; its outputs are compared with the same names replaced",
    replace=write_names,
    measure=partial(count_replaced, "names", _has_part),
)
