"""Cleaning: unusable examples are left out of the training data, and counted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from t5tune.console import track
from t5tune.errors import T5TuneError

if TYPE_CHECKING:
    from datasets import Dataset


@dataclass(frozen=True)
class CleaningReport:
    """Counts of examples."""

    num_read: int
    num_blank: int

    @property
    def num_kept(self) -> int:
        return self.num_read - self.num_blank


@track("cleaning the training data")
def clean_training_data(dataset: Dataset) -> tuple[Dataset, CleaningReport]:
    """Drop examples with a blank source or target, which teach the model empty outputs.

    Validation and test data are never cleaned: a score counts every example.

    Raises:
        T5TuneError: No example is left.
    """
    # By columns: `datasets` takes a hundred times as long row by row.
    columns = zip(dataset["source"][:], dataset["target"][:], strict=True)
    keep = [i for i, (source, target) in enumerate(columns) if source.strip() and target.strip()]
    report = CleaningReport(num_read=len(dataset), num_blank=len(dataset) - len(keep))
    if not keep:
        raise T5TuneError(
            "data.train: every example has a blank source or target.",
            next_command="check `source:` and `target:` under data.train in the recipe",
        )
    return (dataset.select(keep) if report.num_blank else dataset), report
