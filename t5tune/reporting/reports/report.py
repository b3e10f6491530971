"""The report of one evaluation: scores, how the text was decoded, best and worst examples."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

from t5tune.errors import T5TuneError
from t5tune.reporting.beside.report_section import Section
from t5tune.reporting.comparisons.comparison_text import summary_to_json
from t5tune.scoring.diagnosis.diagnose import finding_to_json
from t5tune.scoring.diagnosis.findings import Breakdown, Finding
from t5tune.scoring.registry import format_value
from t5tune.scoring.score import Score
from t5tune.scoring.significance.comparison import Comparison

SCHEMA_VERSION = 3


@dataclass(frozen=True)
class Example:
    """One example of the test set with its own score.

    Attributes:
        index: Position in the test set, from 0.
        source: Input text, if known.
        hypothesis: Output of the model.
        references: Expected outputs, one or more.
        score: Score on the scale of the report's `example_metric`.
    """

    index: int
    source: str | None
    hypothesis: str
    references: tuple[str, ...]
    score: float


@dataclass(frozen=True)
class Origin:
    """Origin of hypotheses; that of hypotheses in a file is unknown."""

    run: str | None = None  # name of the run, the model directory or the model on the hub
    split: str | None = None  # of the data
    engine: str | None = None  # engine that decoded the text, for example `torch-fp32`
    weights: str | None = None  # weights of a training run in the model, for example `step 500`


@dataclass(frozen=True)
class Report:
    """Scores and everything a reader needs to judge them.

    Contains neither times nor paths, so that two reports of the same texts are equal.

    Attributes:
        run: Name of the run; None, like the next two, where hypotheses came from a file.
        split: Name of the data split.
        engine: Engine that decoded the text, for example `torch-fp32`.
        num_examples: Number of scored examples.
        decoding: Generation settings by their Hugging Face names.
        scores: Corpus scores, at least one.
        length_limited: Number of hypotheses that stopped at the length limit; None if unknown.
        best: Best examples first; no example is in both tuples.
        worst: Worst examples first.
        example_metric: Name of the score that ranks the examples, for example `BLEU`.
        weights: Weights of a training run in the model, for example `step 500`.
        findings: Faults that were looked for, found or not.
        breakdowns: Scores of parts of the test set.
        found: Examples that the notable findings name.
        comparison: Comparison with the stored report of the same model, where other settings
            were tried.
        examples: All examples of the test set, in order; not part of the JSON.
        beside: Sections that the recipe asks for beside the test set, those with an alarm first.
    """

    run: str | None
    split: str | None
    num_examples: int
    engine: str | None
    decoding: Mapping[str, object]
    scores: tuple[Score, ...]
    length_limited: int | None
    best: tuple[Example, ...]
    worst: tuple[Example, ...]
    example_metric: str
    weights: str | None = None
    findings: tuple[Finding, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()
    found: tuple[Example, ...] = ()
    examples: tuple[Example, ...] = field(default=(), repr=False)
    comparison: Comparison | None = field(default=None, repr=False)
    beside: tuple[Section, ...] = ()
    schema_version: int = SCHEMA_VERSION

    def to_json(self) -> dict[str, object]:
        """Return the report as JSON values, in the key order that other programs see."""
        compared = (
            {} if self.comparison is None else {"comparison": summary_to_json(self.comparison)}
        )
        return {
            "schema_version": self.schema_version,
            "run": self.run,
            "split": self.split,
            "num_examples": self.num_examples,
            "engine": self.engine,
            "decoding": dict(self.decoding),
            "scores": [score.to_json() for score in self.scores],
            "num_length_limited": self.length_limited,
            "examples": {
                "metric": self.example_metric,
                "best": [_example_to_json(example) for example in self.best],
                "worst": [_example_to_json(example) for example in self.worst],
                "found": [_example_to_json(example) for example in self.found],
            },
            "weights": self.weights,
            "findings": [finding_to_json(finding) for finding in self.findings],
            "breakdowns": [asdict(breakdown) for breakdown in self.breakdowns],
            **compared,
            **({"beside": [one.to_json() for one in self.beside]} if self.beside else {}),
        }

    def to_markdown(self) -> str:
        """Return the report for people: scores, decoding settings, length limit, examples."""
        from t5tune.reporting.reports.report_markdown import render_markdown

        return render_markdown(self)


class ReportNotWritten(T5TuneError):  # noqa: N818 (the sentence says that it is an error)
    """Error of a finished evaluation whose report cannot be written.

    Callers can still print the report.
    """

    def __init__(self, report: Report, model: str, error: T5TuneError) -> None:
        super().__init__(
            f"{error.message} The report is printed but not stored.",
            next_command=f"t5tune eval {shlex.quote(model)} --output-dir DIR   # DIR is one that "
            "can be written",
        )
        self.report = report


def render_report(report: Report, directory: Path) -> dict[Path, str]:
    """Return the texts of `report.json` and `report.md`, by their paths in a directory."""
    return {
        directory / "report.json": format_json(report) + "\n",
        directory / "report.md": report.to_markdown(),
    }


def format_json(report: Report) -> str:
    """Return the text of `report.json`, without the newline at its end."""
    return json.dumps(report.to_json(), ensure_ascii=False, indent=2, allow_nan=False)


def format_scores(report: Report) -> str:
    """Return one line per score for a terminal: name, value, interval if any, signature."""
    lines = []
    for score in report.scores:
        interval = ""
        if score.confidence_interval is not None:
            ends = (format_value(score.name, end) for end in score.confidence_interval)
            interval = f" [{', '.join(ends)}]"
        value = format_value(score.name, score.value)
        lines.append(f"{score.name} {value}{interval}  {score.signature}")
    return "\n".join(lines)


def _example_to_json(example: Example) -> dict[str, object]:
    return {**asdict(example), "references": list(example.references)}
