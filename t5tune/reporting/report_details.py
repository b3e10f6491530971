"""What `report.html` shows beyond the report: how the model got there, and where it looked."""

from __future__ import annotations

from dataclasses import dataclass

from t5tune.scoring.diagnosis.findings import Alignment, TrainingCurve


@dataclass(frozen=True)
class Provenance:
    """Where a report comes from.

    Attributes:
        rows: What is known of model, data, training and machine: a name and a text each.
        recipe: The run's recipe in YAML.
    """

    rows: tuple[tuple[str, str], ...]
    recipe: str


@dataclass(frozen=True)
class ReportDetails:
    """What is about one run, and not about its outputs as a whole.

    Attributes:
        alignments: Of a few examples.
        curves: From the log of the training, if there is one.
        provenance: None for a model that is not a run.
    """

    alignments: tuple[Alignment, ...] = ()
    curves: tuple[TrainingCurve, ...] = ()
    provenance: Provenance | None = None
