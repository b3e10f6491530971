"""Test scores by what of an example is new to the model."""

from __future__ import annotations

import pytest

from t5tune.data.novelty import ComparedLengths, TrainingNovelty
from t5tune.scoring.compute import OutputScorer
from t5tune.scoring.diagnosis.breakdown import break_down
from t5tune.scoring.system_output import SystemOutput

NUM = 24


def novelty(num: int = NUM) -> TrainingNovelty:
    """Return that of examples of which the second half is longer and combines anew."""
    half = num // 2
    return TrainingNovelty(
        num_pairs=(0,) + (10,) * (num - 1),
        num_new_pairs=(0,) * half + (1,) * (half - 1) + (6,),
        source_words=("known",) * half + ("compound",) * half,
        reference_words=("known",) * num,
        source_lengths=ComparedLengths((5,) * half + (9,) * half, 5, 8),
        reference_lengths=ComparedLengths((6,) * num, 5, 6),
    )


def test_parts_are_scored_by_what_is_new() -> None:
    texts = [["a b c d"]] * NUM
    scorer = OutputScorer(SystemOutput(["a b c d"] * 12 + ["x y"] * 12, texts))
    parts = break_down(scorer, ["exact_match"], novelty=novelty())
    found = [
        [(bucket.label, bucket.num_examples, *(score.value for score in bucket.scores))
         for bucket in one.buckets]
        for one in parts
    ]  # fmt: skip
    assert found == [
        [
            ("up to 5 tokens, like 95 % of training", 12, 100.0),
            ("9 tokens or more, beyond training", 12, 0.0),
        ],
        [("6 tokens, like its longest 5 %", 24, 50.0)],
        [
            ("none is new", 11, 100.0),
            ("up to 10 % are new", 11, 0.0),
            ("more than half", 1),
            ("no such pair", 1),
        ],
        [
            ("all words are known", 12, 100.0),
            ("new words, each made of two known ones", 12, 0.0),
        ],
        [("all words are known", 24, 50.0)],
    ]
    with pytest.raises(ValueError, match="not that of 24 examples"):
        break_down(scorer, ["exact_match"], novelty=novelty(26))
