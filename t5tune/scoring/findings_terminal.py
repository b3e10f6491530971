"""Findings on a terminal: the notable ones, each with the recipe line that mends it.

Why it does stands in report.md.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.text import Text

from t5tune.errors import visible
from t5tune.scoring.findings import Finding
from t5tune.scoring.remedies import first_part


def finding_lines(findings: Sequence[Finding]) -> list[Text]:
    """One line for each notable finding, the most frequent first; none if all is well."""
    notable = [finding for finding in findings if finding.is_notable]
    return [_line(finding) for finding in sorted(notable, key=lambda one: -one.rate)]


def _line(finding: Finding) -> Text:
    count = f"{finding.num_found} of {finding.num_looked_at}"
    text = Text(visible(f"{finding.title}: {count}", one_line=True), style="yellow")
    text.append(f" ({100 * finding.rate:.1f} %)", style="yellow")
    if finding.remedy is not None:
        text.append(" → ", style="dim").append(visible(first_part(finding.remedy)), style="bold")
    return text
