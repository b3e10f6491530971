"""Test the examples of a test set with one system's hypotheses."""

from __future__ import annotations

import pytest

from t5tune.errors import T5TuneError
from t5tune.scoring.system_output import SystemOutput


def test_what_cannot_be_scored_is_a_user_error() -> None:
    with pytest.raises(T5TuneError, match="2 hypotheses but references for 1"):
        SystemOutput(["a", "b"], [["a"]])
    with pytest.raises(T5TuneError, match="no examples"):
        SystemOutput([], [])
    with pytest.raises(T5TuneError, match=r"Example 1 .* no reference"):
        SystemOutput(["a", "b"], [["a"], []])


def test_callers_mistakes() -> None:
    with pytest.raises(TypeError):  # a single text in place of a list of references
        SystemOutput(["abc"], ["abc"])
    with pytest.raises(ValueError, match="0 sources for 1 hypotheses"):
        SystemOutput(["a"], [["a"]], sources=[])
    with pytest.raises(ValueError, match="2 limits for 1 hypotheses"):
        SystemOutput(["a"], [["a"]], reached_limit=[False, True])


def test_some_of_the_examples() -> None:
    output = SystemOutput("abc", [["A"], ["B"], ["C"]], "xyz")
    assert output.select([2, 0]) == SystemOutput(["c", "a"], [["C"], ["A"]], ["z", "x"])
    assert SystemOutput("ab", [["A"], ["B"]]).select([1]) == SystemOutput(["b"], [["B"]])
