"""A report or comparison in sentences, each of which follows from numbers on the page."""

from __future__ import annotations

from collections.abc import Sequence

from t5tune.reporting.beside.rendering import find_alarms
from t5tune.reporting.html.charts import best_position, is_lower_better
from t5tune.reporting.reports.leak_sentences import describe_leak
from t5tune.reporting.reports.report import Report
from t5tune.reporting.reports.report_details import ReportDetails
from t5tune.reporting.reports.training_curves import TRAINING_QUANTITIES
from t5tune.scoring.diagnosis.findings import Breakdown, Bucket, Finding, TrainingCurve
from t5tune.scoring.diagnosis.remedies import split_remedy
from t5tune.scoring.registry import format_value
from t5tune.scoring.significance.comparison import ComparedSystem, Comparison


def describe_report(report: Report, details: ReportDetails) -> list[str]:
    """Return the sentences at the head of a report, the most important first."""
    leak = describe_leak(report)
    sentences = [] if leak is None else [leak]
    sentences += find_alarms(report.beside)
    sentences += [_about_score(report), *_about_training_length(report)]
    sentences += [*_about_length_limit(report), *_about_findings(report)]
    for breakdown in report.breakdowns[:1]:
        sentences += _about_breakdown(breakdown)
    validations = [curve for curve in details.curves if curve.name not in TRAINING_QUANTITIES]
    return sentences + [_about_training(curve) for curve in validations[:1]]


def describe_comparison(comparison: Comparison) -> list[str]:
    """Return one sentence for each system besides the baseline, about the first score."""
    return [_about_system(comparison, system) for system in comparison.systems[1:]]


def describe_unseen(findings: Sequence[Finding]) -> list[str]:
    """Return a sentence about faults not found, and one about faults that no example could show."""
    unseen = [
        f"{one.title} (in {one.num_checked})"
        for one in findings
        if one.num_checked and not one.num_found
    ]
    skipped = [one.title for one in findings if not one.num_checked]
    sentences = [f"Looked for and not found: {'; '.join(unseen)}."] if unseen else []
    if skipped:
        sentences.append(f"Not looked for, since no example could show it: {'; '.join(skipped)}.")
    return sentences


def _about_system(comparison: Comparison, system: ComparedSystem) -> str:
    score, difference, tally = system.scores[0], system.differences[0], system.tallies[0]
    low, high = difference.confidence_interval
    return (
        f"{system.name} against {comparison.baseline.name}: {difference.verdict}. {score.name} is "
        f"{score.shown}, a difference of {signed(score.name, difference.value)} (95 % confidence "
        f"interval {signed(score.name, low)} to {signed(score.name, high)}); "
        f"{count(tally.wins, 'example')} better, "
        f"{tally.losses} worse, {tally.ties} tied."
    )


def _about_score(report: Report) -> str:
    score = report.scores[0]
    if score.shown_interval is None:
        return (
            f"{score.name} is {score.shown} on {count(report.num_examples, 'example')}. No "
            "confidence interval was estimated, so this number alone cannot show a difference."
        )
    low, high = score.shown_interval
    return (
        f"{score.name} is {score.shown} on {count(report.num_examples, 'example')}, with a "
        f"95 % confidence interval from {low} to {high}."
    )


def _about_training_length(report: Report) -> list[str]:
    """Yield a sentence about the training length, a possible cause of all faults of the outputs."""
    return [
        f"The model is {finding.title}: {split_remedy(finding.remedy)[1]}. Faults of the outputs "
        "may come from that."
        for finding in report.findings
        if finding.is_notable and not finding.has_examples and finding.remedy is not None
    ]


def _about_length_limit(report: Report) -> list[str]:
    if report.length_limited is None:
        return []
    if report.length_limited == 0:
        return ["No hypothesis stopped at the length limit."]
    share = 100 * report.length_limited / report.num_examples
    return [
        f"{report.length_limited} of {count(report.num_examples, 'hypothesis', 'hypotheses')} "
        f"({share:.1f} %) stopped at the length limit and may be cut off."
    ]


def _about_findings(report: Report) -> list[str]:
    if not report.findings:
        return []
    about_outputs = [finding for finding in report.findings if finding.is_about_outputs]
    notable = [finding.title for finding in about_outputs if finding.is_notable]
    num_checks = count(len(about_outputs), "check")
    if not notable:
        return [f"{num_checks} of the outputs found no fault more often than in good systems."]
    faults = count(len(notable), "fault is", "faults are")
    return [f"{faults} more frequent than in good systems ({num_checks}): {', '.join(notable)}."]


def _about_breakdown(breakdown: Breakdown) -> list[str]:
    """Return the best and the worst of the parts that the page shows, if they differ."""
    scored = [bucket for bucket in breakdown.buckets if bucket.scores]
    if not scored:
        return []
    name = scored[0].scores[0].name
    sign = 1 if is_lower_better(name) else -1
    scored.sort(key=lambda bucket: sign * bucket.scores[0].value)
    best, worst = scored[0], scored[-1]
    if best.scores[0].shown == worst.scores[0].shown:
        return []
    ends = " and worst with ".join(
        f"{bucket.scores[0].shown} for {bucket.label} ({count(bucket.num_examples, 'example')})"
        for bucket in (best, worst)
    )
    caveat = ""
    if _overlap(best, worst):
        caveat = "; their 95 % intervals overlap, so that this may be chance"
    return [f"By {breakdown.title}, {name} is best with {ends}{caveat}."]


def _overlap(one: Bucket, other: Bucket) -> bool:
    """Return whether the intervals of the first scores overlap."""
    first, second = (bucket.scores[0].confidence_interval for bucket in (one, other))
    if first is None or second is None:
        return False
    return first[0] <= second[1] and second[0] <= first[1]


def _about_training(curve: TrainingCurve) -> str:
    if len(curve.steps) == 1:
        only = format_value(curve.name, curve.values[0])
        return f"Validation {curve.name} was {only} at step {curve.steps[0]}."
    best = best_position(curve)
    sentence = (
        f"Validation {curve.name} was best at step {curve.steps[best]} with "
        f"{format_value(curve.name, curve.values[best])}"
    )
    if best == len(curve.steps) - 1:
        return sentence + ", at the last validation: longer training might still improve it."
    return sentence + f"; the last validation was at step {curve.steps[-1]}."


def count(num: int, one: str, many: str | None = None) -> str:
    """Return a number with its noun."""
    return f"{num} {one if num == 1 else many or one + 's'}"


def signed(score_name: str, value: float) -> str:
    """Return a difference of a score with its sign; 0.00 has none."""
    text = format_value(score_name, value, "+")
    return text[1:] if float(text) == 0 else text.replace("-", "−")
