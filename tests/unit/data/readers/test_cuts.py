"""Test splits that are cut from the training data."""

from __future__ import annotations

import random
import tracemalloc
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from t5tune.data.normalization import normalize_text
from t5tune.data.readers.cuts import choose_cuts, leave_out, open_cut
from t5tune.data.readers.open_splits import Example, OpenSplit
from t5tune.data.readers.sources import load_split
from t5tune.data.store.data_identity import identify_data
from t5tune.errors import T5TuneError
from t5tune.recipe.places import CutSplit, TableFile
from t5tune.recipe.sections.data_section import DataSection
from t5tune.training.checkpoints.resuming import find_unsafe_changes, fingerprint_recipe
from tests.conftest import number_pairs, write_pairs
from tests.tiny_sections import build_tiny_recipe


def section(train: dict[str, Any], **others: Any) -> DataSection:
    return DataSection.model_validate({"train": train, **others})


def cut(size: int | str, **keys: Any) -> dict[str, Any]:
    return {"from": "train", "size": size, **keys}


def in_memory(sources: list[str]) -> OpenSplit:
    examples = [Example(source, [f"target {i}"]) for i, source in enumerate(sources)]
    place = TableFile("train.tsv")
    return OpenSplit("data.train", place, "rows", None, lambda: iter(examples))


def split_up(train: OpenSplit, **sizes: int | str) -> dict[str, list[Example]]:
    """Return the examples of each split, and of `train`."""
    places = {split: CutSplit(size) for split, size in sizes.items()}
    found = choose_cuts(train, places)
    parts = {s: list(open_cut(train, s, p, found).read()) for s, p in places.items()}
    return {**parts, "train": list(leave_out(train, found).read())}


@given(
    st.lists(st.sampled_from("abcdefghijklmnop"), min_size=24, max_size=60),
    st.integers(1, 8),
    st.integers(1, 8),
)
def test_every_example_is_in_one_split_and_every_source_on_one_side(
    letters: list[str], num_validation: int, num_test: int
) -> None:
    spaces = ["{}", " {}", "{} "]  # the same source, as leaks are counted
    sources = [spaces[i % 3].format(letter) for i, letter in enumerate(letters)]
    train = in_memory(sources)
    try:
        parts = split_up(train, validation=num_validation, test=num_test)
    except T5TuneError as error:
        assert "cannot be cut" in error.message or "more than" in error.message  # noqa: PT017
        return
    everything = list(train.read())
    assert sorted(one for part in parts.values() for one in part) == sorted(everything)
    for part in parts.values():
        assert part == [one for one in everything if one in part], "in the order of the file"
    sides = [{normalize_text(one.source) for one in part} for part in parts.values()]
    assert sum(map(len, sides)) == len(set().union(*sides))
    counts = Counter(letters)
    for split, wanted in (("validation", num_validation), ("test", num_test)):
        # What is missing is less than a group: the next one that is not too large does not fit.
        largest = max(n for n in counts.values() if n <= wanted)
        assert wanted - largest < len(parts[split]) <= wanted


@pytest.mark.parametrize(("size", "num"), [(2000, 2000), ("5%", 500), ("0.25 %", 25)])
def test_a_size_is_exact_where_no_source_repeats(size: int | str, num: int) -> None:
    parts = split_up(in_memory([f"source {i}" for i in range(10_000)]), validation=size)
    assert (len(parts["validation"]), len(parts["train"])) == (num, 10_000 - num)


def test_the_choice_depends_on_sources_and_seed_alone() -> None:
    sources = [f"source {i}" for i in range(400)]
    shuffled = random.Random(1).sample(sources, 400)

    def chosen(sources: list[str], **places: CutSplit) -> set[str]:
        return {one.source for one in choose_cuts(in_memory(sources), places).examples["test"]}

    first = chosen(sources, test=CutSplit(40))
    assert chosen(shuffled, test=CutSplit(40)) == first
    assert chosen(sources, validation=CutSplit(90), test=CutSplit(40)) == first
    assert len(first & chosen(sources, test=CutSplit(40, seed=1))) < 20
    assert first < chosen(sources, test=CutSplit(50)), "a larger cut holds a smaller one"


def test_a_source_that_is_too_frequent_is_passed_over() -> None:
    # Whatever the order, each of the frequent ones could have pushed out all others.
    for seed in range(20):
        names = [f"{seed} {i}" for i in range(30)]
        sources = [name for i, name in enumerate(names) for _ in range(12 if i < 15 else 1)]
        parts = split_up(in_memory(sources), test=10)
        assert len(parts["test"]) == 10
        assert max(Counter(one.source for one in parts["test"]).values()) == 1


def test_a_small_cut_beside_one_that_takes_nearly_everything() -> None:
    parts = split_up(in_memory([f"source {i}" for i in range(200)]), test=180, validation=5)
    assert {split: len(part) for split, part in parts.items()} == {
        "test": 180,
        "validation": 5,
        "train": 15,
    }


def test_examples_with_a_blank_side_stay_in_training(tmp_path: Path) -> None:
    write_pairs(tmp_path, "train", [*number_pairs(40), ("", "leer"), ("blank", "")] * 2)
    data = section({"file": str(tmp_path / "train.tsv")}, validation=cut(78))
    assert all(one.source and one.references[0] for one in load(data, "validation"))


def load(data: DataSection, split: str) -> list[Example]:
    return load_split(data, split, "en", "de")


