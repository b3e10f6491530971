"""Test what is found to be new in a test set."""

from __future__ import annotations

import json

import numpy as np

from t5tune.data.examples import Examples
from t5tune.data.novelty import ComparedLengths, NoveltyCounter, TrainingNovelty
from t5tune.data.pairs import Pairs

SOURCES = ["a red dog runs", "dog a, b", "Hundehaus xyz", "Hundehaus", "…"]
REFERENCES = [["ein roter Hund"], ["x"], ["Hundehaus"], ["Arbeitshaus"], [""]]
TRAINING = [
    Pairs(["a red", "dog runs"], ["ein Hund", "roter Arbeit, haus"]),
    Pairs(["the hund Hause haus"], ["Hund"]),
]


def find_novelty(chunks: list[Pairs]) -> TrainingNovelty:
    counter = NoveltyCounter(Examples("test", SOURCES, REFERENCES))
    for pairs in chunks:
        counter.add(pairs)
    sources = ComparedLengths.compare([5, 4, 3, 2, 1], np.bincount([3] * 18 + [4, 9]))
    return counter.result(sources, ComparedLengths((1, 1, 1, 1, 1), 1, 2))


def test_pairs_and_words_that_training_has_not() -> None:
    found = find_novelty(TRAINING)
    # "red dog" is new: of two sources, one ends with "red" and the next one begins with "dog".
    assert (found.num_pairs, found.num_new_pairs) == ((3, 1, 0, 0, 0), (1, 1, 0, 0, 0))
    assert found.source_words == ("known", "new", "new", "compound", "known")
    assert found.reference_words == ("known", "new", "compound", "compound", "known")
    assert found.source_lengths == ComparedLengths((5, 4, 3, 2, 1), 4, 9)


def test_one_pass_in_any_chunks_gives_the_same_and_can_be_stored() -> None:
    singly = [
        Pairs([source], [target])
        for pairs in TRAINING
        for source, target in zip(pairs.sources, pairs.targets, strict=False)
    ]
    assert len(singly) == 3
    found = find_novelty(singly)
    assert found == find_novelty(TRAINING)
    stored = json.loads(json.dumps(found.to_json()))
    assert TrainingNovelty.from_json(stored) == found
    assert TrainingNovelty.from_json({**stored, "num_pairs": [1]}) is None
    assert TrainingNovelty.from_json({**stored, "method": "older"}) is None
    lengths = {"num_tokens": [1], "tail": 1, "longest": 1}
    assert TrainingNovelty.from_json({**stored, "reference_lengths": lengths}) is None
    assert TrainingNovelty.from_json({}) is None
