"""The metrics: everything that t5tune knows of each, in one table.

A metric is an entry of `METRICS` and a module in `metrics/`, which is imported when the metric is
built: a recipe is validated without sacreBLEU.
"""

from __future__ import annotations

import difflib
import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from t5tune.errors import T5TuneError

if TYPE_CHECKING:
    from t5tune.scoring.score import Metric, ScoringOptions

_MODULES = "t5tune.scoring.metrics"


@dataclass(frozen=True)
class MetricSpec:
    """Properties of a metric, known before it is computed.

    Attributes:
        name: Name in recipes and in `--metric`.
        description: Measured quantity, in a few words.
        scores: Names of its scores as reports print them, in order; a metric of the `evaluate`
            package names its own.
        builder: `module:function` that makes the metric from `ScoringOptions`.
        main_score: Score that stands for the metric where one number is needed (best checkpoint,
            examples); by default the first.
        lower_is_better: Whether a lower score is better.
        ranks_models: Whether it is known of two values which one is better, so that it can choose
            the best checkpoint and compare systems.
        is_computed_here: Whether t5tune computes it itself. External programs may take minutes or
            need their own hardware, so they run for the report only.
        is_slow: Whether it is too slow to be computed for every part of a test set.
        is_percentage: Whether its scores run to 100; the others keep their own scale, near 1.
        needs_sources: Whether it needs the sources.
        takes_tokenizer: Whether the option `tokenize` changes it.
        takes_normalization: Whether the option `normalize` changes it.
        follows_sacrebleu: Whether sacreBLEU has it, so that p-values must equal sacreBLEU's.
        default_of: Tasks that use it where recipes and reports name no metrics.
        untrained: Score at which, or on the worse side of which, nothing was learned yet; None if
            no score shows that.
        hub_id: Name of the metric on the hub, for model cards; by default the score's name.
    """

    name: str
    description: str
    scores: tuple[str, ...]
    builder: str
    main_score: str = ""
    lower_is_better: bool = False
    ranks_models: bool = True
    is_computed_here: bool = True
    is_slow: bool = False
    is_percentage: bool = True
    needs_sources: bool = False
    takes_tokenizer: bool = False
    takes_normalization: bool = False
    follows_sacrebleu: bool = False
    default_of: tuple[str, ...] = ()
    untrained: float | None = None
    hub_id: str | None = None

    def __post_init__(self) -> None:
        if not self.main_score and self.scores:
            object.__setattr__(self, "main_score", self.scores[0])

    def is_better(self, value: float, other: float) -> bool:
        """Return whether the first of two scores is the better one."""
        return value < other if self.lower_is_better else value > other


# In the order of the documentation, of messages and of the JSON schema.
METRICS: dict[str, MetricSpec] = {
    spec.name: spec
    for spec in (
        MetricSpec(
            "bleu",
            "n-gram precision, by sacreBLEU",
            ("BLEU",),
            f"{_MODULES}.sacrebleu_metrics:build_bleu",
            takes_tokenizer=True,
            follows_sacrebleu=True,
            default_of=("translation",),
            untrained=2.0,
            hub_id="bleu",
        ),
        MetricSpec(
            "chrf",
            "character n-grams and word bigrams, by sacreBLEU",
            ("chrF2++",),
            f"{_MODULES}.sacrebleu_metrics:build_chrf",
            follows_sacrebleu=True,
            default_of=("translation",),
            untrained=12.0,  # any text of the right language has 10 or so
            hub_id="chrf",
        ),
        MetricSpec(
            "ter",
            "word edits and shifts, by sacreBLEU",
            ("TER",),
            f"{_MODULES}.sacrebleu_metrics:build_ter",
            lower_is_better=True,
            is_slow=True,  # a hundred times slower than BLEU
            follows_sacrebleu=True,
            untrained=97.0,
            hub_id="ter",
        ),
        MetricSpec(
            "rouge",
            "overlap with reference summaries, by rouge-score",
            ("ROUGE-1", "ROUGE-2", "ROUGE-L", "ROUGE-Lsum"),
            f"{_MODULES}.rouge:RougeScorer",
            main_score="ROUGE-L",
            default_of=("summarization",),
            untrained=3.0,
            hub_id="rouge",
        ),
        MetricSpec(
            "exact_match",
            "share of hypotheses that equal a reference",
            ("exact_match",),
            f"{_MODULES}.answers:ExactMatchScorer",
            takes_normalization=True,
            default_of=("text2text",),
            untrained=1.0,
            hub_id="exact_match",
        ),
        MetricSpec(
            "token_f1",
            "shared tokens, as SQuAD counts them",
            ("token_F1",),
            f"{_MODULES}.answers:TokenF1Scorer",
            default_of=("denoise",),
            untrained=3.0,
            hub_id="f1",
        ),
        MetricSpec(
            "wer",
            "word error rate",
            ("WER",),
            f"{_MODULES}.edit_distance:build_wer",
            lower_is_better=True,
            default_of=("text2text",),
            untrained=97.0,
            hub_id="wer",
        ),
        MetricSpec(
            "cer",
            "character error rate",
            ("CER",),
            f"{_MODULES}.edit_distance:build_cer",
            lower_is_better=True,
            default_of=("text2text",),
            untrained=90.0,
            hub_id="cer",
        ),
        MetricSpec(
            "bleu_intl",
            "BLEU on international tokens, as the T5 paper has it",
            ("BLEU-intl",),
            f"{_MODULES}.bleu_intl:BleuIntlScorer",
            follows_sacrebleu=True,
            untrained=2.0,
        ),
        # The next two describe a text: more variety or length is neither better nor worse.
        MetricSpec(
            "distinct_n",
            "different n-grams per token",
            ("distinct_1", "distinct_2"),
            f"{_MODULES}.distinct:DistinctScorer",
            main_score="distinct_2",
            ranks_models=False,
            is_percentage=False,
            takes_tokenizer=True,
        ),
        MetricSpec(
            "length_ratio",
            "tokens of the hypotheses per token of the references",
            ("length_ratio",),
            f"{_MODULES}.length_ratio:LengthRatioScorer",
            ranks_models=False,
            is_percentage=False,
            takes_tokenizer=True,
        ),
        MetricSpec(
            "comet",
            "a trained judge, by COMET's own program",
            ("COMET",),
            f"{_MODULES}.comet:CometScorer",
            is_computed_here=False,
            is_percentage=False,
            needs_sources=True,
            hub_id="comet",
        ),
    )
}

