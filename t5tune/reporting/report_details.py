"""Content of `report.html` beyond the report: training, alignments and provenance."""

from __future__ import annotations

from dataclasses import dataclass

from t5tune.scoring.diagnosis.findings import Alignment, TrainingCurve


@dataclass(frozen=True)
class Provenance:
    """Origin of a report.

    Attributes:
        rows: Pairs of name and text about model, data, training and machine.
        recipe: Recipe of the run in YAML.
    """

    rows: tuple[tuple[str, str], ...]
    recipe: str


@dataclass(frozen=True)
class ReportDetails:
    """Details of one run beyond the scores of its outputs.

    Attributes:
        alignments: Alignments of a few examples.
        curves: Curves from the training log, if it exists.
        provenance: Origin of the report; None for a model that is not a run.
    """

    alignments: tuple[Alignment, ...] = ()
    curves: tuple[TrainingCurve, ...] = ()
    provenance: Provenance | None = None
