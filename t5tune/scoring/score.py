"""A number and its origin: the score, and the options that change its value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from t5tune import __version__
from t5tune.scoring.languages import short_code
from t5tune.scoring.registry import format_value

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from t5tune.scoring.system_output import SystemOutput

Normalization = Literal["none", "squad"]


@dataclass(frozen=True)
class Score:
    """A number with its signature, without which it means little.

    Attributes:
        name: Name that reports print, for example `BLEU` or `chrF2++`.
        value: A percentage from 0 to 100 (error rates may exceed 100), not rounded.
        signature: Everything that changes the value, as `key:value` pairs joined by `|`.
        confidence_interval: Lower and upper end on the scale of `value`, if one was estimated.
    """

    name: str
    value: float
    signature: str
    confidence_interval: tuple[float, float] | None = None

    def to_json(self) -> dict[str, object]:
        """Return JSON values, in the key order that other programs see."""
        interval = self.confidence_interval
        return {
            "name": self.name,
            "value": self.value,
            "signature": self.signature,
            "confidence_interval": None if interval is None else list(interval),
        }

    @property
    def shown(self) -> str:
        """The value for people, see `format_value`."""
        return format_value(self.name, self.value)

    @property
    def shown_interval(self) -> tuple[str, str] | None:
        """The ends of the interval for people."""
        if self.confidence_interval is None:
            return None
        low, high = self.confidence_interval
        return format_value(self.name, low), format_value(self.name, high)


@dataclass(frozen=True)
class ScoringOptions:
    """Scoring options of the caller.

    Attributes:
        tokenize: Name of a sacreBLEU tokenizer, for BLEU only; None means sacreBLEU's default
            for the target language.
        lowercase: Whether to ignore case, where the metric has a choice.
        target_lang: Language code of the hypotheses (`de`, `zh_CN`, `jpn_Jpan`), if known.
        normalize: Normalization of both sides for exact_match.
        allow_code: Whether metrics may run Python code from the hub or from a script.
    """

    tokenize: str | None = None
    lowercase: bool = False
    target_lang: str | None = None
    normalize: Normalization = "none"
    allow_code: bool = False

    @property
    def base_language(self) -> str | None:
        """The target language without region and script, in two letters if it has such a code."""
        return short_code(self.target_lang)

    @property
    def case(self) -> str:
        """The value of `case` in a signature, in sacreBLEU's words."""
        return "lc" if self.lowercase else "mixed"


class SegmentStatistics(Protocol):
    """Numbers that one system's texts are reduced to, so that resampling is arithmetic alone."""

    num_examples: int

    def compute_scores(self, samples: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return corpus scores of resampled test sets.

        Args:
            samples: Shape (num_samples, any number): indices, from 0, of the examples in each
                resampled test set.

        Returns:
            Shape (num_samples, num_scores), in the order of the metric's `score_corpus`.
        """
        ...


class Metric(Protocol):
    """One family of scores, ready to be applied to checked texts."""

    def score_corpus(self, output: SystemOutput) -> list[Score]:
        """Return the scores of the whole corpus."""
        ...

    def score_segments(self, output: SystemOutput) -> list[float]:
        """Return one number per example on the scale of the metric's main score."""
        ...

    def collect_statistics(self, output: SystemOutput) -> SegmentStatistics:
        """Return what the corpus scores are computed from, by example."""
        ...


def format_signature(references: Sequence[Sequence[str]], **settings: str) -> str:
    """Return a signature in sacreBLEU's form for the metrics that sacreBLEU does not have.

    `nrefs` comes first, `version` last (this package's unless `settings` names another).
    """
    counts = {len(of_one_example) for of_one_example in references}
    pairs = {"nrefs": str(counts.pop()) if len(counts) == 1 else "var"}
    version = settings.pop("version", f"t5tune-{__version__}")
    pairs.update(settings)
    pairs["version"] = version
    return "|".join(f"{key}:{value}" for key, value in pairs.items())
