"""Test word and character error rates, by hand and against a plain dynamic programme."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest

from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput


def edit_distance(one: Sequence[str], other: Sequence[str]) -> int:
    """Return the Levenshtein distance, computed row by row from its definition."""
    previous = list(range(len(other) + 1))
    for row, left in enumerate(one, 1):
        current = [row]
        for column, right in enumerate(other, 1):
            substitution = previous[column - 1] + (left != right)
            current.append(min(previous[column] + 1, current[-1] + 1, substitution))
        previous = current
    return previous[-1]


def rate(metric: str, hypotheses: list[str], references: list[list[str]]) -> float:
    (score,) = score_hypotheses([metric], SystemOutput(hypotheses, references))
    return score.value


def test_rates_equal_the_definition_on_random_texts() -> None:
    source = random.Random(7)
    words = ["der", "die", "das", "größer", "x", "日本"]
    hypotheses, references = (
        [" ".join(source.choices(words, k=source.randint(1, 9))) for _ in range(60)]
        for _ in range(2)
    )
    pairs = list(zip(hypotheses, references, strict=True))
    num_edits = sum(edit_distance(left.split(), right.split()) for left, right in pairs)
    num_words = sum(len(right.split()) for right in references)
    one_each = [[reference] for reference in references]
    assert rate("wer", hypotheses, one_each) == pytest.approx(100 * num_edits / num_words)
    num_edits = sum(edit_distance(left, right) for left, right in pairs)
    num_characters = sum(len(right) for right in references)
    assert rate("cer", hypotheses, one_each) == pytest.approx(100 * num_edits / num_characters)


def test_the_corpus_rate_weighs_by_reference_length() -> None:
    # 1 edit in 1 word and 0 in 3: a quarter of the words, not the mean of 100 % and 0 %.
    assert rate("wer", ["b", "a b c"], [["a"], ["a b c"]]) == 25.0
    assert sentence_scores("wer", SystemOutput(["b", "a b c"], [["a"], ["a b c"]])) == [100.0, 0.0]


def test_insertions_can_exceed_one_hundred() -> None:
    assert rate("wer", ["a b c"], [["a"]]) == 200.0


def test_white_space_at_the_ends_and_its_amount_between_words_are_not_word_errors() -> None:
    assert rate("wer", [" a  b\u00a0"], [["a b"]]) == 0.0
    assert rate("cer", [" a b "], [["a b"]]) == 0.0
    assert rate("cer", ["ab"], [["a b"]]) == pytest.approx(100 / 3)


def test_characters_are_code_points() -> None:
    assert rate("cer", ["größe"], [["grosse"]]) == pytest.approx(300 / 6)
    assert rate("cer", ["e\u0301"], [["\u00e9"]]) == 200.0


def test_the_nearest_reference_by_rate_counts() -> None:
    # One edit against either reference; the longer reference gives the lower rate.
    assert rate("wer", ["a b c"], [["a b", "a b c d"]]) == 25.0
    assert rate("wer", ["a b", "x"], [["q", "a b"], ["x"]]) == 0.0


@pytest.mark.parametrize("metric", ["wer", "cer"])
def test_empty_references_divide_by_nothing(metric: str) -> None:
    assert rate(metric, [""], [[""]]) == 0.0
    assert rate(metric, ["x"], [[""]]) == 100.0
    assert rate(metric, [""], [["x"]]) == 100.0
    assert rate(metric, [""], [["x", ""]]) == 0.0
    # For a hypothesis with words, an empty reference is the last choice.
    assert rate(metric, ["x"], [["", "x"]]) == 0.0
    # Its insertions count against the length of the other examples.
    assert rate(metric, ["x", "y"], [[""], ["y"]]) == 100.0


def test_case_and_signature() -> None:
    (mixed,) = score_hypotheses(["wer"], SystemOutput(["A b"], [["a b", "c"]]))
    (lowercased,) = score_hypotheses(
        ["cer"], SystemOutput(["A b"], [["a b"]]), ScoringOptions(lowercase=True)
    )
    assert (mixed.name, mixed.value) == ("WER", 50.0)
    assert (lowercased.name, lowercased.value) == ("CER", 0.0)
    assert mixed.signature.startswith("nrefs:2|case:mixed|unit:word|version:t5tune-")
    assert lowercased.signature.startswith("nrefs:1|case:lc|unit:char|version:t5tune-")
