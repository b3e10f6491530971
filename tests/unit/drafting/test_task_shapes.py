"""Test what pairs of texts are recognized as."""

from __future__ import annotations

import pytest

from t5tune.data.readers.open_splits import Example, OpenSplit
from t5tune.drafting.pair_survey import PairSurvey, survey_pairs
from t5tune.drafting.task_shapes import recognize_task
from t5tune.recipe.places import TableFile

LONG = "The council has decided to sell the old houses beside the river. " * 8


def survey(pairs: list[tuple[str, str]]) -> PairSurvey:
    examples = [Example(source, [target]) for source, target in pairs]
    place = TableFile("pairs.tsv")
    return survey_pairs(OpenSplit("data.train", place, "rows", None, lambda: iter(examples)), 0)


@pytest.mark.parametrize(
    ("pairs", "languages", "task"),
    [
        ([(f"word{n}", f"w ɜː d {n}") for n in range(40)], (None, None), "text2text phones"),
        ([(f"word{n} is good", "yes" if n % 2 else "no") for n in range(80)], ("en", None),
         "text2text labels"),
        ([(f"house {n}", f"Haus {n}") for n in range(40)], ("en", "de"), "translation"),
        ([(f"{LONG} {n}", f"Houses are sold {n}") for n in range(40)], ("en", "en"),
         "summarization"),
        ([(f"I has {n} houses", f"I have {n} houses") for n in range(40)], ("en", "en"),
         "text2text"),
    ],
)  # fmt: skip
def test_tasks_are_recognized(
    pairs: list[tuple[str, str]], languages: tuple[str | None, str | None], task: str
) -> None:
    shape = recognize_task(survey(pairs), languages, by_names=None, given=None)
    marks = [name for name in ("phones", "labels") if getattr(shape, f"is_{name}")]
    assert " ".join([shape.task, *marks]) == task


def test_blank_repeated_and_copied_pairs_are_counted() -> None:
    found = survey([("a", "b"), ("a", "b"), ("c", " "), ("d", "d")])
    assert (found.num_pairs, found.num_blank, found.num_repeated, found.num_copied) == (3, 1, 1, 1)
