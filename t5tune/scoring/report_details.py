"""What `report.html` shows beyond `report.json`: every example, and how the model got there."""

from __future__ import annotations

from dataclasses import dataclass

from t5tune.scoring.findings import Alignment, Breakdown, Finding, TrainingCurve
from t5tune.scoring.report import Example


@dataclass(frozen=True)
class ReportDetails:
    """The parts of one report that are too large, or too much about one run, for its JSON.

    Attributes:
        examples: All of the test set, in its order.
        findings: Faults of the hypotheses, the most telling first.
        breakdowns: Scores of parts of the test set.
        alignments: Of a few examples.
        curves: From the log of the training, if there is one.
        reached_limit: For each example, whether its hypothesis stopped at the length limit; None
            if that is not known.
    """

    examples: tuple[Example, ...]
    findings: tuple[Finding, ...] = ()
    breakdowns: tuple[Breakdown, ...] = ()
    alignments: tuple[Alignment, ...] = ()
    curves: tuple[TrainingCurve, ...] = ()
    reached_limit: tuple[bool, ...] | None = None

    def __post_init__(self) -> None:
        if self.reached_limit is not None and len(self.reached_limit) != len(self.examples):
            raise ValueError(
                f"{len(self.reached_limit)} notes on the length limit for "
                f"{len(self.examples)} examples"
            )