def write_every_kind(folder: Path, pairs: list[tuple[str, str]]) -> list[dict[str, Any]]:
    """Write the same pairs in a file, in parallel files and as a data set in a folder."""
    write_pairs(folder, "train", pairs)
    for side, name in enumerate(("a.en", "a.de")):
        (folder / name).write_text("".join(f"{pair[side]}\n" for pair in pairs), encoding="utf-8")
    (folder / "set").mkdir()
    (folder / "set" / "train.csv").write_text(
        "en,de\n" + "".join(f"{a},{b}\n" for a, b in pairs), encoding="utf-8"
    )
    return [
        {"file": str(folder / "train.tsv")},
        {"source_file": str(folder / "a.en"), "target_file": str(folder / "a.de")},
        {"hub": str(folder / "set"), "split": "train"},
    ]


def test_every_kind_of_place_is_cut_alike(tmp_path: Path) -> None:
    pairs = [(f"{source} {i}", target) for i, (source, target) in enumerate(number_pairs(60))]
    found = []
    for entry in write_every_kind(tmp_path, pairs):
        data = section({**entry, "max_examples": 50}, validation=cut(7), test=cut("10%"))
        parts = {split: load(data, split) for split in ("train", "validation", "test")}
        assert {split: len(part) for split, part in parts.items()} == {
            "train": 38, "validation": 7, "test": 5,
        }  # fmt: skip
        found.append(parts)
    assert found[0] == found[1] == found[2]
    everything = {one.source for part in found[0].values() for one in part}
    assert everything == {source for source, _ in pairs[:50]}, "the first ones, as without cuts"


@pytest.mark.parametrize("streaming", [None, True])
def test_rows_that_cannot_be_read_are_in_no_split(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], streaming: bool | None
) -> None:
    write_pairs(tmp_path, "train", [(f"source {i}", "Ziel") for i in range(50)])
    path = tmp_path / "train.tsv"
    lines = path.read_text(encoding="utf-8").splitlines()
    path.write_text("\n".join([*lines[:20], "bad", *lines[20:], "bad"]) + "\n", encoding="utf-8")
    train = {"file": str(path), "on_bad_row": "skip", "streaming": streaming}
    data = section(train, validation=cut("10%"), test=cut(5))
    parts = {split: load(data, split) for split in ("train", "validation", "test")}
    assert [len(part) for part in parts.values()] == [40, 5, 5]
    err = capsys.readouterr().err
    assert "data: 5 of 50 examples of data.train are validation" in err
    assert err.count("2 rows that cannot be read were left out") == 1, "of the training data"


def test_what_is_cut_is_counted_and_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_pairs(tmp_path, "train", [(f"source {i}", "Ziel") for i in range(1200)])
    load(section({"file": str(tmp_path / "train.tsv")}, validation=cut(200)), "train")
    assert "data: 200 of 1,200 examples of data.train are validation" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ({"validation": 50}, "validation.size: 50 examples of data.train cannot be cut"),
        ({"validation": 40}, "there are 40 with a source and a target"),
        ({"test": 20, "validation": 20}, "validation.size: 20 examples of data.train cannot"),
    ],
)
def test_a_cut_leaves_something_to_train_on(sizes: dict[str, int], expected: str) -> None:
    train = in_memory([f"source {i}" for i in range(40)])
    with pytest.raises(T5TuneError, match=expected):
        split_up(train, **sizes)


def test_a_source_that_fills_the_data_cannot_be_cut() -> None:
    with pytest.raises(T5TuneError, match=r"every source of data\.train occurs more than 3 times"):
        split_up(in_memory(["a"] * 9 + ["b"] * 9), validation=3)


def test_nothing_to_cut_from() -> None:
    for size in (3, "5%"):
        with pytest.raises(T5TuneError, match=r"data\.train: train\.tsv holds no example"):
            split_up(in_memory([]), validation=size)


def test_no_more_than_the_cut_is_held() -> None:
    def read() -> Iterator[Example]:
        return (Example(f"{i:0500}", ["target"]) for i in range(20_000))  # 11 MB

    train = OpenSplit("data.train", TableFile("train.tsv"), "rows", None, read)
    choose_cuts(train, {"validation": CutSplit(2)})  # what is allocated once
    tracemalloc.start()
    try:
        found = choose_cuts(train, {"test": CutSplit(100), "validation": CutSplit("1%")})
        num = sum(1 for _ in leave_out(train, found).read())
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert num == 19_700
    assert peak < 500_000


def test_the_identity_of_the_training_data_has_its_cuts(tmp_path: Path) -> None:
    write_pairs(tmp_path, "train", number_pairs(40))
    train = {"file": str(tmp_path / "train.tsv")}
    sections = [
        section(train, validation={"file": str(tmp_path / "train.tsv")}),
        section(train, validation=cut(5)),
        section(train, validation=cut(6)),
        section(train, validation=cut(5, seed=3)),
        section(train, validation=cut(5), test=cut(5)),
    ]
    identities = [str(identify_data(data, "train", "en", "de").values) for data in sections]
    assert len(set(identities)) == len(sections)


def test_a_test_set_that_is_cut_decides_the_training() -> None:
    whole = build_tiny_recipe()
    changed = build_tiny_recipe(test=cut(5))
    others = [build_tiny_recipe(test=cut(6)), build_tiny_recipe(test=cut(5, seed=1)), whole]
    for other in others:
        assert find_unsafe_changes(changed, other)
        assert fingerprint_recipe(changed) != fingerprint_recipe(other)
    elsewhere = build_tiny_recipe(test={"file": "elsewhere.tsv"})
    assert find_unsafe_changes(whole, elsewhere) == []
    assert fingerprint_recipe(whole) == fingerprint_recipe(elsewhere)
