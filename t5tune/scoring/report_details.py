"""What `report.html` shows beyond the report: how the model got there, and where it looked."""

from __future__ import annotations

from dataclasses import dataclass

from t5tune.scoring.findings import Alignment, TrainingCurve


@dataclass(frozen=True)
class ReportDetails:
    """What is about one run, and not about its outputs as a whole.

    Attributes:
        alignments: Of a few examples.
        curves: From the log of the training, if there is one.
    """

    alignments: tuple[Alignment, ...] = ()
    curves: tuple[TrainingCurve, ...] = ()
