"""Pairs of source and target that a caller gives in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.text_files import read_stdin_lines
from t5tune.models.model_names import choose_model
from t5tune.recipe.loading import load_resolved_recipe
from t5tune.recipe.sections.data_entry import DataEntry
from t5tune.reporting.given_texts import STDIN, check_sizes, read_texts
from t5tune.run.directory import RunDirectory


@dataclass(frozen=True)
class GivenPairs:
    """Sources and as many targets."""

    sources: list[str]
    targets: list[str]


def read_pairs(
    source: str | None,
    target: str | None,
    pairs: str | None = None,
    *,
    source_column: str | None = None,
    target_column: str | None = None,
    languages: tuple[str | None, str | None] = (None, None),
) -> GivenPairs:
    """Read pairs from two text files, or from a table.

    Args:
        source: File with one source per line; `-` for standard input.
        target: File with one target per line; `-` for standard input.
        pairs: A table in any format of `data.train.file`; `-` for lines of standard input with a
            source, a tab and a target.
        source_column: Column of the sources, where the names of the columns do not tell.
        target_column: Column of the targets, likewise.
        languages: Language codes of source and target, which columns may be called by.

    Raises:
        T5TuneError: Files are missing, cannot be read, or have different numbers of lines.
    """
    if (pairs is None) == (source is None and target is None):
        raise T5TuneError(
            "Pairs come either from --source and --target, or from --pairs.",
            next_command="t5tune score-pairs RUN --source FILE --target FILE",
        )
    if pairs is not None:
        if pairs == STDIN:
            return _split_lines(read_stdin_lines())
        entry = DataEntry(file=pairs, source=source_column, target=target_column)
        return _read_table(entry, languages)
    if source is None or target is None:
        missing = "--source" if source is None else "--target"
        raise T5TuneError("--source and --target go together.", next_command=f"add {missing} FILE")
    if source == target == STDIN:
        raise T5TuneError(
            "Standard input cannot be both the sources and the targets.",
            next_command="t5tune score-pairs RUN --pairs -   # a source, a tab, a target",
        )
    sources, targets = read_texts(source, "sources"), read_texts(target, "targets")
    check_sizes(sources, [targets])
    return GivenPairs(sources.texts, targets.texts)


def find_languages(model: str | None) -> tuple[str | None, str | None]:
    """Return the languages of a run; nothing for another model."""
    run = RunDirectory(Path(choose_model(model)))
    if not run.is_run:
        return None, None
    recipe = load_resolved_recipe(run.recipe)
    return recipe.source_lang, recipe.target_lang


def _read_table(entry: DataEntry, languages: tuple[str | None, str | None]) -> GivenPairs:
    from t5tune.data.readers.sources import open_entry, read_all

    try:
        examples = read_all(open_entry("--pairs", entry, languages))
    except T5TuneError as error:
        if "COLUMN" not in (error.next_command or ""):
            raise
        raise T5TuneError(
            error.message, next_command="--source-column NAME --target-column NAME"
        ) from error
    return GivenPairs([one.source for one in examples], [one.references[0] for one in examples])


def _split_lines(lines: list[str]) -> GivenPairs:
    rows = [line.split("\t") for line in lines]
    for number, row in enumerate(rows, start=1):
        if len(row) != 2:
            raise T5TuneError(
                f"standard input, line {number} has {len(row) - 1} tabs; a pair has one, between "
                "source and target.",
                next_command="paste SOURCES TARGETS | t5tune score-pairs RUN --pairs -",
            )
    if not rows:
        raise T5TuneError("standard input is empty.", next_command="t5tune score-pairs --help")
    return GivenPairs([row[0] for row in rows], [row[1] for row in rows])
