"""From hypotheses to a report and its files."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from t5tune.console import say, track
from t5tune.data.examples import Examples
from t5tune.data.novelty import TrainingNovelty
from t5tune.data.overlap import TrainingOverlap
from t5tune.decoding.translator import DecodingOptions, Hypothesis
from t5tune.files.json_values import read_log, read_object
from t5tune.files.writing import write_texts
from t5tune.models.input_settings import CUT
from t5tune.recipe.resolve import choose_metrics
from t5tune.recipe.schema import Recipe
from t5tune.reporting.reports.report import Origin, Report, render_report
from t5tune.reporting.reports.report_building import build_report
from t5tune.reporting.reports.report_details import Provenance, ReportDetails
from t5tune.reporting.reports.training_curves import read_curves
from t5tune.run.directory import EXAMPLES, HYPOTHESES, REPORT_PAGE, RunDirectory
from t5tune.scoring.compute import DEFAULT_NUM_RESAMPLES
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.findings import Alignment
from t5tune.scoring.diagnosis.trained_run import TrainedRun
from t5tune.scoring.registry import is_computed_here, ranks_models
from t5tune.scoring.significance.comparison import compare_systems
from t5tune.scoring.stored_examples import StoredExample, parse_example
from t5tune.scoring.system_output import SystemOutput


@track("scoring")
def build_evaluation_report(
    origin: Origin,
    examples: Examples,
    hypotheses: Sequence[Hypothesis],
    options: DecodingOptions,
    recipe: Recipe,
    *,
    overlap: TrainingOverlap | None = None,
    novelty: TrainingNovelty | None = None,
    trained: TrainedRun | None = None,
    allow_code: bool = False,
) -> Report:
    """Score hypotheses, with intervals, and look for what went wrong.

    Raises:
        T5TuneError: As `score_hypotheses` does.
    """
    return build_report(
        Evidence(
            [hypothesis.text for hypothesis in hypotheses],
            examples.references,
            examples.sources,
            [hypothesis.reached_limit for hypothesis in hypotheses],
            source_lang=recipe.source_lang,
            target_lang=recipe.target_lang,
            decoding=options.describe() | _describe_inputs(recipe),
            task=recipe.task,
            run=trained,
            overlap=overlap,
            novelty=novelty,
        ),
        choose_metrics(recipe),
        replace(recipe.scoring_options, allow_code=allow_code),
        origin=origin,
        num_resamples=DEFAULT_NUM_RESAMPLES,
    )


def _describe_inputs(recipe: Recipe) -> dict[str, Any]:
    data = recipe.data
    chunks = {} if data.long_sources == CUT else {"long_sources": data.long_sources}
    return chunks if not data.normalization else {**chunks, "normalization": data.normalization}


@track("writing the report")
def write_evaluation(
    report: Report,
    examples: Examples,
    hypotheses: Sequence[Hypothesis],
    directory: Path,
    *,
    run: RunDirectory | None = None,
    alignments: tuple[Alignment, ...] = (),
    provenance: Provenance | None = None,
) -> None:
    """Write the texts and the report as JSON, as Markdown and as a web page.

    All files, those of sections included, are written or none, so that a report never lies beside
    other texts. The page has curves of the run's training log, the alignments and the provenance.

    Raises:
        NotWritten: They cannot be written.
    """
    from t5tune.reporting.html.report_page import render_html  # for jinja2, a tenth of a second

    lines = "".join(hypothesis.text + "\n" for hypothesis in hypotheses)
    curves = read_curves(read_log(run.log) if run is not None else ())
    details = ReportDetails(alignments, curves, provenance)
    write_texts(
        {
            directory / HYPOTHESES: lines,
            directory / EXAMPLES: "".join(format_examples(examples, hypotheses)),
            **{
                directory / name: text
                for section in report.beside
                for name, text in section.files.items()
            },
            **render_report(report, directory),
            directory / REPORT_PAGE: render_html(report, details),
        }
    )
    say(f"report: {directory / REPORT_PAGE}")


def compare_with_stored(report: Report, stored: Path, recipe: Recipe) -> Report:
    """Return the report with its difference from a stored evaluation of the same model.

    Both texts are scored by the recipe's metrics, so that only the hypotheses differ. Where
    nothing can be compared, return the report unchanged and print the reason.
    """
    metrics = [
        name for name in choose_metrics(recipe) if is_computed_here(name) and ranks_models(name)
    ]
    before = read_object(stored / "report.json")
    rows = read_examples(stored / EXAMPLES)
    if not rows or not before:
        say(f"not compared: there is no report in {stored} yet")
    elif before.get("weights") != report.weights:
        say(f"not compared: the report in {stored} is that of other weights")
    elif [(row.source, row.references) for row in rows] != [
        (example.source, tuple(example.references)) for example in report.examples
    ]:
        say(f"not compared: the report in {stored} is about other examples")
    elif metrics:
        references = [row.references for row in rows]
        sources = [example.source or "" for example in report.examples]
        comparison = compare_systems(
            {
                "stored": SystemOutput([row.hypothesis for row in rows], references, sources),
                "tried": SystemOutput(
                    [example.hypothesis for example in report.examples], references, sources
                ),
            },
            metrics,
            recipe.scoring_options,
            split=report.split,
        )
        return replace(report, comparison=comparison)
    return report


def read_examples(path: Path) -> list[StoredExample]:
    """Return what `format_examples` wrote; nothing where the file is missing or damaged."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")[:-1]
    except (OSError, UnicodeDecodeError):
        return []
    rows = [parse_example(line) for line in lines]
    return [row for row in rows if row is not None] if None not in rows else []


def format_examples(examples: Examples, hypotheses: Sequence[Hypothesis]) -> Iterator[str]:
    """Yield one line of JSON per example: source, hypothesis and references."""
    rows = zip(examples.sources, hypotheses, examples.references, strict=True)
    for index, (source, hypothesis, references) in enumerate(rows):
        example = {
            "index": index,
            "source": source,
            "hypothesis": hypothesis.text,
            "references": references,
            "num_tokens": hypothesis.num_tokens,
            "reached_limit": hypothesis.reached_limit,
        }
        # U+2028 and the like stay escaped: some readers take them for line ends.
        yield json.dumps(example) + "\n"