# Ranks examples and parts of a test set where no requested metric can.
FALLBACK = "chrf"

EVALUATE = "evaluate:"
# A name on the hub, or the path of a script or of its folder, which has a slash at its start or
# after one or two dots.
_HUB_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?"
_SCRIPT_PATH = r"\.{0,2}/[^\s/]([^\n]*\S)?"
EVALUATE_PATTERN = rf"^evaluate:({_HUB_NAME}|{_SCRIPT_PATH})$"


def is_evaluate_metric(metric: str) -> bool:
    """Return whether this is the well-formed name of a metric of the `evaluate` package."""
    return re.fullmatch(EVALUATE_PATTERN, metric) is not None


def is_metric_name(metric: str) -> bool:
    """Return whether a recipe or a command may name this metric, without a look-up."""
    return metric in METRICS or is_evaluate_metric(metric)


def find_metric(metric: str) -> MetricSpec:
    """Return the properties of a metric.

    The `evaluate` package does not state whether higher is better, nor which scores its metrics
    give.

    Raises:
        T5TuneError: There is no metric of this name.
    """
    if is_evaluate_metric(metric):
        return MetricSpec(
            metric,
            "a metric of the `evaluate` package",
            (),
            f"{_MODULES}.evaluate_metrics:EvaluateScorer",
            ranks_models=False,
            is_computed_here=False,
            is_percentage=False,
        )
    if metric not in METRICS:
        nearest = difflib.get_close_matches(metric.lower(), METRICS, n=1)
        known = (*METRICS, f"{EVALUATE}NAME")
        hint = f"did you mean {nearest[0]!r}" if nearest else f"there are {', '.join(known)}"
        raise T5TuneError(
            f"There is no metric {metric!r}; {hint}.", next_command="t5tune score --help"
        )
    return METRICS[metric]


def build_metric(metric: str, options: ScoringOptions) -> Metric:
    """Return the metric of this name, ready to be applied.

    Raises:
        T5TuneError: The metric does not exist, or the options need what is not installed.
    """
    builder: Callable[..., Metric] = pkgutil.resolve_name(find_metric(metric).builder)
    return builder(metric, options) if is_evaluate_metric(metric) else builder(options)


def ranks_models(metric: str) -> bool:
    """Return whether it is known which of two values of this metric is better."""
    return is_metric_name(metric) and find_metric(metric).ranks_models


def is_computed_here(metric: str) -> bool:
    """Return whether this is a metric that t5tune computes itself."""
    return is_metric_name(metric) and find_metric(metric).is_computed_here


def default_metrics(task: str) -> tuple[str, ...]:
    """Return the metrics of a task's report where the recipe names none."""
    return tuple(name for name, spec in METRICS.items() if task in spec.default_of)


def metric_for_examples(metrics: Iterable[str]) -> str:
    """Return the first metric that can tell good examples from bad ones, or `FALLBACK`."""
    return next(filter(ranks_models, metrics), FALLBACK)


def metric_for_parts(metrics: Sequence[str]) -> str:
    """Return the first metric that costs little for every part of a test set.

    External programs and foreign code are excluded; a slow metric is the last resort.
    """
    own = list(filter(is_computed_here, metrics)) or [FALLBACK]
    return next((name for name in own if not METRICS[name].is_slow), own[0])


def metrics_of_validation(metrics: Iterable[str], best_metric: str) -> list[str]:
    """Return which of a recipe's metrics are computed at each validation.

    External metrics wait for the report, unless one selects the best checkpoint.
    """
    return [name for name in metrics if is_computed_here(name) or name == best_metric]


def metric_of_score(score_name: str) -> MetricSpec | None:
    """Return the metric that gives a score of this name; None for a metric of `evaluate`."""
    return next((spec for spec in METRICS.values() if score_name in spec.scores), None)


def is_lower_better(score_name: str) -> bool:
    """Return whether a lower score of this name is better."""
    spec = metric_of_score(score_name)
    return spec is not None and spec.lower_is_better


def format_value(score_name: str, value: float, sign: str = "") -> str:
    """Return a value for people: percentages with two decimals, other scales with four."""
    spec = metric_of_score(score_name)
    is_percentage = spec.is_percentage if spec else not score_name.startswith(EVALUATE)
    return f"{value:{sign}.2f}" if is_percentage else f"{value:{sign}.4f}"


def metrics_with(option: Literal["tokenize", "normalize"]) -> list[str]:
    """Return the metrics that an option changes."""
    if option == "tokenize":
        return [name for name, spec in METRICS.items() if spec.takes_tokenizer]
    return [name for name, spec in METRICS.items() if spec.takes_normalization]


def name_metrics_with(option: Literal["tokenize", "normalize"]) -> str:
    """Return the metrics that an option changes, as a sentence names them."""
    *others, last = metrics_with(option)
    return " and ".join([", ".join(others), last] if others else [last])
