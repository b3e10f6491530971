"""The result of a training."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from t5tune.reporting.report import Report
from t5tune.run.directory import RunDirectory


@dataclass(frozen=True)
class TrainingResult:
    """Result of a training.

    Attributes:
        run: Run directory.
        report: Scores of the test split, or of the validation split if there is no test; None
            where training was stopped, or an earlier version of t5tune wrote the report.
        stopped_by: Signal that ended training early, after a checkpoint.
        stored_report: File of the report, if the run was already finished.
    """

    run: RunDirectory
    report: Report | None = None
    stopped_by: signal.Signals | None = None
    stored_report: Path | None = None
