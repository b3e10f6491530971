"""Reading a stored report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from t5tune.files.json_values import as_object, read_object
from t5tune.reporting.reports.report import SCHEMA_VERSION, Report


def read_report(path: Path) -> Report | None:
    """Return the report in a `report.json`.

    It lacks the examples that are not shown, and any comparison with other settings.

    Returns:
        The report; None where the file is missing, damaged or older than schema version 2.
    """
    stored = read_object(path)
    if stored.get("schema_version") not in (2, SCHEMA_VERSION):
        return None
    examples = as_object(stored.get("examples"))
    findings = stored.get("findings")
    fields: dict[str, Any] = {
        **stored,
        "schema_version": SCHEMA_VERSION,
        "findings": list(map(_read_finding, findings)) if isinstance(findings, list) else None,
        "length_limited": stored.get("num_length_limited"),
        "example_metric": examples.get("metric"),
        **{key: examples.get(key) for key in ("best", "worst", "found")},
        "examples": (),
        "comparison": None,
        "beside": stored.get("beside", ()),
    }
    try:
        return TypeAdapter(Report).validate_python(fields)
    except ValidationError:
        return None


def _read_finding(value: Any) -> dict[str, Any]:
    finding = as_object(value)
    return {"num_checked": finding.get("num_looked_at"), **finding}  # its name in version 2
