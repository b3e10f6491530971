"""`t5tune.score`: texts compared with references, without a model."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.console import say, track
from t5tune.errors import T5TuneError
from t5tune.reporting.given_texts import (
    References,
    Texts,
    check_sizes,
    read_references,
    read_texts,
)
from t5tune.reporting.reports.report import Report
from t5tune.reporting.reports.report_building import build_report
from t5tune.scoring.compute import DEFAULT_NUM_RESAMPLES
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.metrics.evaluate_loading import check_code_allowed
from t5tune.scoring.registry import default_metrics, metrics_with, name_metrics_with
from t5tune.scoring.score import Normalization, ScoringOptions


def score(
    hypotheses: Texts,
    references: References,
    *,
    metrics: Sequence[str] | None = None,
    sources: Texts | None = None,
    tokenize: str | None = None,
    lowercase: bool = False,
    normalize: Normalization = "none",
    target_lang: str | None = None,
    allow_code: bool = False,
) -> Report:
    """Score hypotheses against one or more references each, as `t5tune score` does.

    Args:
        hypotheses: File with one hypothesis per line, or texts.
        references: File with one reference per line, or texts. For several references each: a
            list of `Path`, one per file, or a list of lists, one per example.
        metrics: `bleu`, `chrf`, `ter`, `rouge`, `exact_match`, `token_f1`, `wer`, `cer`,
            `bleu_intl`, `distinct_n`, `length_ratio`, `comet` or `evaluate:NAME`; None means
            `bleu` and `chrf`.
        sources: File or texts, for the metrics that need sources (`comet`).
        tokenize: sacreBLEU tokenizer for `bleu`, `distinct_n` and `length_ratio`; None means the
            one for `target_lang`, else `13a`.
        lowercase: Whether to ignore case.
        normalize: Normalization for `exact_match`: `squad` ignores case, punctuation and English
            articles.
        target_lang: Language of the hypotheses, such as `de`; selects tokenizers.
        allow_code: Whether metrics named `evaluate:NAME` may run Python code from the hub.

    Returns:
        Scores with signatures and 95% intervals, findings, and the best and worst examples.

    Raises:
        T5TuneError: A file cannot be read, numbers of texts differ, or a metric cannot be computed.
    """
    metrics = metrics or default_metrics("translation")
    check_options(metrics, tokenize, normalize)
    check_code_allowed(metrics, allow_code=allow_code)
    outputs, columns = read_texts(hypotheses, "hypotheses"), read_references(references)
    check_sizes(outputs, columns)
    rows = list(zip(*(column.texts for column in columns), strict=True))
    inputs = None
    if sources is not None:
        inputs = read_texts(sources, "sources")
        check_sizes(outputs, [inputs])
    if "rouge" in metrics and target_lang is None:
        _warn_about_lost_letters(rows)
    with track("scoring"):
        return build_report(
            Evidence(
                outputs.texts,
                rows,
                None if inputs is None else inputs.texts,
                target_lang=target_lang,
            ),
            metrics,
            ScoringOptions(tokenize, lowercase, target_lang, normalize, allow_code),
            num_resamples=DEFAULT_NUM_RESAMPLES,
        )


def check_options(metrics: Sequence[str], tokenize: str | None, normalize: str) -> None:
    """Refuse an option that no chosen metric uses.

    Raises:
        T5TuneError: No chosen metric uses the option; the next command names one that does.
    """
    if tokenize is not None and not set(metrics_with("tokenize")) & set(metrics):
        raise T5TuneError(
            f"--tokenize changes {name_metrics_with('tokenize')} only, and none of them is among "
            "the metrics.",
            next_command=f"add --metric {metrics_with('tokenize')[0]} or leave --tokenize out",
        )
    if normalize != "none" and not set(metrics_with("normalize")) & set(metrics):
        raise T5TuneError(
            f"--normalize changes {name_metrics_with('normalize')} only, and it is not among the "
            "metrics.",
            next_command=f"add --metric {metrics_with('normalize')[0]} or leave --normalize out",
        )


def _warn_about_lost_letters(references: Sequence[Sequence[str]]) -> None:
    from t5tune.scoring.metrics.rouge import loses_letters

    if loses_letters(references):
        say(
            "Warning: ROUGE's English tokenizer deletes letters outside a-z, and the references "
            "have many; name the language with --target-lang."
        )
