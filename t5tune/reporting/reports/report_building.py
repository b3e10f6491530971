"""From hypotheses to a report: scores with intervals, findings, breakdowns, examples."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.reporting.reports.report import Example, Origin, Report
from t5tune.scoring.compute import OutputScorer
from t5tune.scoring.diagnosis.breakdown import break_down
from t5tune.scoring.diagnosis.diagnose import diagnose
from t5tune.scoring.diagnosis.evidence import Evidence
from t5tune.scoring.diagnosis.findings import Finding
from t5tune.scoring.registry import METRICS, MetricSpec, metric_for_examples
from t5tune.scoring.score import ScoringOptions
from t5tune.scoring.system_output import SystemOutput

_NUM_EXAMPLES_SHOWN = 5


def build_report(
    evidence: Evidence,
    metrics: Sequence[str],
    options: ScoringOptions = ScoringOptions(),
    *,
    origin: Origin = Origin(),
    num_resamples: int = 0,
) -> Report:
    """Score the hypotheses, look for faults, and pick up to five best and five worst examples.

    The first metric with sentence scores ranks the examples, else chrF2++; of equal ones the
    earlier comes first. Fewer than ten examples are divided between the two lists, the best getting
    more. Metrics, at least one, and resamples are those of `score_hypotheses`.

    Raises:
        T5TuneError: As `score_hypotheses` does.
        ValueError: No metric is given.
    """
    if not metrics:
        raise ValueError(f"at least one metric is needed, of {', '.join(METRICS)}")
    scorer = OutputScorer(evidence, options)
    scores = scorer.score(metrics, num_resamples=num_resamples)
    ranking = METRICS[metric_for_examples(metrics)]
    examples = _build_examples(evidence, scorer.score_examples(ranking.name))
    findings = diagnose(evidence)
    best, worst = _pick_examples(examples, ranking)
    return Report(
        run=origin.run,
        split=origin.split,
        engine=origin.engine,
        weights=origin.weights,
        num_examples=len(examples),
        decoding=dict(evidence.decoding),
        scores=tuple(scores),
        length_limited=None if evidence.reached_limit is None else sum(evidence.reached_limit),
        best=best,
        worst=worst,
        example_metric=ranking.main_score,
        findings=findings,
        breakdowns=break_down(
            scorer,
            metrics,
            overlap=evidence.overlap,
            novelty=evidence.novelty,
            num_resamples=num_resamples,
        ),
        found=_examples_of(findings, examples),
        examples=examples,
    )


def _build_examples(output: SystemOutput, values: Sequence[float]) -> tuple[Example, ...]:
    sources: Sequence[str | None] = output.sources or [None] * len(output)
    rows = zip(sources, output.hypotheses, output.references, values, strict=True)
    return tuple(
        Example(index, source, hypothesis, tuple(references), value)
        for index, (source, hypothesis, references, value) in enumerate(rows)
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
    """Return the examples that notable findings name, each once."""
    indices = {i for finding in findings if finding.is_notable for i in finding.examples}
    return tuple(examples[index] for index in sorted(indices))
