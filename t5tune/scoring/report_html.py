"""A report as one HTML file that needs nothing else: no network, no font, no other file.

Texts of models and files are never markup here: the templates escape what they print, the script
gets the examples as JSON and shows them as text nodes, and the page's security policy runs no
other script and loads nothing.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

from t5tune.scoring.findings import Alignment, Finding
from t5tune.scoring.html_charts import draw_curve, draw_interval, is_lower_better, scale_end
from t5tune.scoring.report import Report
from t5tune.scoring.report_details import ReportDetails
from t5tune.scoring.report_verdict import count, describe_report

if TYPE_CHECKING:
    import jinja2

_SCRIPTS = ("page.js", "charts.js", "heatmaps.js", "differences.js", "examples.js", "table.js")

# What a reader would not see, or what would change how the text beside it is read: control
# characters and marks that override the direction of writing.
_INVISIBLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def render_html(report: Report, details: ReportDetails) -> str:
    """The whole document. The same input gives the same text.

    Args:
        report: What `report.json` holds.
        details: Everything else.

    Raises:
        ValueError: The details do not hold all of the report's examples.
    """
    if len(details.examples) != report.num_examples:
        raise ValueError(
            f"{len(details.examples)} examples for a report of {report.num_examples} examples"
        )
    return _render(
        "report.html",
        _report_data(report, details),
        title=" · ".join(name for name in (report.run, report.split) if name) or "Scores",
        report=report,
        details=details,
        main=report.scores[0],
        sentences=describe_report(report, details),
        notable=[finding for finding in details.findings if finding.is_notable],
        curves=[draw_curve(curve) for curve in details.curves if curve.steps],
    )


def _report_data(report: Report, details: ReportDetails) -> dict[str, object]:
    """What the script shows: one system's examples, by column."""
    examples = details.examples
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
        "filters": [_filter_of(finding, details) for finding in details.findings],
        "alignments": [_alignment_data(alignment) for alignment in details.alignments],
    }


def _filter_of(finding: Finding, details: ReportDetails) -> dict[str, object]:
    members = list(finding.examples)
    if finding.name == "hit_length_limit" and details.reached_limit is not None:
        members = [
            example.index
            for example, reached in zip(details.examples, details.reached_limit, strict=True)
            if reached
        ]
    return {
        "name": finding.name,
        "title": finding.title,
        "numFound": finding.num_found,
        "examples": members,
    }


def _alignment_data(alignment: Alignment) -> dict[str, object]:
    return {
        "index": alignment.index,
        "source": list(alignment.source_tokens),
        "target": list(alignment.target_tokens),
        "weights": [[_rounded(weight) for weight in row] for row in alignment.weights],
    }


def _rounded(value: float) -> float | None:
    """A number that JSON can hold, with more digits than are shown."""
    rounded = round(value, 3)
    return rounded if abs(rounded) < float("inf") else None


def _render(template: str, data: Mapping[str, object], **values: object) -> str:
    from markupsafe import Markup

    style, script = _read("report.css"), "\n".join(_read(name) for name in _SCRIPTS)
    policy = "; ".join(
        [
            "default-src 'none'",
            f"script-src '{_hash(script)}'",
            f"style-src '{_hash(style)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
            "trusted-types 'none'",
        ]
    )
    text = (
        _environment()
        .get_template(template)
        .render(
            policy=policy,
            style=Markup(style),  # noqa: S704 (our own file)
            script=Markup(script),  # noqa: S704 (our own files)
            data=Markup(to_embedded_json(data)),  # noqa: S704 (escaped for this place)
            **values,
        )
    )
    return _LONE_SURROGATE.sub("\ufffd", text)


def to_embedded_json(data: object) -> str:
    """JSON that may stand inside a script element, whatever texts it holds."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    text = text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029")
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match.group()):04x}", text)


def show_invisible(text: object) -> str:
    """A text in which every control character is seen; to be escaped afterwards."""
    return _INVISIBLE.sub(lambda match: f"[U+{ord(match.group()):04X}]", str(text))


def _hash(text: str) -> str:
    """A hash as a security policy wants it: https://www.w3.org/TR/CSP3/#grammardef-hash-source."""
    digest = hashlib.sha256(text.encode("utf-8")).digest()
    return "sha256-" + base64.b64encode(digest).decode("ascii")


@cache
def _read(name: str) -> str:
    from importlib.resources import files

    return files("t5tune.scoring").joinpath("html", name).read_text(encoding="utf-8")


@cache
def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(_read),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        finalize=lambda value: show_invisible(value) if type(value) is str else value,
    )
    environment.globals.update(
        draw_interval=draw_interval, scale_end=scale_end, count=count, is_recipe_line=is_recipe_line
    )
    environment.filters["json"] = lambda value: json.dumps(value, ensure_ascii=False)
    return environment


def is_recipe_line(remedy: str) -> bool:
    """Whether a remedy is to be typed, a recipe's line or a command, rather than read."""
    return re.match(r"(t5tune |[\w.]+ ?[:=] ?\S+$)", remedy) is not None


def system_columns(
    names: Sequence[str], hypotheses: Sequence[Sequence[str]], scores: Sequence[Sequence[float]]
) -> list[dict[str, object]]:
    """What the script needs of several systems, the baseline first."""
    return [
        {"name": name, "hypotheses": list(texts), "scores": [_rounded(value) for value in values]}
        for name, texts, values in zip(names, hypotheses, scores, strict=True)
    ]
