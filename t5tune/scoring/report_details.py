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
        reached_limit: For each example, whether its hypothesis stopped at the length limit; None
            if that is not known.
    """

    alignments: tuple[Alignment, ...] = ()
    curves: tuple[TrainingCurve, ...] = ()
    reached_limit: tuple[bool, ...] | None = None
