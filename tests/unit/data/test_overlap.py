"""Test finding what a test set has in common with the training data."""

from __future__ import annotations

import json
import tracemalloc
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import Indel

from t5tune.data.examples import Examples
from t5tune.data.overlap import LeakedExample, OverlapCounter, TrainingOverlap, overlap_key
from t5tune.data.pairs import Pairs

LONG = "the old harbour master counts every small boat before the storm reaches our bay"
TRAINING = [
    ("the red boat", "das rote Boot"),
    ("the blue boat", "das blaue Boot"),
    ("A boat!", "Ein Boot!"),
    (LONG + " tonight", "Der alte Hafenmeister zählt"),
]


def measure_overlap(
    pairs: Iterable[tuple[str, str]],
    sources: Sequence[str],
    references: Sequence[list[str]],
    size: int = 3,
) -> TrainingOverlap:
    counter = OverlapCounter([Examples("test", list(sources), list(references))])
    add_pairs(counter, pairs, size)
    (overlap,) = counter.results()
    return overlap


def add_pairs(counter: OverlapCounter, pairs: Iterable[tuple[str, str]], size: int) -> None:
    rest = iter(pairs)
    while chunk := list(islice(rest, size)):
        some = Pairs([source for source, _ in chunk], [target for _, target in chunk])
        counter.add(some, counter.search(some))


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
    # A word in the middle changes five 5-grams of ten, but only one word of fourteen.
    assert agreement(LONG.replace("before", "behind")) == "near"
    assert agreement(LONG.replace("harbour", "x").replace("before", "behind")) == "near"
    assert agreement(LONG.replace("harbour", "x").replace("before", "y").replace("our", "z")) == (
        "clean"
    )
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


def naive_agreement(
    pairs: Sequence[tuple[str, str]], source: str, reference: str, sources: Sequence[str]
) -> str:
    """Compare every pair with a source of a test set, without an index."""

    def grams(text: str, length: int) -> set[tuple[str, ...]]:
        words = text.split()
        return {tuple(words[i : i + length]) for i in range(len(words) - length + 1)}

    def shares(text: str, length: int, most: int, share: float, least: int) -> bool:
        own = {
            gram
            for gram in grams(source, length)
            if sum(gram in grams(other, length) for other in sources) <= most
        }
        num_shared = len(own & grams(text, length))
        return num_shared >= least and num_shared >= share * len(own)

    def is_near(text: str) -> bool:
        if text.split() == source.split() or shares(text, 5, 100, 0.7, 4):
            return True
        if len(source.split()) < 10 or len(source.replace(" ", "")) < 20:
            return False
        words, others = source.split(), text.split()
        num_changed = Indel.distance(words, others)
        return 5 * num_changed <= len(words + others) and shares(text, 3, 10, 0.25, 2)

    if (source, reference) in pairs:
        return "exact"
    if any(text == source for text, _ in pairs):
        return "same_source"
    return "near" if any(is_near(text) for text, _ in pairs) else "clean"


# Few words and few changes, so that texts are often alike.
WORDS = [f"w{number}" for number in range(30)]
BASES = [" ".join(WORDS[start : start + length]) for start, length in ((0, 12), (4, 9), (8, 22))]


@st.composite
def alike(draw: st.DrawFn) -> str:
    words = draw(st.sampled_from(BASES)).split()
    for _ in range(draw(st.integers(0, 5))):
        place = draw(st.integers(0, len(words) - 1))
        words[place : place + draw(st.integers(0, 1))] = [draw(st.sampled_from([*WORDS, "other"]))]
    return " ".join(words[draw(st.integers(0, 3)) : draw(st.integers(8, 30))])


TARGETS = st.sampled_from("xy")


@settings(max_examples=60)
@given(
    st.lists(st.tuples(alike(), TARGETS), min_size=1, max_size=6),
    st.lists(st.tuples(alike(), TARGETS), min_size=1, max_size=14),
    st.integers(1, 7),
)
def test_the_index_finds_what_comparing_all_pairs_finds(
    pairs: list[tuple[str, str]], test: list[tuple[str, str]], size: int
) -> None:
    sources = [source for source, _ in test]
    overlap = measure_overlap(pairs, sources, [[target] for _, target in test], size)
    assert list(overlap.agreement) == [
        naive_agreement(pairs, source, target, sources) for source, target in test
    ]
    assert overlap.rarest_word_counts == tuple(
        min(sum(word in text.split() for text, _ in pairs) for word in source.split())
        for source in sources
    )


def test_sets_are_compared_in_one_pass_and_do_not_affect_each_other() -> None:
    frame = "please write a short and friendly answer to the following question"
    sets = [
        Examples("validation", ["?!", *(f"{frame} {i}" for i in range(150))], [["y"]] * 151),
        Examples("test", ["A boat", LONG, *(f"{frame} {i}" for i in range(9))], [["x"]] * 11),
    ]
    pairs = [*TRAINING, (f"{frame} zero", "x"), (LONG, "x")]
    counter = OverlapCounter(sets)
    add_pairs(counter, pairs, 2)
    together = counter.results()
    for examples, overlap in zip(sets, together, strict=True):
        assert overlap == measure_overlap(pairs, examples.sources, examples.references, size=9)
    assert [overlap.num_leaked for overlap in together] == [0, 11]
    assert together[0].worst is None
    assert together[1].worst == LeakedExample(1, 5, LONG, "x")


def test_json_round_trip_and_other_methods() -> None:
    overlap = measure_overlap(TRAINING, ["the red boat", "new", "."], [["x"]] * 3)
    values = json.loads(json.dumps(overlap.to_json()))
    assert TrainingOverlap.from_json(values) == overlap
    assert overlap.worst == LeakedExample(0, 0, "the red boat", "das rote Boot")
    assert TrainingOverlap.from_json({**values, "method": "older"}) is None
    assert TrainingOverlap.from_json({**values, "worst": None}) is None
    older = {key: value for key, value in values["worst"].items() if "place" not in key}
    assert TrainingOverlap.from_json({**values, "worst": older}) == overlap
    for key, value in (
        ("place", None),
        ("number", 3),
        ("number", -1),
        ("training_source", None),
        ("other", 1),
    ):
        damaged = {**values["worst"], key: value}
        assert TrainingOverlap.from_json({**values, "worst": damaged}) is None
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


def test_memory_does_not_grow_with_the_training_data() -> None:
    def pairs(num: int) -> Iterator[tuple[str, str]]:
        for i in range(num):
            yield f"word{i} other{i} third{i} fourth{i} fifth{i} sixth{i}", f"target{i}"

    tracemalloc.start()
    measure_overlap(pairs(20_000), ["word1 is here today"], [["x"]], size=100)
    _, highest = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert highest < 2_000_000  # bytes, garbage included; the words of all pairs would take more


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
