"""Other numbers on both sides: does the model read them, or does it know them by heart?"""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.data.noise.numbers import choose_numbers, find_numbers, write_numbers
from t5tune.reporting.stress.hard_set import (
    CleanSet,
    HardExample,
    Outputs,
    StressKind,
    draw_for,
)
from t5tune.reporting.stress.stress_results import Share


def _build(test: CleanSet) -> list[HardExample]:
    made = []
    for number, source, references in test.rows():
        new = choose_numbers([source, *references], draw_for(KIND.name, source))
        if new:
            texts = [write_numbers(text, new) for text in (source, *references)]
            made.append(HardExample(texts[0], texts[1:], (number,), new))
    return made


def _measure(examples: Sequence[HardExample], outputs: Outputs, clean: Outputs) -> list[Share]:
    num_found, num_clean = (
        sum(
            set(example.replaced.values()) <= set(find_numbers(text))
            for example, text in zip(examples, texts, strict=True)
        )
        for texts in (outputs, clean)
    )
    title = "outputs with all of the replaced numbers"
    return [Share("numbers_right", title, num_found, len(examples), num_clean)]


KIND = StressKind(
    "numbers",
    "with other numbers",
    "Numbers that stand in source and references alike are replaced by others of the same form, "
    "the same ones on both sides.",
    _build,
    judged="scored as the test set is; its outputs are compared with the same numbers replaced",
    replace=write_numbers,
    measure=_measure,
)
