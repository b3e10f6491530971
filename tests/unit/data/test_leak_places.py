"""Test naming the file and the line of training pairs that have leaked."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import datasets
import pytest

from t5tune.data.leak_places import locate_leaks
from t5tune.data.overlap import LeakedExample, TrainingOverlap
from t5tune.data.pairs import is_usable
from t5tune.data.readers.sources import open_split
from t5tune.data.store.data_identity import identify_data
from t5tune.data.training_text import TrainingText
from t5tune.recipe.sections.data_section import DataSection


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def leak(number: int, num_clean: int = 0) -> TrainingOverlap:
    """Return the overlap of a set whose closest pair has a number among the usable ones."""
    agreement = ("exact", *["clean"] * num_clean)
    worst = LeakedExample(0, number, "a", "b")
    return TrainingOverlap((None,) * len(agreement), agreement, worst)  # type: ignore[arg-type]


def open_train(train: dict[str, Any], **others: Any) -> TrainingText:
    section = DataSection.model_validate({"train": train, "validation": train, **others})
    return TrainingText(open_split(section, "train", "en", "de"))


def place_of(train: TrainingText, source: str) -> str:
    """Return the place of the usable pair that has a source."""
    sources = [one.source for one in train.split.read() if is_usable(one[0], one.references[0])]
    (located,) = locate_leaks([leak(sources.index(source))], train, "key")
    assert located.worst is not None
    return located.worst.place


def test_blank_and_bad_rows_and_other_files_are_counted() -> None:
    Path("a.tsv").write_text("en\tde\none\teins\n \tleer\nbad\ntwo\tzwei\n", encoding="utf-8")
    with gzip.open("b.tsv.gz", "wt", encoding="utf-8") as stream:
        stream.write("en\tde\nempty\t\nthree\tdrei\n")
    train = {"file": ["a.tsv", "b.tsv.gz"], "on_bad_row": "skip"}
    split = open_train(train)
    assert place_of(split, "one") == "a.tsv, line 2"
    assert place_of(split, "two") == "a.tsv, line 5"
    assert place_of(split, "three") == "b.tsv.gz, line 3"
    # So are those that other splits have.
    cut = open_train(train, validation={"from": "train", "size": 1, "seed": 1})
    (left,) = {one.source for one in cut.split.read()} & {"two", "one"}
    assert place_of(cut, "three") == "b.tsv.gz, line 3"
    assert place_of(cut, left) == f"a.tsv, line {2 if left == 'one' else 5}"


def test_a_row_of_csv_is_where_it_begins() -> None:
    Path("a.csv").write_text('en,de\n"one\nline","eine"\ntwo,zwei\n', encoding="utf-8")
    split = open_train({"file": "a.csv"})
    assert place_of(split, "one\nline") == "a.csv, line 2"
    assert place_of(split, "two") == "a.csv, line 4"


def test_both_files_of_a_text_pair_are_named() -> None:
    for number, texts in enumerate((["one", "", "two"], ["three"])):
        Path(f"{number}.en").write_text("".join(f"{text}\n" for text in texts), encoding="utf-8")
        Path(f"{number}.de").write_text("x\n" * len(texts), encoding="utf-8")
    split = open_train({"source_file": ["0.en", "1.en"], "target_file": ["0.de", "1.de"]})
    assert place_of(split, "two") == "0.en and 0.de, line 3"
    assert place_of(split, "three") == "1.en and 1.de, line 1"


def test_units_objects_and_rows_have_numbers() -> None:
    unit = '<tu><tuv xml:lang="en"><seg>{}</seg></tuv><tuv xml:lang="{}"><seg>x</seg></tuv></tu>'
    body = "".join(unit.format(*one) for one in (("one", "fr"), ("two", "de")))
    Path("a.tmx").write_text(f'<tmx version="1.4"><body>{body}</body></tmx>', encoding="utf-8")
    assert place_of(open_train({"file": "a.tmx"}), "two") == "a.tmx, unit 2"
    rows = [{"en": "one", "de": "eins"}, {"en": "two", "de": "zwei"}]
    Path("a.json").write_text(json.dumps(rows), encoding="utf-8")
    assert place_of(open_train({"file": "a.json"}), "two") == "a.json, row 2"
    Path("data").mkdir()
    for number in (0, 1):
        datasets.Dataset.from_list(rows).to_parquet(f"data/train-0000{number}-of-00002.parquet")
    split = open_train({"hub": "./data", "split": "train[1:]"})
    assert place_of(split, "one") == "./data, split train[1:], row 2"
    datasets.Dataset.from_list(rows).to_parquet("a.parquet")
    assert place_of(open_train({"file": "a.parquet"}), "two") == "a.parquet, row 2"


def test_nothing_is_read_for_few_leaks_and_known_places(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.tsv").write_text("en\tde\none\teins\ntwo\tzwei\n", encoding="utf-8")
    split = open_train({"file": "a.tsv"})
    located = locate_leaks([leak(1), leak(7, num_clean=100), leak(0)], split, "key")
    assert [one.worst and one.worst.place for one in located] == [
        "a.tsv, line 3", "", "a.tsv, line 2",
    ]  # fmt: skip
    monkeypatch.setattr("t5tune.data.leak_places._find_places", lambda *_: pytest.fail("read"))
    assert locate_leaks(located, split, "key") == located
    none = TrainingOverlap((None,), ("clean",))
    assert locate_leaks([none], split, "other") == [none]


def test_a_place_belongs_to_the_names_and_the_content_of_files() -> None:
    def key(name: str) -> str:
        section = DataSection.model_validate(
            {"train": {"file": name}, "validation": {"file": name}}
        )
        return identify_data(section, "train", "en", "de").place_key()

    Path("a.tsv").write_text("en\tde\none\teins\n", encoding="utf-8")
    first = key("a.tsv")
    assert key("a.tsv") == first
    Path("b.tsv").write_text(Path("a.tsv").read_text(encoding="utf-8"), encoding="utf-8")
    assert key("b.tsv") != first
    Path("a.tsv").write_text("en\tde\n\t\none\teins\n", encoding="utf-8")
    assert key("a.tsv") != first
