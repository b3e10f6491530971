"""The result of a training."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from t5tune.reporting.reports.report import Report
from t5tune.run.directory import RunDirectory


@dataclass(frozen=True)
class TrainingResult:
    """Result of a training."""

    run: RunDirectory
    # Scores of the test split, or of the validation split if there is no test; None where training
    # was stopped, or an earlier version of t5tune wrote the report.
    report: Report | None = None
    stopped_by: signal.Signals | None = None  # what ended training early, after a checkpoint
    stored_report: Path | None = None  # file of the report, if the run was already finished
