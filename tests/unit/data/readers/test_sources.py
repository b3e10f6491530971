from __future__ import annotations

import json
from pathlib import Path

import pytest

from t5tune.data.readers.sources import load_split
from t5tune.errors import T5TuneError
from t5tune.recipe.sections.data_entry import DataEntry
from tests.tiny_sections import as_data


def load(split: str = "train", **fields: object) -> list[tuple[str, str, list[str]]]:
    options = {k: fields.pop(k) for k in ("source_lang", "target_lang") if k in fields}
    dataset = load_split(as_data(DataEntry.model_validate(fields)), split, **options)
    return [(source, texts[0], texts) for source, texts in dataset]


def test_a_text_pair_keeps_every_line_as_it_is(tmp_path: Path) -> None:
    # U+2028 and a bare carriage return are not line ends; a BOM is not text.
    (tmp_path / "a.en").write_bytes("\ufeffone\u2028two\nthree\rfour\n\n".encode())
    (tmp_path / "a.de").write_bytes(b"eins\ndrei\nleer\n")
    rows = load(source_file=str(tmp_path / "a.en"), target_file=str(tmp_path / "a.de"))
    assert [row[0] for row in rows] == ["one\u2028two", "three\rfour", ""]
    assert [row[1] for row in rows] == ["eins", "drei", "leer"]


def test_a_text_pair_with_more_references(tmp_path: Path) -> None:
    for name, text in (("s", "a\nb\n"), ("r1", "x\ny\n"), ("r2", "X\nY\n")):
        (tmp_path / name).write_text(text)
    rows = load(
        source_file=str(tmp_path / "s"),
        target_file=str(tmp_path / "r1"),
        references=[str(tmp_path / "r2")],
    )
    assert rows == [("a", "x", ["x", "X"]), ("b", "y", ["y", "Y"])]


def test_files_of_different_length_are_refused_with_both_counts(tmp_path: Path) -> None:
    (tmp_path / "a.en").write_text("one\ntwo\n")
    (tmp_path / "a.de").write_text("eins\n")
    with pytest.raises(T5TuneError, match=r"a\.en has 2 lines and .*a\.de has 1") as error:
        load(source_file=str(tmp_path / "a.en"), target_file=str(tmp_path / "a.de"))
    assert error.value.message.startswith("data.train:")
    assert error.value.next_command is not None
    assert error.value.next_command.startswith("wc -l")


def test_tsv_takes_quotes_and_words_like_null_as_text(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text('en\tde\n"open\tNA\n007\tnull\nnan\tNone\n', encoding="utf-8")
    rows = load(file=str(path), source="en", target="de")
    assert [(s, t) for s, t, _ in rows] == [('"open', "NA"), ("007", "null"), ("nan", "None")]


def test_csv_follows_its_quoting_rules(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text('en,de\n"a, b","say ""x"""\nNA,007\n', encoding="utf-8")
    rows = load(file=str(path), source="en", target="de")
    assert [(s, t) for s, t, _ in rows] == [("a, b", 'say "x"'), ("NA", "007")]


def test_a_file_without_header_takes_names_from_the_recipe(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("aan\taː n\n", encoding="utf-8")
    rows = load(file=str(path), columns=["word", "phones"], source="word", target="phones")
    assert rows == [("aan", "aː n", ["aː n"])]


def test_a_row_with_too_few_columns_names_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("en\tde\none\teins\ntwo\n")
    with pytest.raises(T5TuneError, match=r"a\.tsv, line 3 has 1 column, but the first line"):
        load(file=str(path), source="en", target="de")


def test_jsonl_templates_nested_fields_and_lists(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    row = {"question": "q?", "context": "{c}", "answers": {"text": ["a", "b"]}}
    path.write_text(json.dumps(row) + "\n\n")
    rows = load(
        file=str(path), source="question: {question} context: {context}", target="answers.text"
    )
    assert rows == [("question: q? context: {c}", "a", ["a", "b"])]


def test_a_broken_line_of_jsonl_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"source": "a", "target": "b"}\n{"source": \n')
    with pytest.raises(T5TuneError, match=r"a\.jsonl, line 2 is not JSON"):
        load(file=str(path))


def test_a_null_is_not_text(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text('{"source": "a", "target": null}\n')
    with pytest.raises(T5TuneError, match="line 1: column target holds null"):
        load(file=str(path))


def test_parquet(tmp_path: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table({"translation": [{"en": "one", "de": "eins"}, {"en": "two", "de": "zwei"}]})
    pq.write_table(table, tmp_path / "a.parquet")
    rows = load(file=str(tmp_path / "a.parquet"), source_lang="en", target_lang="de")
    assert [(s, t) for s, t, _ in rows] == [("one", "eins"), ("two", "zwei")]


def test_a_column_that_is_not_there_gets_the_nearest_name(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("english\tgerman\none\teins\n")
    with pytest.raises(T5TuneError, match="no column englisch; did you mean english") as error:
        load(file=str(path), source="englisch", target="german")
    assert "data.train.source" in error.value.message


def test_columns_are_guessed_only_where_their_names_are_usual(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("document\tsummary\nlong\tshort\n")
    assert load(file=str(path)) == [("long", "short", ["short"])]
    path.write_text("foo\tbar\nlong\tshort\n")
    with pytest.raises(T5TuneError, match=r"which column .* is the source"):
        load(file=str(path))


@pytest.mark.parametrize("text", ["en\tde\n", ""])
def test_an_empty_split_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.tsv"
    path.write_text(text)
    with pytest.raises(T5TuneError, match=r"data\.test: .*a\.tsv holds no example"):
        load("test", file=str(path), source="en", target="de")


def test_a_missing_file_names_the_key(tmp_path: Path) -> None:
    with pytest.raises(T5TuneError, match=r"data\.validation\.file: .*nope\.tsv is not there"):
        load("validation", file=str(tmp_path / "nope.tsv"))


def test_max_examples(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv"
    path.write_text("en\tde\n" + "a\tb\n" * 5)
    assert len(load(file=str(path), source="en", target="de", max_examples=3)) == 3


def test_the_samples_of_hugging_face_examples(real_data: Path) -> None:
    rows = load(
        file=str(real_data / "samples" / "wmt16_sample.json"), source_lang="en", target_lang="ro"
    )
    assert rows[0][0] == "Membership of Parliament: see Minutes"
    assert rows[0][1].startswith("Componenţa Parlamentului")
    squad = load(
        file=str(real_data / "samples" / "SQUAD_sample.json"),
        source="question: {question} context: {context}",
        target="answers.text",
    )
    assert squad[0][1] == "France"
