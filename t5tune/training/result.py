"""What a training ends with."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from pathlib import Path

from t5tune.reporting.report import Report
from t5tune.run.directory import RunDirectory


@dataclass(frozen=True)
class TrainingResult:
    """What a training ends with.

    Attributes:
        run: Where everything is.
        report: Scores of the test split, or of the validation split if there is no test; None
            where training was stopped, or an earlier version of t5tune wrote the report.
        stopped_by: The signal that ended training early, after a checkpoint.
        stored_report: The report's file, of a run that was finished before.
    """

    run: RunDirectory
    report: Report | None = None
    stopped_by: signal.Signals | None = None
    stored_report: Path | None = None
