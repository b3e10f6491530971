"""Content of `report.html` beyond the report: training, alignments and provenance."""

from __future__ import annotations

from dataclasses import dataclass

from t5tune.scoring.diagnosis.findings import Alignment, TrainingCurve


@dataclass(frozen=True)
class Provenance:
    """Origin of a report."""

    # Pairs of name and text about model, data, training and machine.
    rows: tuple[tuple[str, str], ...]
    recipe: str  # of the run, in YAML


@dataclass(frozen=True)
class ReportDetails:
    """Details of one run beyond the scores of its outputs."""

    alignments: tuple[Alignment, ...] = ()  # alignments of a few examples
    curves: tuple[TrainingCurve, ...] = ()  # curves from the training log, if it exists
    provenance: Provenance | None = None  # origin of the report; None for a model that is not a run
