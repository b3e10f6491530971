"""Test windows of training data that is streamed."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator, Sequence
from itertools import islice

import pytest

from t5tune.data.cleaning.cleaner import build_cleaner
from t5tune.data.pair_encoding import EncodedSide, PairEncoder
from t5tune.data.pairs import Pairs
from t5tune.data.readers.open_splits import Example, OpenSplit
from t5tune.data.streaming import ExampleStream, StreamPosition, Window
from t5tune.data.token_sequences import flatten
from t5tune.data.training_text import TrainingText
from t5tune.errors import T5TuneError
from t5tune.recipe.places import TableFile
from t5tune.recipe.sections.cleaning_section import CleaningSection

BLANK = frozenset({3, 4, 11, 24})  # rows without a source


class Numbers(PairEncoder):
    """Encodes the source `7` as the token 7, and its target as two of them."""

    def __init__(self) -> None:
        pass

    def encode_pairs(self, pairs: Pairs) -> tuple[EncodedSide, EncodedSide]:
        sides = [[[int(text)] * n for text in pairs.sources] for n in (1, 2)]
        first, second = (EncodedSide(*flatten(side), 0) for side in sides)
        return first, second


def split_of(examples: Sequence[Example]) -> OpenSplit:
    return OpenSplit("data.train", TableFile("t.tsv"), "rows", None, lambda: iter(examples))


def stream_of(
    split: OpenSplit, size: int, *, num_embeddings: int = 100, seen: list[str] | None = None
) -> ExampleStream:
    def watch(pairs: Pairs) -> None:
        if seen is not None:
            seen.extend(pairs.sources)

    return ExampleStream(TrainingText(split), Numbers(), size, num_embeddings, lambda: None, watch)


def rows(num: int) -> list[Example]:
    return [Example("" if i in BLANK else str(i), ["target"]) for i in range(num)]


def numbers(window: Window) -> list[int]:
    dataset = window.dataset
    assert [list(dataset.targets[i]) for i in range(len(dataset))] == [
        [int(source)] * 2 for source in dataset.sources.ids
    ]
    return [int(number) for number in dataset.sources.ids]


@pytest.mark.parametrize("size", [1, 4, 7, 21, 40])
def test_windows_hold_every_usable_example_once_a_pass(size: int) -> None:
    windows = list(islice(stream_of(split_of(rows(25)), size).windows(StreamPosition()), 60))
    usable = [i for i in range(25) if i not in BLANK]
    for number in range(2):
        of_pass = [w for w in windows if w.start.num_passes == number]
        assert [n for window in of_pass for n in numbers(window)] == usable
        assert {len(window.dataset) for window in of_pass[:-1]} <= {size}
        assert of_pass[0].start.row == 0
    assert all(numbers(w)[0] >= w.start.row for w in windows)


@pytest.mark.parametrize("number", range(12))
def test_a_stream_continues_from_every_window(number: int) -> None:
    seen: list[str] = []
    whole = list(islice(stream_of(split_of(rows(25)), 6, seen=seen).windows(StreamPosition()), 12))
    again: list[str] = []
    stream = stream_of(split_of(rows(25)), 6, seen=again)
    rest = list(islice(stream.windows(whole[number].start), 12 - number))
    assert [(w.start, numbers(w)) for w in rest] == [(w.start, numbers(w)) for w in whole[number:]]
    assert again == seen == [str(i) for i in range(25) if i not in BLANK], "once, in order"


def test_no_more_than_a_window_is_held() -> None:
    def read() -> Iterator[Example]:
        return (Example(str(i), ["x" * 500]) for i in range(40_000))  # 20 MB

    split = OpenSplit("data.train", TableFile("t.tsv"), "rows", None, read)
    stream = stream_of(split, 2000, num_embeddings=50_000)
    tracemalloc.start()
    try:
        for window in stream.windows(StreamPosition()):
            if window.start.num_passes:
                break
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert stream.num_windows == 21
    assert peak < 3_000_000


def test_long_texts_are_read_few_at_a_time() -> None:
    sizes: list[int] = []

    class Noting(Numbers):
        def encode_pairs(self, pairs: Pairs) -> tuple[EncodedSide, EncodedSide]:
            sizes.append(len(pairs.sources))
            return super().encode_pairs(pairs)

    split = split_of([Example("1", ["x" * 3_000_000])] * 5)
    stream = ExampleStream(TrainingText(split), Noting(), 5, 100, lambda: None, lambda _: None)
    assert len(next(stream.windows(StreamPosition())).dataset) == 5
    assert sizes == [2, 2, 1]


@pytest.mark.parametrize(
    ("examples", "expected"),
    [
        ([], r"data\.train: t\.tsv holds no example"),
        ([Example("", ["a"]), Example("b", [" "])], "every example has a blank source or target"),
        ([Example("100", ["a"])], "the tokenizer gives the token 100"),
    ],
)
def test_data_that_cannot_be_used(examples: list[Example], expected: str) -> None:
    with pytest.raises(T5TuneError, match=expected):
        next(stream_of(split_of(examples), 5).windows(StreamPosition()))


def test_data_that_changes_is_noticed() -> None:
    def check() -> None:
        raise T5TuneError("It changed.")

    stream = ExampleStream(
        TrainingText(split_of(rows(9))), Numbers(), 5, 100, check, lambda _: None
    )
    with pytest.raises(T5TuneError, match="It changed"):
        next(stream.windows(StreamPosition()))


def test_rules_leave_out_pairs_of_a_stream_and_count_the_first_pass() -> None:
    section = CleaningSection.model_validate({"too_long": {"characters": 6}})
    examples = [Example(str(i), ["too long" if i % 3 == 1 else "target"]) for i in range(8)]
    text = TrainingText(split_of(examples), build_cleaner(section, (None, None)), is_streamed=True)
    stream = ExampleStream(text, Numbers(), 3, 100, lambda: None, lambda _: None)
    windows = [numbers(one) for one in islice(stream.windows(StreamPosition()), 4)]
    assert windows == [[0, 2, 3], [5, 6], [0, 2, 3], [5, 6]]
    assert stream.cleaning.report is not None
    assert stream.cleaning.report.counts == {"blank": 0, "too_long": 3}
    assert stream.cleaning.report.num_read == 8
