"""What cleaning has left out of the training data, by rule, with examples."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from t5tune.data.cleaning.cleaning_report import CleaningReport
from t5tune.files.json_values import as_object, read_object
from t5tune.recipe.schema import Recipe
from t5tune.reporting.beside.kind import Evaluated, SectionKind
from t5tune.reporting.beside.report_section import Section, SectionTable

CLEANING = "cleaning"  # key in environment.json


def _measure(evaluated: Evaluated) -> Callable[[], Section]:
    return lambda: _build(evaluated)


def _build(evaluated: Evaluated) -> Section:
    run = evaluated.run
    recorded = as_object(read_object(run.environment).get(CLEANING)) if run is not None else {}
    return describe_cleaning(
        {key: CleaningReport.from_json(as_object(one)) for key, one in recorded.items()}
    )


def describe_cleaning(reports: Mapping[str, CleaningReport]) -> Section:
    """Return the section on what rules have left out of each training entry, by its key."""
    sentences = [f"data.{key}: {one}." for key, of in reports.items() for one in of.describe()]
    if not reports:
        sentences = ["What the rules of cleaning have left out is not recorded."]
    tables = [table for key, of in reports.items() for table in _build_tables(f"data.{key}", of)]
    values: dict[str, Any] = {"entries": {key: one.to_json() for key, one in reports.items()}}
    return Section(CLEANING, "Cleaning", tuple(sentences), tuple(tables), values)


def _build_tables(title: str, report: CleaningReport) -> Iterator[SectionTable]:
    rows = [(name, f"{count:,}") for name, count in report.counts.items()]
    yield SectionTable(("rule", "pairs left out"), tuple(rows), title)
    if examples := tuple(_list_examples(report)):
        header = ("rule", "pair", "source", "target")
        yield SectionTable(header, examples, f"{title}: what was left out", is_folded=True)


def _list_examples(report: CleaningReport) -> Iterator[tuple[str, ...]]:
    for name, examples in report.examples.items():
        for one in examples:
            yield name, f"{one.row:,}", one.source, one.target


def _is_wanted(recipe: Recipe) -> bool:
    sections = map(recipe.data.cleaning_of, recipe.data.training_entries)
    return any(section is not None and section.rules for section in sections)


KIND = SectionKind(CLEANING, _is_wanted, _measure, precedence=10)
