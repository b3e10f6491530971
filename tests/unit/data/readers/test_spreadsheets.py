"""Test what becomes of workbooks: their sheets, cells that are no text, and damaged files."""

from __future__ import annotations

import datetime
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from t5tune.data.readers.sources import open_entry
from t5tune.data.readers.tables import open_table, read_columns
from t5tune.errors import T5TuneError
from t5tune.files.file_format import FileOptions
from t5tune.files.table import Table
from t5tune.recipe.sections.data_entry import DataEntry

openpyxl = pytest.importorskip("openpyxl", reason="the extra for spreadsheets is missing")
pytest.importorskip("python_calamine", reason="the extra for spreadsheets is missing")

SHEET = [("English", "German"), ("a dog", "ein Hund"), ("a cat", "eine Katze")]


def write(path: Path, sheets: dict[str, Sequence[Sequence[Any]]]) -> Path:
    workbook = openpyxl.Workbook()
    workbook.remove(workbook.active)
    for name, rows in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in rows:
            sheet.append(row)
    workbook.save(path)
    return path


def open_sheet(path: Path, **options: Any) -> Table:
    return open_table(path, "spreadsheet", FileOptions(**options), "data.train")


def test_cells_are_read_as_programs_write_them_in_csv(tmp_path: Path) -> None:
    cells = [7, 1.5, True, datetime.date(2026, 3, 1), datetime.datetime(2026, 3, 1, 9, 30), "007"]
    table = open_sheet(write(tmp_path / "a.xlsx", {"S": [list("abcdef"), cells]}))
    ((number, row),) = table.rows()
    assert number == 2
    assert list(row.values()) == ["7", "1.5", "TRUE", "2026-03-01", "2026-03-01T09:30:00", "007"]


def test_rows_have_the_numbers_that_the_program_shows(tmp_path: Path) -> None:
    rows = [[], [None, "en", "de"], [], [None, "a", None], [None, " ", "b"]]
    table = open_sheet(write(tmp_path / "a.xlsx", {"S": rows}))
    read = [(4, {"en": "a", "de": ""}), (5, {"en": " ", "de": "b"})]
    assert table.columns == ["en", "de"]
    assert list(table.rows()) == list(table.rows()) == read
    assert table.locate(4) == f"{tmp_path / 'a.xlsx'}, row 4"


def test_the_first_sheet_with_cells_is_read_unless_another_is_named(tmp_path: Path) -> None:
    sheets = {"Empty": [], "Pairs": SHEET, "Notes": [("by", "whom"), ("x", "y")], "Last": []}
    path = write(tmp_path / "book.xlsx", sheets)
    table = open_sheet(path)
    assert [row["German"] for _, row in table.rows()] == ["ein Hund", "eine Katze"]
    assert table.remarks() == [
        f"{path}: the sheet Pairs is read, and Notes is not; `split` in the recipe names another "
        "one"
    ]
    named = open_sheet(path, split="Notes")
    assert (named.columns, named.remarks()) == (["by", "whom"], [])
    with pytest.raises(T5TuneError, match=r"and not Note; did you mean Notes\?"):
        open_sheet(path, split="Note")


def test_cells_that_are_merged_over_rows_are_said(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", {"S": [*SHEET, (None, "ein Tier")]})
    workbook = openpyxl.load_workbook(path)
    workbook["S"].merge_cells("A3:A4")
    workbook["S"].merge_cells("D1:F1")
    workbook.save(path)
    said = "1 cell is merged over several rows, of which only the first has the text"
    assert open_sheet(path).remarks() == [f"{path}: {said}"]


def test_a_hidden_sheet_is_read_only_if_it_is_named(tmp_path: Path) -> None:
    path = write(tmp_path / "book.xlsx", {"Lists": [("a", "b")], "Pairs": SHEET})
    workbook = openpyxl.load_workbook(path)
    workbook.active = 1
    workbook["Lists"].sheet_state = "hidden"
    workbook.save(path)
    table = open_sheet(path)
    assert (table.columns, table.remarks()) == (["English", "German"], [])
    assert open_sheet(path, split="Lists").columns == ["a", "b"]


def test_rows_above_the_names_of_the_columns_are_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", {"S": [("Title",), ("by Anna",), (), *SHEET]})
    table = open_sheet(path, skip_rows=2)
    assert list(table.rows()) == [
        (number, dict(zip(SHEET[0], row, strict=True)))
        for number, row in enumerate(SHEET[1:], start=5)
    ]
    named = open_sheet(path, skip_rows=3, columns=["a", "b"])
    assert [row["a"] for _, row in named.rows()] == ["a dog", "a cat"]
    assert open_sheet(path, skip_rows=9).columns == []


def test_a_recipe_names_columns_and_sheet(tmp_path: Path) -> None:
    path = write(tmp_path / "book.xlsx", {"A": [("x", "y")], "B": SHEET[1:]})
    keys = {"file": str(path), "split": "B", "columns": ["en", "de"], "source": "en"}
    opened = open_entry("data.train", DataEntry(**keys, target="de"), (None, None))
    assert [example.source for example in opened.read()] == ["a dog", "a cat"]
    with pytest.raises(T5TuneError, match="has 2 columns, but `columns` in the recipe names 3"):
        open_sheet(path, columns=["a", "b", "c"])


def test_open_document_sheets_are_read(tmp_path: Path) -> None:
    rows = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p>'
            "</table:table-cell>"
            for cell in row
        )
        + "</table:table-row>"
        for row in SHEET
    )
    spaces = " ".join(
        f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
        for name in ("office", "table", "text")
    )
    with ZipFile(tmp_path / "a.ods", "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("META-INF/manifest.xml", "<manifest/>")
        archive.writestr(
            "content.xml",
            f"<office:document-content {spaces}><office:body><office:spreadsheet>"
            f'<table:table table:name="S">{rows}</table:table>'
            "</office:spreadsheet></office:body></office:document-content>",
        )
    table = open_sheet(tmp_path / "a.ods")
    assert [tuple(row.values()) for _, row in table.rows()] == SHEET[1:]


@pytest.mark.parametrize(
    "content", [b"English,German\n", b"PK\x03\x04 and so on", b"\xd0\xcf\x11\xe0"]
)
def test_what_is_no_workbook_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    with pytest.raises(T5TuneError, match="not readable as a spreadsheet") as caught:
        open_sheet(tmp_path / "a.xlsx")
    assert "save it as .xlsx" in str(caught.value.next_command)
    assert read_columns(tmp_path / "a.xlsx", "spreadsheet") is None


def test_a_workbook_without_cells_has_no_columns(tmp_path: Path) -> None:
    path = write(tmp_path / "a.xlsx", {"S": []})
    assert read_columns(path, "spreadsheet") == list(open_sheet(path).rows()) == []


def test_without_the_package_even_validation_says_what_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "a.xlsx", {"S": SHEET})
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(T5TuneError, match="python-calamine, is not installed") as caught:
        read_columns(path, "spreadsheet")
    assert str(caught.value.next_command).startswith("pip install 't5tune[spreadsheet]'")
