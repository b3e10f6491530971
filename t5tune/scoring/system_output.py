"""The output of one system for a test set, beside the references."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from t5tune.errors import T5TuneError


@dataclass(frozen=True)
class SystemOutput:
    """Examples of a test set with one system's text for each.

    Attributes:
        references: References of each example, at least one; their number may differ.
        sources: Input texts without the prefix, if known.
        reached_limit: Whether each hypothesis stopped at the length limit, if known.

    Raises:
        T5TuneError: There are no examples, one has no reference, or the numbers of hypotheses and
            references differ.
        ValueError: The numbers of sources or limits differ from that of the hypotheses.
    """

    hypotheses: Sequence[str]
    references: Sequence[Sequence[str]]
    sources: Sequence[str] | None = None
    reached_limit: Sequence[bool] | None = None

    def __post_init__(self) -> None:
        num = len(self.hypotheses)
        if num != len(self.references):
            raise T5TuneError(
                f"There are {num} hypotheses but references for {len(self.references)} examples.",
                next_command="give one hypothesis for each example, an empty one included",
            )
        if not num:
            raise T5TuneError(
                "There are no examples to score.", next_command="check that the split is not empty"
            )
        for number, of_one_example in enumerate(self.references):
            if isinstance(of_one_example, str):
                # A mistake of the caller, not the user: every letter would count as a reference.
                raise TypeError("references[i] must be a sequence of texts, not one text")
            if not of_one_example:
                raise T5TuneError(
                    f"Example {number} (counted from 0) has no reference.",
                    next_command="remove the example or give it a reference",
                )
        for name, values in (("sources", self.sources), ("limits", self.reached_limit)):
            if values is not None and len(values) != num:
                raise ValueError(f"{len(values)} {name} for {num} hypotheses")

    def __len__(self) -> int:
        return len(self.hypotheses)

    def select(self, indices: Sequence[int]) -> SystemOutput:
        """Return some of the examples without their limits, in the order of the indices."""
        return SystemOutput(
            [self.hypotheses[index] for index in indices],
            [self.references[index] for index in indices],
            [self.sources[index] for index in indices] if self.sources is not None else None,
        )
