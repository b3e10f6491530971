"""Test splits of several files: lists, patterns, and parts that must fit together."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from t5tune.data.readers.file_check import find_problems
from t5tune.data.readers.open_splits import describe_place
from t5tune.data.readers.sources import load_split, open_split
from t5tune.data.store.data_identity import identify_data
from t5tune.errors import T5TuneError
from t5tune.recipe.sections.data_entry import DataEntry
from tests.tiny_sections import as_data


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(**texts: str) -> None:
    """Write files; a double underscore in a name stands for the dot."""
    for name, text in texts.items():
        Path(name.replace("__", ".")).write_text(text, encoding="utf-8")


def load(**fields: object) -> list[tuple[str, str]]:
    data = as_data(DataEntry.model_validate(fields))
    return [(source, texts[0]) for source, texts in load_split(data, "train", "en", "de")]


def refuse(**fields: object) -> T5TuneError:
    with pytest.raises(T5TuneError) as caught:
        load(**fields)
    assert caught.value.next_command
    return caught.value


def test_a_list_is_read_in_its_order_and_a_pattern_by_name() -> None:
    write(b__tsv="en\tde\nb1\tB1\nb2\tB2\n", a__tsv="de\ten\nA1\ta1\n", x__jsonl="")
    Path("c.tsv.gz").write_bytes(gzip.compress(b"en\tde\nc1\tC1\n"))
    Path("deep").mkdir()
    Path("deep/a.jsonl").write_text('{"en": "d1", "de": "D1"}\n')
    Path(".hidden.tsv").write_text("en\tde\nhidden\thidden\n")
    assert [s for s, _ in load(file=["b.tsv", "a.tsv", "c.tsv.gz"])] == ["b1", "b2", "a1", "c1"]
    assert load(file="*.tsv") == [("a1", "A1"), ("b1", "B1"), ("b2", "B2")]
    assert [s for s, _ in load(file=["[ab].tsv", "**/*.jsonl"], max_examples=4)] == [
        "a1", "b1", "b2", "d1",
    ]  # fmt: skip
    assert load(file=["x.jsonl", "deep/a.jsonl"]) == [("d1", "D1")]


def test_a_file_may_be_called_like_a_pattern() -> None:
    Path("[old]").mkdir()
    for name in ("[old]/a.tsv", "[old]/b*.tsv", "[old]/bb.tsv"):
        Path(name).write_text(f"en\tde\n{name}\tx\n")
    assert load(file="[old]/b*.tsv") == [("[old]/b*.tsv", "x")]
    assert load(file="[old]/?.tsv") == [("[old]/a.tsv", "x")]


def test_what_a_list_cannot_be() -> None:
    write(a__tsv="en\tde\na\tA\n", b__tsv="en\tfr\nb\tB\n", c__tsv="en\tde\nc\n")
    error = refuse(file="data/t-*.tsv")
    assert error.message == "data.train.file: no file matches data/t-*.tsv."
    assert "data.train.file: no.tsv is not there." in refuse(file=["a.tsv", "no.tsv"]).message
    assert refuse(file=["a.tsv", "?.tsv"]).message == "data.train.file names a.tsv twice."
    assert refuse(file=[]).message == "data.train.file is an empty list."
    error = refuse(file=["a.tsv", "b.tsv"])
    assert error.message == "data.train.target: b.tsv: there is no column de (columns: en, fr)."
    assert "c.tsv, line 2 has 1 column, but the first" in refuse(file=["a.tsv", "c.tsv"]).message
    write(d__jsonl='{"en": "d", "de": 7}\n{"en": "e", "de": null}\n')
    error = refuse(file=["a.tsv", "d.jsonl"])
    assert error.message == "d.jsonl, line 2: column de holds null, not text."


def test_where_numbers_are_in_several_files(capsys: pytest.CaptureFixture[str]) -> None:
    write(a__jsonl='{"en": "a", "de": "A"}\n', b__jsonl='{"en": "b", "de": 7}\n')
    assert load(file=["a.jsonl", "b.jsonl"]) == [("a", "A"), ("b", "7")]
    assert (
        "column de of a.jsonl and b.jsonl holds numbers (1), which are read as they are written "
        "(b.jsonl, line 1: 7)"
    ) in capsys.readouterr().err


def test_pairs_of_patterns() -> None:
    write(t1__en="a\nb\n", t2__en="c\n", t1__de="A\nB\n", t2__de="C\n", r1__de="1\n2\n", r2__de="3")
    entry = {"source_file": "*.en", "target_file": ["t1.de", "t2.de"]}
    assert load(**entry) == [("a", "A"), ("b", "B"), ("c", "C")]
    data = as_data(DataEntry.model_validate({**entry, "references": ["r?.de"]}))
    assert [one.references for one in load_split(data, "train")][2] == ["C", "3"]
    assert open_split(data, "train").num_rows == 3
    error = refuse(source_file="*.en", target_file="t1.de")
    assert error.message == (
        "data.train: source_file names 2 files (the last one is t2.en), and target_file names 1 "
        "(the last one is t1.de); file n of one must belong to file n of the other."
    )
    error = refuse(source_file="*.en", target_file=["t2.de", "t1.de"])
    assert error.message.startswith("data.train: t1.en has 2 lines and t2.de has 1; line n")


def test_the_identity_follows_the_files_of_a_pattern() -> None:
    def identify() -> object:
        return identify_data(as_data(DataEntry(file="*.tsv")), "train", "en", "de").values

    write(a__tsv="en\tde\na\tA\n")
    before = identify()
    write(b__tsv="en\tde\nb\tB\n")
    assert identify() != before
    Path("b.tsv").unlink()
    assert identify() == before


def test_validate_looks_at_every_part() -> None:
    write(a__tsv="en\tde\na\tA\n", b__tsv="en\tfr\nb\tB\n")
    [train, *_] = find_problems(as_data(DataEntry(file=["a.tsv", "b.tsv"])), "en", "de")
    assert train.message == "data.train: which column of b.tsv is the target? (columns: en, fr)"
    [train, *_] = find_problems(as_data(DataEntry(source_file="a*", target_file="b-*")), "en", "de")
    assert train.message == "data.train.target_file: no file matches b-*."


def test_many_files_in_words() -> None:
    names = [f"{i}.tsv" for i in range(6)]
    assert describe_place(DataEntry(file=names).place) == "0.tsv, 1.tsv, 2.tsv, 3.tsv and 2 more"
    assert describe_place(DataEntry(source_file="a*.en", target_file="a*.de").place) == "a*.en"
