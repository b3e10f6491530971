"""Spreadsheets of Excel and LibreOffice, read with python-calamine: one sheet of a workbook.

Its reader in Rust takes files of both programs and resolves no entities of XML. It keeps a sheet in
memory, which has at most 1,048,576 rows.
"""

from __future__ import annotations

import datetime
import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from t5tune.errors import MissingPackage, T5TuneError, did_you_mean, list_names
from t5tune.files.compression import open_content
from t5tune.files.file_format import FileFormat, FileOptions
from t5tune.files.table import Row, Table, drop_titles, refuse_repeated

if TYPE_CHECKING:
    from python_calamine import CalamineSheet, CalamineWorkbook

Cells = list[str]


def _open(path: Path, options: FileOptions) -> Table:
    workbook = _load(path)
    sheet, others = _choose_sheet(workbook, path, options.split)
    place = f"{path}, sheet {sheet.name}" if others or options.split else str(path)
    first = next(drop_titles(_read_cells(sheet), options.skip_rows), None)
    if first is None:
        return Table(place, [], lambda: iter(()))
    names, num_headers = (options.columns, 0) if options.columns else (first[1], 1)
    if len(names) != len(first[1]):
        raise T5TuneError(
            f"{place} has {len(first[1])} columns, but `columns` in the recipe names {len(names)} "
            f"({list_names(names)}).",
            next_command="name every column of the sheet in `columns`",
        )
    refuse_repeated(names, place, path)

    def read() -> Iterator[tuple[int, Row]]:
        rows = drop_titles(_read_cells(sheet), options.skip_rows)
        for _ in range(num_headers):
            next(rows)
        for number, cells in rows:
            yield number, dict(zip(names, cells, strict=True))

    return Table(place, list(names), read, remarks=lambda: list(_describe(path, sheet, others)))


def _describe(path: Path, sheet: CalamineSheet, others: Sequence[str]) -> Iterator[str]:
    """Yield sentences about what is in the workbook and not in the rows."""
    if others:
        are = "is" if len(others) == 1 else "are"
        yield (
            f"{path}: the sheet {sheet.name} is read, and {list_names(others)} {are} not; `split` "
            "in the recipe names another one"
        )
    num = sum(end[0] > start[0] for start, end in sheet.merged_cell_ranges or ())
    if num:
        are = "cell is" if num == 1 else "cells are"
        yield (
            f"{path}: {num:,} {are} merged over several rows, of which only the first has the text"
        )


def _load(path: Path) -> CalamineWorkbook:
    try:
        import python_calamine
    except ImportError as error:
        raise MissingPackage(
            f"{path} is a spreadsheet, and the package that reads them, python-calamine, is not "
            "installed.",
            next_command="pip install 't5tune[spreadsheet]'   # or save the sheet as CSV in UTF-8",
        ) from error
    with open_content(path) as stream:
        content = io.BytesIO(stream.read())
    try:
        return python_calamine.load_workbook(content)
    except python_calamine.PasswordError as error:
        raise T5TuneError(
            f"{path} is protected by a password.",
            next_command="in the program that made it, save it without the password",
        ) from error
    except python_calamine.CalamineError as error:
        raise _refuse(path, error) from error


def _refuse(path: Path, error: Exception) -> T5TuneError:
    reason = str(error).strip().rstrip(".") or type(error).__name__
    return T5TuneError(
        f"{path} is not readable as a spreadsheet: {reason}.",
        next_command="open it in the program that made it, and save it as .xlsx or as CSV in UTF-8",
    )


def _choose_sheet(
    workbook: CalamineWorkbook, path: Path, name: str | None
) -> tuple[CalamineSheet, list[str]]:
    """Return the sheet of a name, or the first one that shows cells, and names of the others."""
    import python_calamine

    names = workbook.sheet_names
    if name is not None and name not in names:
        raise T5TuneError(
            f"{path} has the sheets {list_names(names)}, and not {name}{did_you_mean(name, names)}",
            next_command="write the name of a sheet after `split:`, or leave it out",
        )
    visible = python_calamine.SheetVisibleEnum.Visible
    shown = [one.name for one in workbook.sheets_metadata if one.visible == visible]
    try:
        if name is not None:
            return workbook.get_sheet_by_name(name), []
        sheets = [workbook.get_sheet_by_name(one) for one in shown or names]
    except python_calamine.CalamineError as error:
        raise _refuse(path, error) from error
    filled = [sheet for sheet in sheets if sheet.height] or sheets
    if not filled:
        raise _refuse(path, ValueError("it has no sheet"))
    return filled[0], [sheet.name for sheet in filled[1:]]


def _read_cells(sheet: CalamineSheet) -> Iterator[tuple[int, Cells]]:
    """Yield the rows that are not blank, with the numbers that the program shows beside them."""
    for number, row in enumerate(sheet.iter_rows(), start=1):
        cells = [_write_cell(cell) for cell in row]
        if any(cells):
            yield number, cells


def _write_cell(value: Any) -> str:
    """Return a cell as a program writes it in CSV, dates and times in the form of ISO 8601."""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    return str(value)


def _read_columns(path: Path, options: FileOptions) -> list[str]:
    return _open(path, options).columns


FORMAT = FileFormat(
    "spreadsheet", (".xlsx", ".xlsm", ".xls", ".ods"), _open, _read_columns, ("split", "skip_rows")
)
