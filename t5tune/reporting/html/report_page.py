"""`report.html`, and `comparison.html` for systems side by side."""

from __future__ import annotations

from t5tune.reporting.html.charts import draw_curve, draw_histogram, is_lower_better
from t5tune.reporting.html.page import render_page
from t5tune.reporting.reports.leak_sentences import find_clean_score
from t5tune.reporting.reports.report import Report
from t5tune.reporting.reports.report_details import ReportDetails
from t5tune.reporting.reports.report_verdict import (
    describe_comparison,
    describe_report,
    describe_unseen,
)
from t5tune.scoring.diagnosis.findings import Alignment, Finding
from t5tune.scoring.significance.comparison import Comparison


def render_html(report: Report, details: ReportDetails) -> str:
    """Return the complete document. The same input gives the same text.

    Raises:
        ValueError: The details do not hold all of the report's examples.
    """
    if len(report.examples) != report.num_examples:
        raise ValueError(
            f"{len(report.examples)} examples in a report of {report.num_examples} examples"
        )
    return render_page(
        "report.html",
        _report_data(report, details),
        title=" · ".join(name for name in (report.run, report.split) if name) or "Scores",
        report=report,
        details=details,
        main=report.scores[0],
        clean=find_clean_score(report),
        sentences=describe_report(report, details),
        notable=[finding for finding in report.findings if finding.is_notable],
        seen=[finding for finding in report.findings if finding.num_found],
        unseen=describe_unseen(report.findings),
        curves=[draw_curve(curve) for curve in details.curves if curve.steps],
        beside_links=[(f"beside-{one.name}", one.title) for one in report.beside],
    )


def render_comparison_html(comparison: Comparison) -> str:
    """Return the complete document about systems and a baseline, the same for the same input."""
    others = comparison.systems[1:]
    return render_page(
        "comparison.html",
        _comparison_data(comparison),
        title=" · ".join(system.name for system in comparison.systems),
        comparison=comparison,
        sentences=describe_comparison(comparison),
        histograms=[draw_histogram(comparison.example_gains(system)) for system in others],
    )


def _comparison_data(comparison: Comparison) -> dict[str, object]:
    metric = comparison.example_metric_names[0]
    return {
        "metric": metric,
        "lowerIsBetter": is_lower_better(metric),
        "indices": list(range(comparison.num_examples)),
        "sources": None if comparison.sources is None else list(comparison.sources),
        "references": [list(references) for references in comparison.references],
        "systems": [
            {
                "name": system.name,
                "hypotheses": list(system.hypotheses),
                "scores": [_rounded(value) for value in system.example_scores[0]],
            }
            for system in comparison.systems
        ],
        "filters": [],
        "alignments": [],
    }


def _report_data(report: Report, details: ReportDetails) -> dict[str, object]:
    """Return the data of the script: one system's examples, by column."""
    examples = report.examples
    has_sources = any(example.source is not None for example in examples)
    return {
        "metric": report.example_metric,
        "lowerIsBetter": is_lower_better(report.example_metric),
        "indices": [example.index for example in examples],
        "sources": [example.source or "" for example in examples] if has_sources else None,
        "references": [list(example.references) for example in examples],
        "systems": [
            {
                "name": report.run or "hypothesis",
                "hypotheses": [example.hypothesis for example in examples],
                "scores": [_rounded(example.score) for example in examples],
            }
        ],
        "filters": [
            _filter_of(finding)
            for finding in report.findings
            if finding.num_found and finding.has_examples
        ],
        "alignments": [_alignment_data(alignment) for alignment in details.alignments],
    }


def _filter_of(finding: Finding) -> dict[str, object]:
    return {
        "name": finding.name,
        "title": finding.title,
        "numFound": finding.num_found,
        "examples": list(finding.all_examples or finding.examples),
    }


def _alignment_data(alignment: Alignment) -> dict[str, object]:
    return {
        "index": alignment.index,
        "source": list(alignment.source_tokens),
        "target": list(alignment.target_tokens),
        "weights": [[_rounded(weight) for weight in row] for row in alignment.weights],
    }


def _rounded(value: float) -> float | None:
    """Return a number that JSON can hold, with more digits than are shown."""
    rounded = round(value, 3)
    return rounded if abs(rounded) < float("inf") else None
