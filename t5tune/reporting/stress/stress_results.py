"""Results of hard sets, as reports have them."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from t5tune.scoring.registry import format_value
from t5tune.scoring.score import Score
from t5tune.scoring.significance.proportions import wilson_interval

SAME_OUTPUT = "same_output"
_FAULTS = ("empty", "loop", "hit_length_limit", "repeated", "too_many_words", "no_word")


@dataclass(frozen=True)
class Share:
    """Share of the examples of a hard set that have a property.

    Attributes:
        name: Name for programs, such as `same_output`.
        title: Title for people, such as `same output as for the test set`.
        num_found: Number of examples that have it.
        num_checked: Number of examples that could have it, at least one.
        num_clean: Number of the same examples that have it in the test set; None if it means
            nothing there.
    """

    name: str
    title: str
    num_found: int
    num_checked: int
    num_clean: int | None = None

    @property
    def rate(self) -> float:
        """Rate from 0 to 1."""
        return self.num_found / self.num_checked

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of the rate."""
        return wilson_interval(self.num_found, self.num_checked)

    @property
    def shown(self) -> str:
        """The rate for people, in percent."""
        return f"{100 * self.rate:.1f} %"

    @property
    def shown_interval(self) -> tuple[str, str]:
        """The ends of the interval for people, in percent."""
        low, high = self.interval
        return f"{100 * low:.1f}", f"{100 * high:.1f}"

    @property
    def is_fault(self) -> bool:
        """Whether it is the share of outputs that nobody can use, and which good systems lack."""
        return self.name in _FAULTS


@dataclass(frozen=True)
class Change:
    """Score of a hard set minus that of the test set, on the same examples."""

    score: str
    value: float
    confidence_interval: tuple[float, float]

    @property
    def shown(self) -> str:
        """The difference with its sign, for people."""
        return self._show(self.value)

    @property
    def shown_interval(self) -> tuple[str, str]:
        """The ends of the interval with their signs, for people."""
        low, high = self.confidence_interval
        return self._show(low), self._show(high)

    def _show(self, value: float) -> str:
        text = format_value(self.score, value, "+")
        return text[1:] if float(text) == 0 else text.replace("-", "−")


@dataclass(frozen=True)
class StressExample:
    """An example of a hard set with its output.

    Attributes:
        origins: Numbers of the examples of the test set that it is made of, from 0.
        source: Text that was translated.
        hypothesis: Output.
        clean_hypothesis: Output for the test set, with the same replacements; None if there is
            none to compare with.
        references: Expected outputs, if any.
        scores: Score of both outputs, the hard one first; None where there is none.
    """

    origins: tuple[int, ...]
    source: str
    hypothesis: str
    clean_hypothesis: str | None
    references: tuple[str, ...]
    scores: tuple[float, float] | None


@dataclass(frozen=True)
class StressResult:
    """What a model does with one hard set.

    Attributes:
        name: Name as in `evaluation.stress`.
        title: What the sources are, for people.
        made: How the sources and references are made.
        judged: How outputs are judged.
        num_examples: Number of examples; 0 if the test set has none that could be changed.
        num_cut: Number of sources that were cut to the model's length.
        scores: Scores with intervals; none for a set that is judged by its shares alone.
        clean_scores: Scores of the test set on the same examples, judged in the same way.
        changes: Differences between the two, one for each score.
        shares: Shares of examples, such as those whose output stays the same.
        worst: Examples that lose most, the worst first.
    """

    name: str
    title: str
    made: str
    judged: str
    num_examples: int
    num_cut: int = 0
    scores: tuple[Score, ...] = ()
    clean_scores: tuple[Score, ...] = ()
    changes: tuple[Change, ...] = ()
    shares: tuple[Share, ...] = ()
    worst: tuple[StressExample, ...] = ()

    @property
    def same_output(self) -> Share | None:
        """Consistency: the share of examples whose output stays the same."""
        return next((share for share in self.shares if share.name == SAME_OUTPUT), None)

    def to_json(self) -> dict[str, object]:
        """Return JSON values, in the key order that other programs see."""
        shares = [
            {**asdict(share), "rate": share.rate, "confidence_interval": list(share.interval)}
            for share in self.shares
        ]
        scores = {key: [one.to_json() for one in getattr(self, key)] for key in _SCORES}
        return {**asdict(self), **scores, "shares": shares}


_SCORES = ("scores", "clean_scores")
