"""From hypotheses to a report: scores with intervals, findings, breakdowns, examples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from t5tune.reporting.report import Example, Report
from t5tune.scoring.compute import score_hypotheses, sentence_scores
from t5tune.scoring.diagnosis.breakdown import break_down
from t5tune.scoring.diagnosis.diagnose import diagnose
from t5tune.scoring.diagnosis.findings import Finding
from t5tune.scoring.diagnosis.trained_run import TrainedRun
from t5tune.scoring.registry import METRICS, MetricSpec, metric_for_examples
from t5tune.scoring.score import Normalization

_NUM_EXAMPLES_SHOWN = 5


class Overlap(Protocol):
    """What a test set has in common with the training data, one entry an example."""

    @property
    def rarest_word_counts(self) -> Sequence[int | None]: ...

    @property
    def agreement(self) -> Sequence[str]: ...


def build_report(
    hypotheses: Sequence[str],
    references: Sequence[Sequence[str]],
    metrics: Sequence[str],
    *,
    sources: Sequence[str] | None = None,
    run: str | None = None,
    split: str | None = None,
    engine: str | None = None,
    weights: str | None = None,
    decoding: Mapping[str, object] | None = None,
    reached_limit: Sequence[bool] | None = None,
    overlap: Overlap | None = None,
    tokenize: str | None = None,
    lowercase: bool = False,
    source_lang: str | None = None,
    target_lang: str | None = None,
    task: str | None = None,
    normalize: Normalization = "none",
    allow_code: bool = False,
    num_resamples: int = 0,
    trained: TrainedRun | None = None,
) -> Report:
    """Score the hypotheses, look for faults, and pick up to five best and five worst examples.

    The first metric that can ranks the examples by its sentence score, chrF2++ where none can; of
    equal ones the earlier comes first. With fewer than ten examples the two lists share them
    out, the best getting more.

    Args:
        hypotheses: One text per example.
        references: `references[i]` are those of example i.
        metrics: As in `score_hypotheses`, at least one.
        sources: Input texts, if known.
        run: Name of the run.
        split: Name of the data split.
        engine: What decoded the text.
        weights: Which weights of its training the model has.
        decoding: Generation settings by their Hugging Face names, as JSON values.
        reached_limit: Whether each hypothesis stopped at the length limit.
        overlap: Of the test set with the training data.
        tokenize: As in `score_hypotheses`.
        lowercase: As in `score_hypotheses`.
        source_lang: Language code of the sources, for the findings.
        target_lang: As in `score_hypotheses`.
        task: As in a recipe, for the findings.
        normalize: As in `score_hypotheses`.
        allow_code: As in `score_hypotheses`.
        num_resamples: As in `score_hypotheses`.
        trained: The run whose model wrote the hypotheses, for the findings.

    Raises:
        T5TuneError: As `score_hypotheses` does.
        ValueError: No metric is given, or the number of sources differs.
    """
    if not metrics:
        raise ValueError(f"at least one metric is needed, of {', '.join(METRICS)}")
    if sources is not None and len(sources) != len(hypotheses):
        raise ValueError(f"{len(sources)} sources for {len(hypotheses)} hypotheses")
    scores = score_hypotheses(
        metrics, hypotheses, references, tokenize=tokenize, lowercase=lowercase,
        target_lang=target_lang, normalize=normalize, sources=sources, allow_code=allow_code,
        num_resamples=num_resamples,
    )  # fmt: skip
    ranking = METRICS[metric_for_examples(metrics)]
    values = sentence_scores(
        ranking.name, hypotheses, references, tokenize=tokenize, lowercase=lowercase,
        target_lang=target_lang, normalize=normalize, sources=sources,
    )  # fmt: skip
    examples = tuple(
        Example(index, sources[index] if sources else None, hypothesis, tuple(of_one), value)
        for index, (hypothesis, of_one, value) in enumerate(
            zip(hypotheses, references, values, strict=True)
        )
    )
    findings = diagnose(
        hypotheses, references, sources=sources, reached_limit=reached_limit,
        source_lang=source_lang, target_lang=target_lang, decoding=decoding, task=task,
        run=trained,
    )  # fmt: skip
    breakdowns = break_down(
        hypotheses, references, metrics, sources=sources,
        rarest_word_counts=overlap.rarest_word_counts if overlap else None,
        agreement=overlap.agreement if overlap else None,
        tokenize=tokenize, lowercase=lowercase, target_lang=target_lang, normalize=normalize,
        num_resamples=num_resamples,
    )  # fmt: skip
    best, worst = _pick_examples(examples, ranking)
    return Report(
        run=run,
        split=split,
        num_examples=len(hypotheses),
        engine=engine,
        decoding=dict(decoding or {}),
        scores=tuple(scores),
        length_limited=None if reached_limit is None else sum(reached_limit),
        best=best,
        worst=worst,
        example_metric=ranking.main_score,
        weights=weights,
        findings=findings,
        breakdowns=breakdowns,
        found=_examples_of(findings, examples),
        examples=examples,
    )


def _pick_examples(
    examples: Sequence[Example], metric: MetricSpec
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    sign = 1.0 if metric.lower_is_better else -1.0
    best_first = sorted(examples, key=lambda example: (sign * example.score, example.index))
    num_best = min(_NUM_EXAMPLES_SHOWN, (len(examples) + 1) // 2)
    worst_first = sorted(
        best_first[num_best:], key=lambda example: (-sign * example.score, example.index)
    )
    return tuple(best_first[:num_best]), tuple(worst_first[:_NUM_EXAMPLES_SHOWN])


def _examples_of(findings: Sequence[Finding], examples: Sequence[Example]) -> tuple[Example, ...]:
    """The examples that notable findings name, each once."""
    indices = {i for finding in findings if finding.is_notable for i in finding.examples}
    return tuple(examples[index] for index in sorted(indices))
