"""Content of a report beyond its scores: findings, breakdowns, alignments and curves."""

from __future__ import annotations

from dataclasses import dataclass

from t5tune.scoring.score import Score


@dataclass(frozen=True)
class Finding:
    """One kind of fault, how often it was seen, and what mends it.

    Attributes:
        name: Name for programs, for example `hit_length_limit`.
        title: Title for people, for example `stopped at the length limit`.
        num_found: Number of hypotheses that have it.
        num_checked: Number of hypotheses that could have it.
        examples: Indices of up to five of them, the clearest first.
        remedy: Recipe line or other next step; None if there is nothing to do.
        all_examples: Indices of all of them, ascending; not part of the JSON.
        is_notable: Whether the rate exceeds that of good systems, so that it is shown first.
        seen_in: Counted items if not hypotheses: `validations` of the training, or `examples` of
            the test set; not part of the JSON.
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
        """Whether it is a fault of hypotheses."""
        return self.seen_in == "hypotheses"

    @property
    def has_examples(self) -> bool:
        """Whether examples show it."""
        return self.seen_in != "validations"

    @property
    def precedence(self) -> int:
        """Place among findings, from 0: test set, training, hypotheses."""
        return ("examples", "validations", "hypotheses").index(self.seen_in)

    @property
    def counted(self) -> str:
        """Frequency for people: `3 of 100`, or `4 of 4 validations`."""
        counts = f"{self.num_found} of {self.num_checked}"
        return counts if self.is_about_outputs else f"{counts} {self.seen_in}"

    @property
    def rate(self) -> float:
        """Rate from 0 to 1."""
        return self.num_found / self.num_checked if self.num_checked else 0.0


@dataclass(frozen=True)
class Bucket:
    """Part of the examples, such as `11 to 20 words`, with its own scores (none for too few)."""

    label: str
    num_examples: int
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class Breakdown:
    """All examples in buckets by one property; `title` is for people, `name` for programs."""

    name: str
    title: str
    buckets: tuple[Bucket, ...]


@dataclass(frozen=True)
class Alignment:
    """Attention to source tokens (columns of `weights`) for each token that a model wrote (rows).

    The rows of the weights add up to 1; tokens are texts, and the example's index counts from 0.
    """

    index: int
    source_tokens: tuple[str, ...]
    target_tokens: tuple[str, ...]
    weights: tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class TrainingCurve:
    """One quantity, such as `loss` or a validation's `BLEU`, over ascending optimizer steps."""

    name: str
    steps: tuple[int, ...]
    values: tuple[float, ...]
