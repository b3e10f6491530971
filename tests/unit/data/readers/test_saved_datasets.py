"""Test Arrow and Parquet: directories of `save_to_disk`, and columns that are read alone."""

from __future__ import annotations

import json
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from t5tune.data.readers.file_check import find_problems
from t5tune.data.readers.sources import load_split, open_split
from t5tune.data.store.data_identity import identify_data
from t5tune.errors import T5TuneError
from t5tune.files import arrow_rows
from t5tune.recipe.sections.data_entry import DataEntry
from tests.tiny_sections import as_data


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


PAIRS = [(f"a{i}", f"ä{i}") for i in range(25)]
ROWS = {
    "id": list(range(25)),
    "translation": [{"en": en, "de": de, "fr": "x"} for en, de in PAIRS],
}


def load(**fields: object) -> list[tuple[str, str]]:
    data = as_data(DataEntry.model_validate(fields))
    return [(source, texts[0]) for source, texts in load_split(data, "train", "en", "de")]


def refuse(**fields: object) -> T5TuneError:
    with pytest.raises(T5TuneError) as caught:
        load(**fields)
    return caught.value


def test_a_saved_data_set_of_several_files() -> None:
    saved = datasets.Dataset.from_dict(ROWS)
    saved.save_to_disk("saved", num_shards=3)
    assert load(file="saved") == PAIRS
    assert load(file=["saved"], max_examples=7) == PAIRS[:7]
    shuffled = saved.select(range(24, -1, -1))
    shuffled.save_to_disk("other")
    assert load(file="other") == PAIRS[::-1]
    assert load(file="[so]*e[dr]") == PAIRS[::-1] + PAIRS
    data = as_data(DataEntry(file="saved"))
    assert open_split(data, "train", "en", "de").num_rows == 25
    paths = identify_data(data, "train", "en", "de").states
    assert sum(path.suffix == ".arrow" for path in paths) == 3
    assert not list(find_problems(data, "en", "de"))
    [problem, *_] = find_problems(as_data(DataEntry(file="saved", source="x")), "en", "de")
    assert "saved: there is no column x (columns: id, translation)" in problem.message


def test_a_split_of_several() -> None:
    parts = {"train": datasets.Dataset.from_dict(ROWS), "val": datasets.Dataset.from_dict(ROWS)}
    parts["val"] = parts["val"].select(range(3))
    datasets.DatasetDict(parts).save_to_disk("saved")
    assert load(file="saved", split="val") == load(file="saved/val") == PAIRS[:3]
    error = refuse(file="saved")
    assert error.message == "saved has several splits (train, val)."
    assert error.next_command == "add `split: train` to data.train   # or another one of them"
    assert "has no split vall; did you mean val?" in refuse(file="saved", split="vall").message
    assert refuse(file="saved/val", split="x").next_command == "remove `split` from data.train"
    [problem, *_] = find_problems(as_data(DataEntry(file="saved")), "en", "de")
    assert problem.message == error.message
    Path("a.tsv").write_text("en\tde\n")
    assert "which has no split" in refuse(file="a.tsv", split="train").message


def test_a_damaged_directory() -> None:
    datasets.Dataset.from_dict(ROWS).save_to_disk("saved")
    assert "no is not there" in refuse(file="no").message
    Path("empty").mkdir()
    assert "empty is a directory, not a file" in refuse(file="empty").message
    [arrow] = Path("saved").glob("*.arrow")
    whole = arrow.read_bytes()
    for data in (whole[: len(whole) // 2], b"", b"x" * 100):
        arrow.write_bytes(data)
        message = refuse(file="saved").message
        assert "saved is not a readable Arrow file" in message
    arrow.unlink()
    assert "saved is not a complete data set" in refuse(file="saved").message


def write(name: str, table: pa.Table) -> None:
    if name.endswith("parquet"):
        pq.write_table(table, name)
        return
    with pa.ipc.new_stream(name, table.schema) as writer:
        writer.write_table(table)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_only_the_columns_that_are_used_are_read(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [{"a.b": "1", "a": {"b": "2", "c": {"d": "3"}}, "l": [{"b": "4"}], "t": ["5", "6"]}] * 3
    write(name, pa.Table.from_pylist(rows))
    monkeypatch.setattr(arrow_rows, "BATCH_ROWS", 2)
    seen: list[object] = []
    real = arrow_rows._rows
    monkeypatch.setattr(
        arrow_rows, "_rows", lambda batch, paths: seen.append(paths) or real(batch, paths)
    )
    for source, target, expected, is_picked in (
        ("a.b", "a.c.d", ("1", "3"), True),
        ("{a.c.d}-{t}", "t", ("3-5", "5"), True),
        ("a.b", "l.b", None, False),
        ("a.b", "a.c.x", None, False),
    ):
        seen.clear()
        if expected is None:
            assert (
                f"{name}, row 1: there is no column"
                in refuse(file=name, source=source, target=target).message
            )
        else:
            assert load(file=name, source=source, target=target) == [expected] * 3
        assert (seen[0] is not None) == is_picked


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_values_that_are_no_texts_are_treated_as_in_whole_rows(name: str) -> None:
    for value, shown in (
        (None, "null"),
        (True, "true"),
        (float("nan"), "nan"),
        ({"a": 1}, "an obj"),
    ):
        write(name, pa.Table.from_pylist([{"en": "a", "de": value}]))
        assert f"{name}, row 1: column de holds {shown}" in refuse(file=name).message
    write(name, pa.table({"en": ["a", "b", "c"], "de": ["A", None, "C"]}))
    assert load(file=name, on_bad_row="skip") == [("a", "A"), ("c", "C")]
    assert f"{name}, row 2: column de holds null" in refuse(file=name).message
    broken = pa.array([b"a\xff"]).cast(pa.binary())
    text = pa.Array.from_buffers(pa.string(), 1, broken.buffers())
    write(name, pa.table({"en": ["a"], "de": text}))
    assert f"{name} is not a readable" in refuse(file=name).message
    assert json.dumps(load_names(name)) == '["en", "de"]'


def load_names(name: str) -> list[str] | None:
    from t5tune.data.readers.tables import read_columns

    return read_columns(Path(name), name.partition(".")[2])
