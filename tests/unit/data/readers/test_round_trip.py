"""Test that lists of texts, written in any format, come back equal, pair by pair."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from xml.sax.saxutils import escape

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from t5tune.data.readers.sources import load_split
from t5tune.recipe.sections.data_entry import DataEntry
from tests.tiny_sections import as_data

Pairs = list[tuple[str, str]]
# Everything that some program takes for the end of a line, of a cell or of a file, often.
NASTY = "\n\r\t\v\f\x1a\x1c\x1d\x1e\x85\u2028\u2029\ufeff\0\"',;|\\<>&#{}[]ä€\U0001f600\u0130 a"
TEXT = st.text(st.sampled_from(NASTY) | st.characters(exclude_categories=("Cs",)), max_size=12)


def without(*marks: str) -> Callable[[str], bool]:
    return lambda text: not any(mark in text for mark in marks)


def is_xml(text: str) -> bool:
    return all(one in "\t\n\r" or "\x20" <= one <= "\ufffd" or one >= "\U00010000" for one in text)


def write_lines(path: Path, pairs: Pairs) -> DataEntry:
    for side, name in enumerate(("en", "de")):
        text = "".join(f"{pair[side]}\n" for pair in pairs)
        (path / name).write_bytes(text.encode())
    return DataEntry(source_file=str(path / "en"), target_file=str(path / "de"))


def write_tsv(path: Path, pairs: Pairs) -> bytes:
    return "".join(f"{en}\t{de}\n" for en, de in [("en", "de"), *pairs]).encode()


def write_csv(path: Path, pairs: Pairs) -> bytes:
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, quoting=csv.QUOTE_ALL)
    writer.writerows([("en", "de"), *pairs])
    return stream.getvalue().encode()


def write_jsonl(path: Path, pairs: Pairs) -> bytes:
    rows = (json.dumps({"en": en, "de": de}, ensure_ascii=False) for en, de in pairs)
    return "\n".join(rows).encode()


def write_json(path: Path, pairs: Pairs) -> bytes:
    return json.dumps({"data": [{"en": en, "de": de} for en, de in pairs]}, indent=1).encode()


def write_parquet(path: Path, pairs: Pairs) -> None:
    rows = [{"translation": {"en": en, "de": de}} for en, de in pairs]
    pq.write_table(pa.Table.from_pylist(rows), path)


def write_saved(path: Path, pairs: Pairs) -> None:
    columns = {"en": [en for en, _ in pairs], "de": [de for _, de in pairs]}
    datasets.Dataset.from_dict(columns).save_to_disk(path)


def write_arrow(path: Path, pairs: Pairs) -> None:
    table = pa.table({"en": [en for en, _ in pairs], "de": [de for _, de in pairs]})
    with pa.ipc.new_file(str(path), table.schema) as writer:
        writer.write_table(table)


def write_xlsx(path: Path, pairs: Pairs) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra for spreadsheets is missing")
    workbook = openpyxl.Workbook()
    for row, pair in enumerate([("en", "de"), *pairs], start=1):
        for column, text in enumerate(pair, start=1):
            workbook.active.cell(row, column, text).data_type = "s"  # "=1" is no formula
    workbook.save(path)


def in_xml(text: str) -> str:
    return escape(text, {"\r": "&#13;"})


def write_tmx(path: Path, pairs: Pairs) -> bytes:
    units = "".join(
        f'<tu><tuv xml:lang="de-DE"><seg>{in_xml(de)}</seg></tuv>'
        f'<tuv xml:lang="en"><seg>{in_xml(en)}</seg></tuv></tu>\n'
        for en, de in pairs
    )
    return f'<tmx version="1.4"><header/><body>{units}</body></tmx>'.encode()


def write_xliff(path: Path, pairs: Pairs) -> bytes:
    units = "".join(
        f"<unit><segment><source>{in_xml(en)}</source><target>{in_xml(de)}</target></segment></unit>"
        for en, de in pairs
    )
    space = "urn:oasis:names:tc:xliff:document:2.0"
    root = f'<xliff xmlns="{space}" version="2.0" srcLang="en" trgLang="de">'
    return f'{root}<file id="f">{units}</file></xliff>'.encode()


def write_xliff_1(path: Path, pairs: Pairs) -> bytes:
    units = "".join(
        f"<trans-unit><source>{in_xml(en)}</source><target>{in_xml(de)}</target></trans-unit>"
        for en, de in pairs
    )
    space = "urn:oasis:names:tc:xliff:document:1.2"
    file = '<file source-language="en" target-language="de"><body>'
    return f'<xliff xmlns="{space}">{file}{units}</body></file></xliff>'.encode("utf-16")


def always(_: str) -> bool:
    return True


# Names of files, how they are written, and the texts that the format can hold.
FORMATS = [
    ("a.tsv", write_tsv, without("\n", "\t")), ("a.csv", write_csv, always),
    ("a.jsonl", write_jsonl, always), ("a.json", write_json, always),
    ("a.parquet", write_parquet, always), ("saved", write_saved, always),
    ("a.xlsx", write_xlsx, lambda text: is_xml(text) and "\r" not in text and text != ""),
    ("a.arrow", write_arrow, always), ("a.tmx", write_tmx, is_xml),
    ("a.xlf", write_xliff, lambda text: is_xml(text) and text != ""),
    ("b.xlf", write_xliff_1, lambda text: is_xml(text) and text != ""),
]  # fmt: skip


def read(entry: DataEntry) -> list[tuple[str, list[str]]]:
    return list(map(tuple, load_split(as_data(entry), "train", "en", "de")))  # type: ignore[arg-type]


@pytest.mark.parametrize(("name", "write", "can_hold"), FORMATS, ids=[one[0] for one in FORMATS])
@given(data=st.data())
def test_texts_come_back_equal(
    name: str,
    write: Callable[[Path, Pairs], bytes | None],
    can_hold: Callable[[str], bool],
    data: st.DataObject,
) -> None:
    texts = TEXT.filter(can_hold)
    pairs = data.draw(st.lists(st.tuples(texts, texts), min_size=1, max_size=8))
    with TemporaryDirectory() as directory:
        path = Path(directory) / name
        if content := write(path, pairs):
            path.write_bytes(content)
        assert read(DataEntry(file=str(path))) == [(en, [de]) for en, de in pairs]


@given(st.lists(st.tuples(*[TEXT.filter(without("\n"))] * 2), min_size=1, max_size=8))
def test_lines_come_back_equal(pairs: Pairs) -> None:
    # A mark at the start is not text, and "\r" on every line belongs to the line ends.
    pairs = [("first", "first"), *pairs]
    with TemporaryDirectory() as directory:
        assert read(write_lines(Path(directory), pairs)) == [(en, [de]) for en, de in pairs]
