"""Findings on a terminal: the notable ones, each with the recipe line that mends it.

The reasons are in report.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from t5tune.errors import visible
from t5tune.scoring.diagnosis.findings import Finding
from t5tune.scoring.diagnosis.remedies import first_part


def finding_lines(findings: Sequence[Finding]) -> list[Text]:
    """Return one line for each notable finding, the most frequent first; none if all is well.

    Findings about the training precede those about outputs.
    """
    notable = [finding for finding in findings if finding.is_notable]
    notable.sort(key=lambda finding: (finding.is_about_outputs, -finding.rate))
    return [_line(finding) for finding in notable]


def _line(finding: Finding) -> Text:
    text = Text(visible(finding.title, one_line=True), style="yellow")
    if finding.is_about_outputs:
        text.append(f": {finding.counted} ({100 * finding.rate:.1f} %)")
    if finding.remedy is not None:
        text.append(" → ", style="dim").append(visible(first_part(finding.remedy)), style="bold")
    return text
