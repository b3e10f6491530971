"""Test files that are not what the recipe says: the mend is named, or bad rows are counted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from t5tune.data.examples import load_examples
from t5tune.data.readers.file_check import find_problems
from t5tune.data.readers.sources import load_split
from t5tune.errors import T5TuneError
from t5tune.recipe.loading import load_recipe
from t5tune.recipe.sections.data_entry import DataEntry
from tests.tiny_sections import as_data


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def load(data: bytes, name: str, **fields: object) -> list[tuple[str, str]]:
    Path(name).write_bytes(data)
    entry = as_data(DataEntry.model_validate({"file": name, **fields}))
    return [(source, texts[0]) for source, texts in load_split(entry, "train", "en", "de")]


def refuse(data: bytes, name: str, **fields: object) -> T5TuneError:
    with pytest.raises(T5TuneError) as caught:
        load(data, name, **fields)
    return caught.value


ROWS = [("a", "Ä"), ("b c", "„ß“ €")]
TABLE = "en;de\n" + "".join(f"{en};{de}\n" for en, de in ROWS)


@pytest.mark.parametrize(
    ("name", "separator", "mend"),
    [
        ("a.csv", ";", "';'"), ("a.csv", "\t", '"\\t"'), ("a.csv", "|", "'|'"),
        ("a.tsv", ",", "','"), ("a.tsv", ";", "';'"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("has_header", [True, False])
def test_another_delimiter_is_recognized(
    name: str, separator: str, mend: str, has_header: bool
) -> None:
    data = (TABLE if has_header else TABLE.partition("\n")[2]).replace(";", separator).encode()
    columns = None if has_header else ["en", "de"]
    error = refuse(data, name, columns=columns)
    assert error.message.startswith(f"{name} has one column if a ")
    assert error.next_command == f"add `delimiter: {mend}` to data.train"
    assert load(data, name, delimiter=separator, columns=columns) == ROWS
    if has_header:
        [problem, *_] = find_problems(as_data(DataEntry(file=name)), "en", "de")
        assert problem.next_command == error.next_command


def test_what_is_not_taken_for_another_delimiter() -> None:
    error = refuse(b"a, b; c\nd\n", "a.tsv", columns=["en", "de"])
    assert "a.tsv, line 1 has 1 column" in error.message
    assert load(b"en ||| de\na ||| b\n", "a.tsv", delimiter=" ||| ") == [("a", "b")]
    error = refuse(b"en ||| de\na ||| b\n", "a.csv", delimiter=" ||| ")
    assert "more than one character" in error.message
    error = refuse(b"{}", "a.jsonl", delimiter=";")
    assert (
        error.message == "data.train.delimiter: a.jsonl is read as jsonl, which has no delimiter."
    )
    for bad in ("", '"', "\n"):
        with pytest.raises(ValueError, match="delimiter"):
            DataEntry(file="a.csv", delimiter=bad)


@pytest.mark.parametrize("ending", [".csv", ".tsv", ".jsonl", ".json"])
@pytest.mark.parametrize("encoding", ["cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-32"])
def test_another_encoding_is_recognized(ending: str, encoding: str) -> None:
    text = TABLE.replace(";", "\t" if ending == ".tsv" else ",")
    if "json" in ending:
        rows = [json.dumps({"en": en, "de": de}, ensure_ascii=False) for en, de in ROWS]
        text = "\n".join(rows) if ending == ".jsonl" else f"[{', '.join(rows)}]"
    for newline in ("\n", "\r\n"):
        data = text.replace("\n", newline).encode(encoding)
        error = refuse(data, f"a{ending}")
        named = encoding.replace("-le", "le").replace("-be", "be")
        assert f"add `encoding: {named}` to data.train" in (error.next_command or "")
        assert load(data, f"a{ending}", encoding=encoding) == ROWS
    error = refuse(text.encode(), f"a{ending}", encoding=encoding)
    assert error.message == f"a{ending} is UTF-8, not {encoding}."
    assert error.next_command == "remove `encoding` from data.train"
    if encoding != "cp1252":  # in which ASCII is the same
        error = refuse(text.encode("ascii", "replace"), f"a{ending}", encoding=encoding)
        assert error.message == f"a{ending} is UTF-8, not {encoding}."


def test_parallel_text_in_another_encoding() -> None:
    for name, lines in (("a.en", ["x\u2028é", "y"]), ("a.de", ["€", "ü"])):
        text = "".join(f"{line}\r\n" for line in lines)
        Path(name).write_bytes(text.encode("utf-16"))
    data = as_data(DataEntry(source_file="a.en", target_file="a.de", encoding="utf-16"))
    assert [one.source for one in load_split(data, "train")] == ["x\u2028é", "y"]
    Path("a.en").write_bytes("é\ny\n".encode("latin-1"))
    Path("a.de").write_bytes("ü\ny\n".encode("latin-1"))
    with pytest.raises(T5TuneError) as caught:
        load_split(as_data(DataEntry(source_file="a.en", target_file="a.de")), "train")
    assert caught.value.next_command == (
        "add `encoding: cp1252` to data.train   # or the encoding that the file has"
    )


def test_a_large_file_is_decoded_in_pieces() -> None:
    rows = [(f"{i} é", "„ä“" * 50) for i in range(20_000)]
    text = "en\tde\n" + "".join(f"{en}\t{de}\n" for en, de in rows)
    for encoding in ("utf-16", "gb18030"):
        assert load(text.encode(encoding), "a.tsv", encoding=encoding) == rows
    data = text.encode("cp1252", "replace") + b"\x81\tx\n"
    error = refuse(data, "a.tsv", encoding="cp1252")
    assert error.message.startswith("a.tsv, line 20002, is not cp1252")


def test_a_damaged_byte_is_not_taken_for_another_encoding() -> None:
    error = refuse(TABLE.encode() + b"\xff;x\n", "a.csv", delimiter=";")
    assert error.message.startswith("a.csv is not UTF-8 throughout: line 4, byte 1")
    assert "iconv -f UTF-8 -c" in (error.next_command or "")


def test_an_unknown_encoding_is_refused_with_its_line(tiny_recipe: Path) -> None:
    for name in ("utf-9", "rot13"):
        with pytest.raises(T5TuneError, match=r"encoding: .*is not an encoding that Python knows"):
            load_recipe(tiny_recipe, [f"data.train.encoding={name}"])
    with pytest.raises(T5TuneError, match="`delimiter` requires `file`"):
        load_recipe(tiny_recipe, ["data.train={hub: a/b, split: train, delimiter: x}"])
    with pytest.raises(T5TuneError, match="`encoding` requires `file` or `source_file`"):
        load_recipe(tiny_recipe, ["data.train={hub: a/b, split: train, encoding: cp1252}"])


BAD = {
    "a.tsv": b"en\tde\na\tA\nb\nc\tC\tx\nd\tD\n",
    "a.csv": b'en,de\na,A\nb\nc,"C",x\nd,D\n',
    "a.jsonl": b'{"en": "a", "de": "A"}\n{"en": "b", "de": null}\n["c"]\n{"en": "d", "de": "D"}\n',
    "b.jsonl": b'{"en": "a", "de": "A"}\n{"en": "b", "de": "\\ud800"}\n{\n{"en": "d", "de": "D"}',
    "c.jsonl": b'{"en": "a", "de": "A"}\n{"en": "b"}\n{"en": 1, "en": 2}\n{"en": "d", "de": "D"}',
    "a.json": b'[{"en": "a", "de": "A"}, {"en": "b", "de": true}, 7, {"en": "d", "de": "D"}]',
    "b.json": b'[{"en": "a", "de": "A"},{"en": "b", "de": "B", "x": [{"en": 1, "en": 2}]},\n'
    b'{"de": 1, "de": 2, "en": "c"}, {"en": "d", "de": "D"}]',
    "c.json": b'{"data": [{"en": "a", "de": "A"}, {"en": "b", "en": "b", "de": ""}, {"en": 1,'
    b'\n"en": 2}, {"en": "d", "de": "D"}], "version": 1}',
}


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_are_errors_or_counted(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    error = refuse(BAD[name], name)
    row = (
        "line 3" if name in ("a.tsv", "a.csv") else "row 2" if name.endswith(".json") else "line 2"
    )
    assert error.message.startswith(f"{name}, {row}")
    assert load(BAD[name], name, on_bad_row="skip") == [("a", "A"), ("d", "D")]
    said = capsys.readouterr().err
    remark = f"2 rows that cannot be read were left out; the first one: {error.message}"
    assert f"data.train: {remark}" in said
    data = as_data(DataEntry(file=name, on_bad_row="skip"))
    assert load_examples(data, "test", "en", "de").remarks == (remark,)
    # A number of examples is one of those that can be read.
    two = load(BAD[name], name, on_bad_row="skip", max_examples=2)
    assert two == [("a", "A"), ("d", "D")]


def test_an_ambiguous_object_of_a_document_is_found_and_its_end_too() -> None:
    error = refuse(b'[{"en": "a", "de": "b"},\n {"en": "b", "de": "c", "en": "d"}]', "a.json")
    assert error.message == (
        "a.json, row 2 is ambiguous: an object names en twice (it begins at line 2, character 2)."
    )
    assert error.next_command == "remove one of the two   # head -c 300 a.json"


def test_what_is_not_skipped() -> None:
    skip = {"on_bad_row": "skip"}
    twice = b'[{"en": "a", "de": "b"}, {"en": "a", "en": "b", "x": [}]'
    assert "is not JSON" in refuse(twice, "a.json", **skip).message
    assert "names data twice" in refuse(b'{"data": [], "data": []}', "a.json", **skip).message
    assert "is not UTF-8" in refuse(b"en\tde\na\tA\n\xe4\tb\n", "a.tsv", **skip).message
    assert "is not JSON" in refuse(b'[{"en": "a", "de": "b"}, {"en": ', "a.json", **skip).message
    assert "not readable as CSV" in refuse(b'en,de\na,b\n"c,d\n', "a.csv", **skip).message
    error = refuse(b"en\tde\na\nb\n", "a.tsv", **skip)
    assert error.message.startswith("None of 2 rows can be read; the first one: a.tsv, line 2 has")
    error = refuse(b'{"en": "a"}\n{"en": "b"}\n', "a.jsonl", **skip)
    assert "a.jsonl has one column, en" in error.message
