"""Several sentences at once, for models that are trained on single ones."""

from __future__ import annotations

from t5tune.reporting.stress.hard_set import CleanSet, HardExample, StressKind

_NUM_JOINED = 3


def _build(test: CleanSet) -> list[HardExample]:
    rows = list(test.rows())
    groups = [rows[i : i + _NUM_JOINED] for i in range(0, len(rows), _NUM_JOINED)]
    return [
        HardExample(
            " ".join(source for _, source, _ in group),
            # The first ones, the second ones …: as many as the example with the fewest has.
            [" ".join(texts) for texts in zip(*(refs for _, _, refs in group), strict=False)],
            tuple(number for number, _, _ in group),
        )
        for group in groups
        if len(group) == _NUM_JOINED
    ]


KIND = StressKind(
    "long",
    "several sentences at once",
    f"{_NUM_JOINED} examples in a row are joined to one, and so are their references.",
    _build,
    judged="compared with the outputs for the single examples, joined; the length limit is that "
    f"of {_NUM_JOINED} examples",
    num_joined=_NUM_JOINED,
)
