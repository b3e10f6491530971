"""Names of metrics (as a recipe writes them) and of their scores (as a report prints them)."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What t5tune computes by itself, in the order of the documentation.
METRIC_NAMES: tuple[str, ...] = (
    "bleu",
    "chrf",
    "ter",
    "rouge",
    "exact_match",
    "token_f1",
    "wer",
    "cer",
    "bleu_intl",
    "distinct_n",
    "length_ratio",
)

# What COMET's own program computes, wherever it is installed.
COMET = "comet"

# The score that stands for the metric where one number is needed (best checkpoint, examples).
SCORE_OF_METRIC: dict[str, str] = {
    "bleu": "BLEU",
    "chrf": "chrF2++",
    "ter": "TER",
    "rouge": "ROUGE-L",
    "exact_match": "exact_match",
    "token_f1": "token_F1",
    "wer": "WER",
    "cer": "CER",
    "bleu_intl": "BLEU-intl",
    "distinct_n": "distinct_2",
    "length_ratio": "length_ratio",
    "comet": "COMET",
}

LOWER_IS_BETTER: frozenset[str] = frozenset({"ter", "wer", "cer"})

# They describe a text: more variety or more length is neither better nor worse.
_DESCRIPTIONS: frozenset[str] = frozenset({"distinct_n", "length_ratio"})

EVALUATE = "evaluate:"
# A name on the hub, or the path of a script or of its folder, which has a slash at its start or
# after one or two dots.
_HUB_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*(/[A-Za-z0-9][A-Za-z0-9_.-]*)?"
_SCRIPT_PATH = r"\.{0,2}/[^\s/]([^\n]*\S)?"
EVALUATE_PATTERN = rf"^evaluate:({_HUB_NAME}|{_SCRIPT_PATH})$"


def is_evaluate_metric(metric: str) -> bool:
    """Whether this is the well-formed name of a metric of the `evaluate` package."""
    return re.fullmatch(EVALUATE_PATTERN, metric) is not None


def is_metric_name(metric: str) -> bool:
    """Whether a recipe or a command may name this metric; nothing is looked up."""
    return metric in SCORE_OF_METRIC or is_evaluate_metric(metric)


def ranks_models(metric: str) -> bool:
    """Whether it is known of two values which one is better.

    The `evaluate` package does not say it of its metrics.
    """
    return metric in SCORE_OF_METRIC and metric not in _DESCRIPTIONS


def metric_for_examples(metrics: Sequence[str]) -> str:
    """The first metric that can tell good examples from bad ones, or chrF where none can."""
    return next(filter(ranks_models, metrics), "chrf")


def metrics_of_validation(metrics: Sequence[str], best_metric: str) -> list[str]:
    """Which of a recipe's metrics are computed at each validation.

    Programs of others (COMET, scripts of `evaluate`) may take minutes or need hardware of their
    own, so they wait for the report, unless one of them chooses the best checkpoint.
    """
    return [name for name in metrics if name in METRIC_NAMES or name == best_metric]


def format_value(score_name: str, value: float, sign: str = "") -> str:
    """A value for people: percentages with two decimals, scores on other scales with four."""
    own_scale = score_name.startswith((EVALUATE, "distinct_")) or score_name in (
        SCORE_OF_METRIC["length_ratio"],
        SCORE_OF_METRIC[COMET],
    )
    return f"{value:{sign}.4f}" if own_scale else f"{value:{sign}.2f}"
