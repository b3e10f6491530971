"""A report as Markdown (GitHub's dialect), safe for whatever text a model or a file holds."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from t5tune.scoring.report import Example, Report

# The JSON keeps whole texts; a table cell of a page of text helps nobody.
_MAX_CHARACTERS_SHOWN = 400

# What has a meaning inside a line; block markup cannot start in a table cell or a heading.
_MARKUP = re.compile(r"([\\`*_\[\]<>#|~$&])")
_LINE_END = re.compile(r"\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")


def render_markdown(report: Report) -> str:
    """The whole document, with a newline at its end."""
    from t5tune.scoring.findings_markdown import render_findings  # it takes its cells from here

    names = [escape(name) for name in (report.run, report.split) if name]
    blocks = ["# " + (", ".join(names) or "Scores"), _counted(report), _score_table(report)]
    if report.decoding:
        blocks += ["## Decoding", _decoding_list(report)]
    findings, breakdowns = getattr(report, "findings", ()), getattr(report, "breakdowns", ())
    if report.length_limited is not None and not findings:  # one of the findings says it
        blocks.append(_length_advice(report.length_limited, report))
    if findings or breakdowns:
        examples = (*report.best, *report.worst, *getattr(report, "details_examples", ()))
        blocks += render_findings(findings, breakdowns, examples)
    for title, examples in (("Best", report.best), ("Worst", report.worst)):
        if examples:
            heading = f"## {title} examples by {escape(report.example_metric)}"
            blocks += [heading, _example_table(examples)]
    return "\n\n".join(blocks) + "\n"


def _counted(report: Report) -> str:
    line = f"{report.num_examples} example" + ("s" if report.num_examples != 1 else "")
    line += f", decoded with {code(report.engine)}" if report.engine else ""
    return line + (f", weights: {escape(report.weights)}." if report.weights else ".")


def _score_table(report: Report) -> str:
    rows = []
    for score in report.scores:
        interval = "none"
        if score.confidence_interval is not None:
            interval = "{:.2f} to {:.2f}".format(*score.confidence_interval)
        rows.append(
            [escape(score.name), f"{score.value:.2f}", interval, code_in_cell(score.signature)]
        )
    return table(["score", "value", "confidence interval", "signature"], rows)


def _decoding_list(report: Report) -> str:
    settings = (
        f"{name}: {json.dumps(value, ensure_ascii=False)}"
        for name, value in report.decoding.items()
    )
    return "\n".join(f"- {code(setting)}" for setting in settings)


def _length_advice(num_limited: int, report: Report) -> str:
    if num_limited == 0:
        return "No hypothesis stopped at the length limit."
    share = 100 * num_limited / report.num_examples
    limit = report.decoding.get("max_new_tokens")
    now = "" if limit is None else f" (now {limit})"
    return (
        f"{num_limited} of {report.num_examples} hypotheses ({share:.1f} %) stopped at the length "
        f"limit and may be cut off: raise `decoding.max_new_tokens` in the recipe{now} and "
        "evaluate again."
    )


def _example_table(examples: Sequence[Example]) -> str:
    has_sources = any(example.source is not None for example in examples)
    header = ["number (from 0)", "score", *(["source"] if has_sources else [])]
    rows = []
    for example in examples:
        row = [str(example.index), f"{example.score:.2f}"]
        if has_sources:
            row.append(cell(example.source or ""))
        row.append(cell(example.hypothesis))
        row.append("<br>".join(cell(reference) for reference in example.references))
        rows.append(row)
    return table([*header, "hypothesis", "reference"], rows)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of cells that are Markdown already."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def cell(text: str) -> str:
    """A text of a model or a file as a table cell, the beginning of it if it is long."""
    if not text.strip():
        return "*(empty)*"
    if len(text) > _MAX_CHARACTERS_SHOWN:
        text = text[:_MAX_CHARACTERS_SHOWN].rstrip() + " …"
    return escape(text)


def escape(text: str) -> str:
    """`text` on one line, with no character that Markdown or HTML would interpret."""
    printable = _CONTROL.sub("\ufffd", text.strip())
    return _MARKUP.sub(r"\\\1", _LINE_END.sub(" ⏎ ", printable))


def code(text: str) -> str:
    """`text` as a code span, whose fence is longer than any run of backticks inside."""
    text = _LINE_END.sub(" ", text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    padding = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def code_in_cell(text: str) -> str:
    """`code` for a table cell."""
    # In a table a pipe ends the cell even inside a code span, unless escaped.
    return code(text).replace("|", "\\|")
