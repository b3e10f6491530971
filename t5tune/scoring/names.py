"""Names of metrics (as a recipe writes them) and of their scores (as a report prints them)."""

from __future__ import annotations

METRIC_NAMES: tuple[str, ...] = (
    "bleu",
    "chrf",
    "ter",
    "rouge",
    "exact_match",
    "token_f1",
    "wer",
    "cer",
)

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
}

LOWER_IS_BETTER: frozenset[str] = frozenset({"ter", "wer", "cer"})
