"""Test finding what a test set has in common with the training data."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from t5tune.data.overlap import TrainingOverlap, measure_overlap, overlap_key

LONG = "the old harbour master counts every small boat before the storm reaches our bay"
TRAINING = [
    ("the red boat", "das rote Boot"),
    ("the blue boat", "das blaue Boot"),
    ("A boat!", "Ein Boot!"),
    (LONG + " tonight", "Der alte Hafenmeister zählt"),
]


def agreement(source: str, reference: str = "x") -> str:
    return measure_overlap(TRAINING, [source], [[reference]]).agreement[0]


def test_words_are_counted_in_training_sources_once_an_example() -> None:
    pairs = [("ping ping ping", "a"), ("ping pong", "b"), ("Pong", "c")]
    sources = ["ping", "pong ping", "ping unseen", "?!", ""]
    overlap = measure_overlap(pairs, sources, [["x"]] * 5)
    assert overlap.rarest_word_counts == (2, 2, 0, None, None)


def test_the_same_pair_is_an_exact_leak_whatever_the_white_space() -> None:
    assert agreement("the  red boat ", "das rote  Boot") == "exact"
    assert agreement("the red boat", "das Boot, rot") == "same_source"
    assert measure_overlap(TRAINING, ["the red boat"], [["?", "das rote Boot"]]).agreement == (
        "exact",
    )


def test_composed_and_decomposed_letters_are_the_same() -> None:
    overlap = measure_overlap([("cafe\u0301", "x")], ["caf\u00e9"], [["x"]])
    assert overlap.agreement == ("exact",)


def test_near_is_the_same_words_or_most_of_a_long_text() -> None:
    assert agreement("a boat") == "near"
    assert agreement(LONG) == "near"
    assert agreement(LONG.replace("bay", "island")) == "near"
    # Changing a word in the middle changes five 5-grams, and 4 of 10 are too few.
    assert agreement(LONG.replace("before", "behind")) == "clean"
    assert agreement("the boat red") == "clean"


def test_a_short_text_inside_a_longer_one_is_not_a_leak() -> None:
    assert agreement("the old harbour master counts every small") == "clean"
    assert agreement("the old harbour master counts every small boat") == "near"


def test_what_many_test_sources_share_is_not_a_leak() -> None:
    frame = "please write a short and friendly answer to the following question"
    sources = [f"{frame} {number}" for number in range(150)]
    overlap = measure_overlap([(f"{frame} zero", "x")], sources, [["y"]] * 150)
    assert set(overlap.agreement) == {"clean"}
    assert measure_overlap([(f"{frame} zero", "x")], sources[:9], [["y"]] * 9).agreement == (
        ("near",) * 9
    )


def test_scripts_without_spaces_are_compared_character_by_character() -> None:
    source = "昨日の夕方に古い港で小さな船を見ました"
    overlap = measure_overlap([(source + "。本当です", "x")], [source, "港"], [["y"], ["z"]])
    assert overlap.agreement == ("near", "clean")
    assert overlap.rarest_word_counts == (1, 1)


def test_json_round_trip_and_other_methods() -> None:
    overlap = measure_overlap(TRAINING, ["the red boat", "new", "."], [["x"]] * 3)
    values = json.loads(json.dumps(overlap.to_json()))
    assert TrainingOverlap.from_json(values) == overlap
    assert TrainingOverlap.from_json({**values, "method": "older"}) is None
    assert TrainingOverlap.from_json({**values, "agreement": ["exact"]}) is None
    assert TrainingOverlap.from_json({**values, "rarest_word_counts": ["1", 2, 3]}) is None
    assert TrainingOverlap.from_json({}) is None


def test_the_key_changes_with_whatever_changes_the_result() -> None:
    keys = {
        overlap_key("a", ["s"], [["r"]]),
        overlap_key("b", ["s"], [["r"]]),
        overlap_key("a", ["t"], [["r"]]),
        overlap_key("a", ["s"], [["q"]]),
        overlap_key("a", ["s"], [["r", "q"]]),
    }
    assert len(keys) == 5
    assert overlap_key("a", ["s"], [["r"]]) in keys


def test_callers_mistake() -> None:
    with pytest.raises(ValueError, match="2 sources, but references for 1"):
        measure_overlap([], ["a", "b"], [["x"]])


def test_memory_does_not_grow_with_the_training_data() -> None:
    def pairs(num: int) -> Iterator[tuple[str, str]]:
        for i in range(num):
            yield f"word{i} other{i} third{i} fourth{i} fifth{i} sixth{i}", f"target{i}"

    tracemalloc.start()
    measure_overlap(pairs(20_000), ["word1 is here today"], [["x"]])
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert highest < 500_000  # bytes, garbage included; one word of each example would take more


def read_restaurants(path: Path) -> list[list[str]]:
    text = path.read_text(encoding="utf-8")
    return json.loads("\n".join(line for line in text.split("\n") if line[:1] != "#"))


def test_finds_the_leak_of_a_public_corpus(real_data: Path) -> None:
    folder = real_data / "restaurant_nlg"
    train = [(row[0], row[1]) for row in read_restaurants(folder / "train.json")]
    test = read_restaurants(folder / "test.json")
    overlap = measure_overlap(train, [row[0] for row in test], [[row[1]] for row in test])
    # Counted by the slow method.
    pairs, acts = set(train), {act for act, _ in train}
    num_exact = sum((row[0], row[1]) in pairs for row in test)
    counts = Counter(overlap.agreement)
    assert counts["exact"] == num_exact > 300
    assert counts["same_source"] == sum(row[0] in acts for row in test) - num_exact
    assert counts["near"] + counts["clean"] > 300
