"""Checks a recipe's data files in milliseconds, without reading all of them.

It imports no model library. Problems within rows are found when the rows are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from t5tune.data.columns import guess_columns, missing_column, template_fields
from t5tune.data.readers.local_files import place_files
from t5tune.data.readers.open_splits import naming_key
from t5tune.data.readers.sacrebleu_sets import check_sacrebleu_set
from t5tune.data.readers.tables import file_options, find_format, read_columns
from t5tune.errors import T5TuneError
from t5tune.recipe.places import SacrebleuSet, TableFile
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.recipe.sections.data_section import DataSection
from t5tune.run.directory import display_path


def find_problems(
    data: DataSection, source_lang: str | None, target_lang: str | None
) -> Iterator[T5TuneError]:
    """Yield an error for each split whose file is missing, of unknown format, or lacks a column.

    Args:
        data: Section of the recipe on data.
        source_lang: Key of the source in `translation` columns.
        target_lang: Key of the target in `translation` columns.
    """
    for split, entry in data.entries.items():
        where, place = f"data.{split}", entry.place
        languages = data.written_languages(split, (source_lang, target_lang))
        try:
            files = place_files(place, where)
            if isinstance(place, SacrebleuSet):
                check_sacrebleu_set(place, languages, where)
            if isinstance(place, TableFile):
                names = entry.source or data.source, entry.target or data.target
                for path in files:
                    is_text = data.denoise is not None
                    _check_table(entry, path, names, languages, where, is_text=is_text)
        except T5TuneError as error:
            yield error


def _check_table(
    entry: DataEntry,
    path: Path,
    names: tuple[str | None, str | None],
    languages: tuple[str | None, str | None],
    where: str,
    *,
    is_text: bool,
) -> None:
    place, files = display_path(path), entry.place
    assert isinstance(files, TableFile)  # the caller has looked
    kind = entry.format or find_format(path, where)
    with naming_key(where, files):
        columns = read_columns(path, kind, file_options(files, names, languages))
    if columns == []:
        raise T5TuneError(
            f"{where}: {place} holds no example.",
            next_command="put data there, or point the recipe at another file or split",
        )
    columns = entry.columns or columns
    if columns is None:
        return
    guess_columns(*names, columns, languages, place, where, is_text=is_text)
    for reference in entry.references or ():
        for name in template_fields(reference, where) if "{" in reference else [reference]:
            if name not in columns and name.split(".")[0] not in columns:
                raise missing_column(name, columns, f"{where}.references: {place}")
