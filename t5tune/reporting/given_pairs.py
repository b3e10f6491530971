"""Pairs of source and target that a caller gives in files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.files.text_files import read_stdin_lines
from t5tune.recipe.data_section import DataEntry, DataSection
from t5tune.reporting.given_texts import STDIN, check_sizes, read_texts


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
) -> GivenPairs:
    """Read pairs from two text files, or from a table.

    Args:
        source: File with one source per line; `-` for standard input.
        target: File with one target per line; `-` for standard input.
        pairs: A table in any format of `data.train.file`; `-` for lines of standard input with a
            source, a tab and a target.
        source_column: Column of the sources, where the names of the columns do not tell.
        target_column: Column of the targets, likewise.

    Raises:
        T5TuneError: Files are missing, cannot be read, or have different numbers of lines.
    """
    if (pairs is None) == (source is None and target is None):
        raise T5TuneError(
            "Pairs come either from --source and --target, or from --pairs.",
            next_command="t5tune score-pairs RUN --source FILE --target FILE",
        )
    if pairs is not None:
        return _read_table(pairs, source_column, target_column)
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


def _read_table(pairs: str, source_column: str | None, target_column: str | None) -> GivenPairs:
    if pairs == STDIN:
        return _split_lines(read_stdin_lines())
    from t5tune.data.examples import load_examples

    entry = DataEntry(file=str(Path(pairs)), source=source_column, target=target_column)
    data = DataSection(train=entry, validation=entry, test=entry)
    examples = load_examples(data, "test", None, None)
    return GivenPairs(examples.sources, [of_one[0] for of_one in examples.references])


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
