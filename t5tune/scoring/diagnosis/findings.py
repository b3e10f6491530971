"""What a report says beyond its scores: findings about the outputs, and where they are good."""

from __future__ import annotations

from dataclasses import dataclass

from t5tune.scoring.score import Score


@dataclass(frozen=True)
class Finding:
    """One kind of fault, how often it was seen, and what mends it.

    Attributes:
        name: For programs, for example `hit_length_limit`.
        title: For people, for example `stopped at the length limit`.
        num_found: Hypotheses that have it.
        num_checked: Hypotheses that could have it.
        examples: Indices of up to five of them, the clearest first.
        remedy: A recipe line, or another next step; None where nothing is to be done.
        all_examples: Indices of all of them, ascending; not part of the JSON.
        is_notable: Whether the rate is beyond what good systems show, so that it is shown first.
        seen_in: What is counted, where it is not hypotheses: `validations`; not part of the JSON.
    """

    name: str
    title: str
    num_found: int
    num_checked: int
    examples: tuple[int, ...] = ()
    remedy: str | None = None
    is_notable: bool = False
    all_examples: tuple[int, ...] = ()
    seen_in: str = "hypotheses"

    @property
    def is_about_outputs(self) -> bool:
        """Whether examples have it."""
        return self.seen_in == "hypotheses"

    @property
    def counted(self) -> str:
        """How often it was seen, for people: `3 of 100`, or `4 of 4 validations`."""
        counts = f"{self.num_found} of {self.num_checked}"
        return counts if self.is_about_outputs else f"{counts} {self.seen_in}"

    @property
    def rate(self) -> float:
        """From 0 to 1."""
        return self.num_found / self.num_checked if self.num_checked else 0.0


@dataclass(frozen=True)
class Bucket:
    """Some of the examples, and the scores of these alone.

    Attributes:
        label: Which ones, for example `11 to 20 words`.
        num_examples: How many; 0 has no scores.
        scores: In the order of the report's scores.
    """

    label: str
    num_examples: int
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class Breakdown:
    """All examples, sorted into buckets by one property.

    Attributes:
        name: For programs, for example `source_length`.
        title: For people, for example `length of the source in words`.
        buckets: In the order of the property.
    """

    name: str
    title: str
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True)
class Alignment:
    """Which source tokens a model looked at while it wrote each token of a hypothesis.

    Attributes:
        index: Of the example, counted from 0.
        source_tokens: As the model saw them, as text.
        target_tokens: The hypothesis's, as text.
        weights: One row a target token, one column a source token; each row adds up to 1.
    """

    index: int
    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class TrainingCurve:
    """One quantity over the optimizer steps of the training.

    Attributes:
        name: For example `loss`, `learning_rate` or `BLEU` (of the validations).
        steps: Optimizer steps, ascending.
        values: One for each step.
    """

    name: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
