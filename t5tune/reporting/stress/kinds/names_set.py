"""Other names on both sides: the rest of the output should stay as it is."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.data.noise.names import choose_names, find_names, write_names
from t5tune.reporting.stress.hard_set import (
    CleanSet,
    HardExample,
    Outputs,
    StressKind,
    draw_for,
)
from t5tune.reporting.stress.stress_results import Share


def _build(test: CleanSet) -> list[HardExample]:
    found = [find_names([source, *references]) for _, source, references in test.rows()]
    known = sorted({name for names in found for name in names})
    made = []
    for number, source, references in test.rows():
        if not found[number]:
            continue
        new = choose_names([source, *references], draw_for(KIND.name, source), names=known)
        if new:
            texts = [write_names(text, new) for text in (source, *references)]
            made.append(HardExample(texts[0], texts[1:], (number,), new))
    return made


def _measure(examples: Sequence[HardExample], outputs: Outputs, clean: Outputs) -> list[Share]:
    num_found, num_clean = (
        sum(
            all(name in text for name in example.replaced.values())
            for example, text in zip(examples, texts, strict=True)
        )
        for texts in (outputs, clean)
    )
    title = "outputs with all of the replaced names"
    return [Share("names_right", title, num_found, len(examples), num_clean)]


KIND = StressKind(
    "names",
    "with other names",
    "Names that stand unchanged in source and references are replaced by others of the test set, "
    "the same ones on both sides.",
    _build,
    judged="scored as the test set is; its outputs are compared with the same names replaced",
    replace=write_names,
    measure=_measure,
)
