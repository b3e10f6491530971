"""Test distinct-n against counts by hand, and the effect of resampling on it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.metrics.distinct import DistinctScorer
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput

# Tokens: a b a . | a b c . | (none); 8 in all. Unigrams: a b . c. Bigrams: "a b", "b a", "a .",
# "b c", "c .".
HYPOTHESES = ["a b a.", "a b c.", ""]
REFERENCES = [["x"], ["y"], ["z"]]


def statistics(hypotheses: list[str]):  # type: ignore[no-untyped-def]
    return DistinctScorer(ScoringOptions()).collect_statistics(
        SystemOutput(hypotheses, [["x"]] * len(hypotheses))
    )


def test_scores_are_those_counted_by_hand() -> None:
    first, second = score_hypotheses(["distinct_n"], SystemOutput(HYPOTHESES, REFERENCES))
    assert (first.name, first.value) == ("distinct_1", 4 / 8)
    assert (second.name, second.value) == ("distinct_2", 5 / 8)
    assert first.signature.startswith("nrefs:1|case:mixed|per:token|tok:13a|version:sacrebleu-")


def test_single_examples_are_counted_by_themselves() -> None:
    assert sentence_scores("distinct_n", SystemOutput(HYPOTHESES, REFERENCES)) == [
        3 / 4,
        3 / 4,
        0.0,
    ]


def test_case_counts_unless_it_is_to_be_ignored() -> None:
    mixed, _ = score_hypotheses(["distinct_n"], SystemOutput(["A a"], [["x"]]))
    lowercased, _ = score_hypotheses(
        ["distinct_n"], SystemOutput(["A a"], [["x"]]), ScoringOptions(lowercase=True)
    )
    assert (mixed.value, lowercased.value) == (1.0, 0.5)
    assert "case:lc" in lowercased.signature


def test_chinese_is_counted_by_character() -> None:
    (score, _) = score_hypotheses(
        ["distinct_n"], SystemOutput(["今天今天"], [["x"]]), ScoringOptions(target_lang="zh")
    )
    assert score.value == 2 / 4
    assert "tok:zh" in score.signature


def test_statistics_of_the_text_itself_are_its_scores() -> None:
    values = statistics(HYPOTHESES).compute_scores(np.arange(3)[None])
    assert values.tolist() == [[4 / 8, 5 / 8]]
    assert statistics(HYPOTHESES).segment_scores().tolist() == [3 / 4, 3 / 4, 0.0]


def test_a_part_without_repetitions_is_counted_exactly() -> None:
    hypotheses = ["a b", "b c", "c d d", "a b"]
    parts = np.array([[0, 2], [3, 0], [1, 2]])
    for row, part in zip(statistics(hypotheses).compute_scores(parts), parts, strict=True):
        texts = [hypotheses[index] for index in part]
        expected = score_hypotheses(["distinct_n"], SystemOutput(texts, [["x"]] * 2))
        assert row.tolist() == [score.value for score in expected]


def test_an_example_drawn_twice_counts_with_what_it_alone_has() -> None:
    # "c d" alone has c and d; "a b" shares both with "b a". Drawn: 0, 2, 2.
    values = statistics(["a b", "b a", "c d"]).compute_scores(np.array([[0, 2, 2]]))
    assert values[0, 0] == (4 + 2) / 6


def test_both_systems_as_one_test_set() -> None:
    joined = statistics(["a b", "c"]).join(statistics(["b a", "c d"]))
    values = joined.compute_scores(np.array([[0, 1], [2, 1], [2, 3], [0, 3]]))
    assert joined.num_examples == 4
    assert values[:, 0].tolist() == [1.0, 1.0, 1.0, 1.0]
    assert joined.compute_scores(np.array([[0, 2]]))[0].tolist() == [2 / 4, 2 / 4]


def test_bootstrap_samples_surround_the_value(real_data: Path) -> None:
    lines = (real_data / "multi30k" / "test_2016_flickr.de").read_text(encoding="utf-8").split("\n")
    hypotheses = [line for line in lines if line]
    assert len(hypotheses) == 1000
    values = [
        score.value
        for score in score_hypotheses(["distinct_n"], SystemOutput(hypotheses, [["x"]] * 1000))
    ]
    samples = np.random.default_rng(7).integers(0, 1000, (400, 1000))
    resampled = statistics(hypotheses).compute_scores(samples)
    lower, upper = np.percentile(resampled, [2.5, 97.5], axis=0)
    for index, value in enumerate(values):
        # Plain counting gives values a quarter to a third lower, and intervals without these.
        assert lower[index] < value < upper[index]
        assert abs(resampled[:, index].mean() - value) < 0.2 * (upper[index] - lower[index])


def test_texts_without_a_token() -> None:
    assert [
        score.value
        for score in score_hypotheses(["distinct_n"], SystemOutput(["", ""], [["a"], ["b"]]))
    ] == [
        0.0,
        0.0,
    ]
    assert (
        statistics(["", ""]).compute_scores(np.array([[0, 1], [0, 0]])).tolist() == [[0.0, 0.0]] * 2
    )


@pytest.mark.parametrize("metric", ["distinct_n", "length_ratio"])
def test_the_tokenizer_can_be_chosen(metric: str) -> None:
    score = score_hypotheses(
        [metric], SystemOutput(["ab"], [["ab"]]), ScoringOptions(tokenize="char")
    )[0]
    assert "tok:char" in score.signature
