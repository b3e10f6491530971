"""Test the scores of parts of the test set."""

from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from t5tune.data.overlap import TrainingOverlap
from t5tune.scoring.compute import OutputScorer, score_hypotheses
from t5tune.scoring.diagnosis.breakdown import break_down
from t5tune.scoring.diagnosis.findings import Breakdown
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput

SOURCES = ["w " * length for length in [*[3] * 12, *[12] * 15, *[70] * 11]]
REFERENCES = [[f"this is number {number} of them"] for number in range(len(SOURCES))]
HYPOTHESES = [
    of_one[0] if number % 3 else "nothing like number 7 at all"
    for number, of_one in enumerate(REFERENCES)
]
OUTPUT = SystemOutput(HYPOTHESES, REFERENCES, sources=SOURCES)


def parts(breakdown: Breakdown) -> list[tuple[str, int]]:
    return [(bucket.label, bucket.num_examples) for bucket in breakdown.buckets]


def test_buckets_have_the_scores_of_their_own_examples() -> None:
    (lengths,) = break_down(OutputScorer(OUTPUT), ["bleu", "chrf"])
    assert (lengths.name, parts(lengths)) == (
        "source_length",
        [("up to 5 words", 12), ("11 to 15 words", 15), ("61 to 100 words", 11)],
    )
    ranges = [(0, 12), (12, 27), (27, 38)]
    for bucket, (start, end) in zip(lengths.buckets, ranges, strict=True):
        expected = score_hypotheses(
            ["bleu"], SystemOutput(HYPOTHESES[start:end], REFERENCES[start:end])
        )
        assert list(bucket.scores) == expected


def test_small_neighbours_in_length_are_joined() -> None:
    def labels(*numbers: int) -> list[tuple[str, int]]:
        lengths = [1, 8, 13, 35, 999]
        sources = [
            "w " * length
            for length, number in zip(lengths, numbers, strict=True)
            for _ in range(number)
        ]
        texts = ["a b c d"] * len(sources)
        output = SystemOutput(texts, [[text] for text in texts], sources=sources)
        (found,) = break_down(OutputScorer(output), ["wer"])
        return parts(found)

    # Four and five are nine, and still too few.
    assert labels(4, 5, 20, 6, 5) == [("up to 15 words", 29), ("31 words or more", 11)]
    # The remainder goes to the last bucket.
    assert labels(10, 10, 0, 0, 3) == [("up to 5 words", 10), ("6 words or more", 13)]


def test_a_single_bucket_is_not_a_breakdown() -> None:
    texts = ["a b c d"] * 20
    output = SystemOutput(texts, [[text] for text in texts], sources=texts)
    assert break_down(OutputScorer(output), ["wer"]) == ()


def test_rare_words_and_leaks() -> None:
    texts = [f"text {number}" for number in range(40)]
    references = [[text] for text in texts]
    counts = [*[0] * 10, *[1] * 10, *[3] * 10, 4, 5, 19, 20, 99, 100, 5000, None, None, None]
    agreement = [*["exact"] * 12, *["near"] * 3, *["clean"] * 25]
    rare, leaks = break_down(
        OutputScorer(SystemOutput(texts, references)),
        ["ter", "wer"],
        overlap=TrainingOverlap(counts, agreement),
    )
    assert parts(rare) == [
        ("never seen", 10),
        ("1 example", 10),
        ("2 to 4 examples", 11),
        ("5 to 19 examples", 2),
        ("20 to 99 examples", 2),
        ("100 examples or more", 2),
    ]
    assert [[score.name for score in bucket.scores] for bucket in rare.buckets] == [
        ["WER"], ["WER"], ["WER"], [], [], [],
    ]  # fmt: skip
    assert [number for _, number in parts(leaks)] == [12, 0, 3, 25]
    assert [len(bucket.scores) for bucket in leaks.buckets] == [1, 0, 0, 1]


def leak_breakdowns(agreement: list[str], metrics: list[str], scored: list[str]) -> list[Breakdown]:
    texts = [f"text {number}" for number in range(len(agreement))]
    scorer = OutputScorer(SystemOutput(texts, [[text] for text in texts]))
    scorer.score(scored)
    overlap = TrainingOverlap((None,) * len(texts), tuple(agreement))
    return list(break_down(scorer, metrics, overlap=overlap))


def test_there_is_a_breakdown_by_leaks_if_everything_leaks_and_none_if_nothing_does() -> None:
    (leaks,) = leak_breakdowns(["exact"] * 12, ["bleu"], [])
    assert [number for _, number in parts(leaks)] == [12, 0, 0, 0]
    assert leaks.buckets[-1].scores == ()
    assert leak_breakdowns(["clean"] * 12, ["bleu"], []) == []


def test_leaks_have_the_main_score_if_its_numbers_are_known() -> None:
    def names(scored: list[str]) -> list[str]:
        (leaks,) = leak_breakdowns(["exact"] * 10 + ["clean"] * 10, ["ter", "wer"], scored)
        return [score.name for score in leaks.buckets[-1].scores]

    assert names(["ter", "wer"]) == ["TER"]
    assert names([]) == ["WER"]


def test_options_reach_the_metric() -> None:
    texts = ["Der Hund"] * 20
    (leaks,) = break_down(
        OutputScorer(SystemOutput(texts, [["der hund"]] * 20), ScoringOptions(lowercase=True)),
        ["exact_match"],
        overlap=TrainingOverlap([None] * len(texts), ["exact"] * 10 + ["clean"] * 10),
    )
    assert [bucket.scores[0].value for bucket in leaks.buckets if bucket.scores] == [100.0, 100.0]
    assert "case:lc" in leaks.buckets[0].scores[0].signature


def test_json() -> None:
    (lengths,) = break_down(OutputScorer(OUTPUT), ["rouge"])
    values = json.loads(json.dumps(asdict(lengths)))
    assert list(values) == ["name", "title", "buckets"]
    first = values["buckets"][0]
    assert (first["label"], first["num_examples"]) == ("up to 5 words", 12)
    names = [score["name"] for score in first["scores"]]
    assert names == ["ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-Lsum"]
    assert list(first["scores"][0]) == ["name", "value", "signature", "confidence_interval"]


def test_callers_mistakes() -> None:
    with pytest.raises(ValueError, match="overlap is not that of 1"):
        break_down(
            OutputScorer(SystemOutput(["a"], [["a"]])),
            ["wer"],
            overlap=TrainingOverlap([None], []),
        )
